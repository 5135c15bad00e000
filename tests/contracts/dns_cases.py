"""What DNS records are planned from in contract tests: every account, and what only records tell of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from app.core.dns_planning import plan_records
from app.core.mail_transport import MtaSts, StsMode, TlsReporting
from app.core.servers import LdapOptions, Server, ServerType, SocketType
from app.core.service_names import PublicService

from builders import a_pop3_server, a_url_server, an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.dns_records import PlannedRecords

SERVICE = PublicService(url="https://signpost.provider.example")
# Of an empty document; any digest would do.
PACC_TXT = "v=UAAC1; a=sha256; d=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


# Of an empty object.
OTHER_PACC_TXT = "v=UAAC1; a=sha256; d=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="


@dataclass(frozen=True)
class DnsCase:
    account: AccountSettings
    service: PublicService = SERVICE
    pacc_txts: tuple[str, ...] = ()

    def planned(self) -> PlannedRecords:
        return plan_records(self.account, self.service, self.pacc_txts)


def a_socket(server_type: ServerType, port: int, socket_type: SocketType, **more: object) -> Server:
    return an_imap_server(
        key=f"{server_type}-{port}",
        type=server_type,
        hostname=f"{server_type}.provider.example",
        port=port,
        socket_type=socket_type,
        **more,
    )


def everything() -> AccountSettings:
    """Every label that there is, a text longer than one string, and a name with two types."""
    account = an_account(
        an_imap_server(),
        an_imap_server(key="imap-starttls", port=143, socket_type=SocketType.STARTTLS),
        an_imap_server(key="pop3", type=ServerType.POP3, port=995),
        an_imap_server(key="pop3-starttls", type=ServerType.POP3, port=110, socket_type=SocketType.STARTTLS),
        an_smtp_server(),
        an_smtp_server(key="smtp-starttls", port=587, socket_type=SocketType.STARTTLS),
        a_socket(ServerType.MANAGESIEVE, 4190, SocketType.STARTTLS),
        a_socket(ServerType.LDAP, 636, SocketType.TLS, options=LdapOptions(search_base="dc=example")),
        a_socket(ServerType.LDAP, 389, SocketType.STARTTLS),
        a_socket(ServerType.XMPP, 5223, SocketType.TLS),
        a_socket(ServerType.XMPP, 5222, SocketType.STARTTLS),
        a_url_server(ServerType.CALDAV, url="https://dav.provider.example/cal/"),
        a_url_server(ServerType.CALDAV, key="caldav-http", url="http://dav.provider.example:8008/cal/"),
        a_url_server(ServerType.CARDDAV, url="https://dav.provider.example:8443/cards/"),
        a_url_server(ServerType.CARDDAV, key="carddav-http", url="http://dav.provider.example/cards/"),
        a_url_server(ServerType.JMAP, url="https://jmap.provider.example/session"),
        a_url_server(ServerType.MATRIX),
    )
    return replace(account, mta_sts=POLICY, tls_reporting=REPORTING)


POLICY = MtaSts(mode=StsMode.ENFORCE, mx=("mx1.provider.example", "*.mx.provider.example"))
REPORTING = TlsReporting(
    uris=tuple(f"https://reports.provider.example/{'tls' * 25}/{number}" for number in range(4))
)
CASES: dict[str, DnsCase] = {
    **{name: DnsCase(account) for name, account in ACCOUNTS.items()},
    "everything": DnsCase(everything(), pacc_txts=(PACC_TXT,)),
    "addresses": DnsCase(
        everything(),
        PublicService(
            url="https://signpost.provider.example",
            addresses=tuple(map(ip_address, ("192.0.2.1", "192.0.2.2", "2001:db8::1"))),
        ),
        (PACC_TXT,),
    ),
    "plain-imap": DnsCase(
        an_account(an_imap_server(port=143, socket_type=SocketType.PLAIN), a_pop3_server(), an_smtp_server())
    ),
    "service-without-host": DnsCase(ACCOUNTS["minimal"], PublicService(url="http://127.0.0.1:8080")),
    "idn-protected": DnsCase(
        replace(ACCOUNTS["idn"], mta_sts=POLICY, tls_reporting=TlsReporting(uris=("mailto:tls@p.example",))),
        PublicService(url="https://signpost.xn--kln-sna.example"),
        (PACC_TXT, OTHER_PACC_TXT),
    ),
}
