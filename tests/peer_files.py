"""Files of other programs, in the forms that their own documentation and sources have.

automx: sys4/automx 1.1.1, automx.conf(5). Monogramm: autodiscover-email-settings 1.4.0, settings.js and its
docker-compose.yml. mailcow: mailcow-dockerized of August 2026, generate_config.sh and the examples of its
API's description. Stalwart: config.toml of 0.9 to 0.15, settings and principals as its API of 0.15 lists
them, a plan of stalwart-cli for 0.16. Postfix: postmap(1) and main.cf(5). iRedMail: its table ``domain``
as ``mysql --batch`` writes it. PowerDNS: its table ``domains``, written in the same way.
"""

from __future__ import annotations

import json
from typing import Any

AUTOMX = """
[automx]
provider = provider.example
domains = one.example, two.example, three.example
# debug = yes
memcache = 127.0.0.1:11211

[DEFAULT]
account_type = email
account_name = Example Incorporated
account_name_short = Example Inc.

[global]
backend = static
action = settings

smtp = yes
smtp_server = smtp.provider.example
smtp_port = 587
smtp_encryption = starttls
smtp_auth = plaintext
smtp_auth_identity = %s
smtp_default = yes

imap = yes
imap_server = imap.provider.example
imap_port = 993
imap_encryption = ssl
imap_auth = plaintext
imap_auth_identity = %s

pop = no
pop_server = pop.provider.example
pop_port = 110
pop_encryption = none
pop_auth = plaintext

[one.example]
backend = global

[three.example]
backend = static_append
imap = yes
imap_server = mail.%d
imap_port = 143
imap_encryption = starttls
imap_auth = encrypted
follow = global
"""

MONOGRAMM = """
# .env
COMPANY_NAME="Example Company"
SUPPORT_URL=https://help.company.example
DOMAIN=company.example
IMAP_HOST=imap.company.example   # for everybody
IMAP_PORT=993
IMAP_SOCKET=SSL
SMTP_HOST=smtp.company.example
SMTP_PORT=587
SMTP_SOCKET=STARTTLS
"""

MONOGRAMM_COMPOSE = """
services:
  autodiscover:
    image: monogramm/autodiscover-email-settings:latest
    environment:
      - COMPANY_NAME=Example Company
      - SUPPORT_URL=https://help.company.example
      - DOMAIN=company.example
      - "IMAP_HOST=imap.company.example"
      - IMAP_PORT=993
      - IMAP_SOCKET=SSL
      - SMTP_HOST=smtp.company.example
      - SMTP_PORT=587
      - SMTP_SOCKET=STARTTLS
    labels:
      - "traefik.port=8000"
"""

MAILCOW = """
# mailcow web ui configuration
MAILCOW_HOSTNAME=mail.cow.example
DBNAME=mailcow
DBPASS=not-to-be-read
HTTP_PORT=80
HTTPS_PORT=443
HTTPS_BIND=
SMTP_PORT=25
SMTPS_PORT=465
SUBMISSION_PORT=587
IMAP_PORT=143
IMAPS_PORT=993
POP_PORT=127.0.0.1:110
POPS_PORT=995
SIEVE_PORT=4190
SQL_PORT=127.0.0.1:13306
ADDITIONAL_SERVER_NAMES=
SKIP_SOGO=n
"""

MAILCOW_DOMAINS: list[dict[str, Any]] = [
    {"active": "1", "backupmx": "0", "domain_name": "one.example", "description": "x", "tags": ["a"]},
    {"active": "0", "backupmx": "0", "domain_name": "off.example"},
    {"active": "1", "backupmx": "1", "domain_name": "relayed.example"},
]
MAILCOW_ALIASES = [{"alias_domain": "alias.example", "target_domain": "one.example", "active": "1"}]

STALWART_TOML = """
[server]
hostname = "mail.wart.example"

[server.listener."smtp"]
bind = ["[::]:25"]
protocol = "smtp"

[server.listener."submission"]
bind = ["[::]:587"]
protocol = "smtp"

[server.listener."submissions"]
bind = ["[::]:465"]
protocol = "smtp"
tls.implicit = true

[server.listener."imaptls"]
bind = ["[::]:993"]
protocol = "imap"
tls.implicit = true

[server.listener.pop3]
bind = "127.0.0.1:110"
protocol = "pop3"

[server.listener."sieve"]
bind = ["[::]:4190"]
protocol = "managesieve"

[server.listener."https"]
protocol = "http"
bind = ["[::]:443"]
tls.implicit = true

[authentication.fallback-admin]
secret = "%{env:ADMIN_SECRET}%"
"""

STALWART_SETTINGS = {
    "server.hostname": "mail.wart.example",
    "server.listener.imaptls.bind.0000": "[::]:993",
    "server.listener.imaptls.protocol": "imap",
    "server.listener.imaptls.tls.implicit": "true",
    "server.listener.submissions.bind": "[::]:465",
    "server.listener.submissions.protocol": "smtp",
    "server.listener.submissions.tls.implicit": "true",
}
STALWART_PRINCIPALS = [
    {"type": "domain", "name": "one.example", "description": None},
    {"type": "individual", "name": "jane", "emails": ["jane@one.example"]},
]


def a_listener(name: str, protocol: str, port: int, *, tls: bool) -> dict[str, Any]:
    return {"name": name, "protocol": protocol, "bind": {f"[::]:{port}": True}, "tlsImplicit": tls}


STALWART_PLAN: list[dict[str, Any]] = [
    {"@type": "destroy", "object": "Domain"},
    {
        "@type": "create",
        "object": "Domain",
        "value": {
            "domain-b": {"name": "one.example", "isEnabled": True, "aliases": {"alias.example": True}},
            "domain-c": {"name": "off.example", "isEnabled": False, "aliases": {}},
        },
    },
    {
        "@type": "create",
        "object": "NetworkListener",
        "value": {
            "a": a_listener("imap", "imap", 143, tls=False),
            "b": a_listener("imaps", "imap", 993, tls=True),
            "c": a_listener("smtp", "smtp", 25, tls=False),
            "d": a_listener("submissions", "smtp", 465, tls=True),
            "e": a_listener("sieve", "manageSieve", 4190, tls=False),
            "f": a_listener("https", "http", 443, tls=True),
        },
    },
    {
        "@type": "update",
        "object": "SystemSettings",
        "value": {
            "defaultHostname": "mail.wart.example",
            "services": {
                "imap": {"hostname": None, "cleartext": False},
                "smtp": {"hostname": "submit.wart.example", "cleartext": False},
                "managesieve": {"cleartext": False},
                "caldav": {"cleartext": False},
            },
        },
    },
]

POSTFIX_MAP = """
# /etc/postfix/virtual_domains
one.example    OK
two.example\tanything at all
   that goes on here
/.*/           OK
"""
POSTFIX_MAIN = """
myhostname.example
virtual_mailbox_domains = one.example, two.example
    three.example, hash:/etc/postfix/more
"""
IREDMAIL_TABLE = """domain\tbackupmx\tactive\tdescription
one.example\t0\t1\tNULL
off.example\t0\t0\tNULL
relayed.example\t1\t1\tNULL
"""
# What its client writes of the table "domains".
POWERDNS_TABLE = """id\tname\tmaster\ttype
1\tone.example\tNULL\tMASTER
2\ttwo.example\tNULL\tNATIVE
"""


def in_json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def in_lines(values: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(value)}\n" for value in values).encode()


BY_PEER = {
    "automx": AUTOMX.encode(),
    "monogramm": MONOGRAMM.encode(),
    "mailcow": MAILCOW.encode(),
    "stalwart": STALWART_TOML.encode(),
}
LISTS = {
    "map": POSTFIX_MAP.encode(),
    "table": IREDMAIL_TABLE.encode(),
    "json": in_json(MAILCOW_DOMAINS),
}
