"""What discovery is tested with: a domain's hosts, the documents that they have, and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.candidates import Candidate, Discovery, Subject
from app.core.documents import Presentation
from app.core.names import DomainName, EmailAddress
from app.core.public_suffixes import PublicSuffixes
from app.discovery.fetching import WebReader
from app.discovery.running import discover
from app.discovery.source import Means
from app.renderers import FORMATS_BY_NAME

from builders import an_account, an_imap_server, an_smtp_server
from web_hosts import Answer, WebHosts, verifier

if TYPE_CHECKING:
    from app.core.dns_lookups import Lookup
    from app.net.resolver import Resolver

DOMAIN = "customer.example"
JANE = Subject(DomainName.parse(DOMAIN), EmailAddress.parse(f"jane.doe@{DOMAIN}"))
WHOLE = Subject(DomainName.parse(DOMAIN))
NAMES = (
    DOMAIN, f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}", f"ua-auto-config.{DOMAIN}", "ispdb.example",
    "autoconfig.provider.example", "autoconfig.mx.provider.example", "autodiscover.provider.example",
    "provider.example",
)  # fmt: skip
SUFFIXES = PublicSuffixes.parse("example\nco.uk\nuk\n*.ck\n!www.ck\n")
AUTOCONFIG = f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
AUTOCONFIG_PLAIN = f"http://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
WELL_KNOWN = f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml"
WELL_KNOWN_PLAIN = f"http://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml"
PACC = f"https://ua-auto-config.{DOMAIN}/.well-known/user-agent-configuration.json"
POX_ROOT = f"https://{DOMAIN}/autodiscover/autodiscover.xml"
POX_HOST = f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml"
POX_PLAIN = f"http://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml"
POX_ELSEWHERE = "https://autodiscover.provider.example/autodiscover/autodiscover.xml"
VERSION_2 = f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.json"


def a_document(format_name: str = "autoconfig", host: str = "mail") -> Answer:
    """Make what a host of this name would be listed by, in a format."""
    name = f"{host}.provider.example"
    account = an_account(an_imap_server(hostname=name), an_smtp_server(hostname=name))
    document = FORMATS_BY_NAME[format_name].render(account, Presentation())
    return Answer(document.body, media_type=document.media_type)


def means_for(hosts: WebHosts, *answers: Lookup, **changes: Any) -> Means:
    resolver: Resolver = changes.pop("resolver", None) or hosts.resolver(*answers)
    dialer = changes.pop("dialer", None) or hosts.dialer()
    web = WebReader(dialer, resolver, verifier())
    return Means(web=web, resolver=resolver, **{"suffixes": SUFFIXES, "deadline_seconds": 20.0, **changes})


async def found_by(hosts: WebHosts, *answers: Lookup, subject: Subject = JANE, **changes: Any) -> Discovery:
    return await discover(subject, means_for(hosts, *answers, **changes))


def one_of(discovery: Discovery, source: str) -> Candidate:
    """Return a source's first candidate."""
    return next(candidate for candidate in discovery.candidates if candidate.source == source)


def hosts_in(candidate: Candidate) -> list[str | None]:
    return [server.hostname for server in candidate.servers]
