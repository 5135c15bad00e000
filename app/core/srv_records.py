"""Where a domain's servers are, as SRV and TXT records, and which of them records cannot say.

Mail: RFC 6186, with the labels for TLS from the first byte that RFC 8314 prefers. ManageSieve: RFC 5804
§1.8. DAV: RFC 6764. JMAP: RFC 8620 §2.2. XMPP: RFC 6120 §3.2.1 and XEP-0368. A client that reads these
logs in with the address, or its local part where that fails (RFC 6186 §4), so a server with any other
user name is left out: mail clients that find records look no further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from app.core import placeholders
from app.core.account import Omission
from app.core.dns_records import CLOSED, MAX_STRING_OCTETS, DnsRecord, RecordData, SrvData, TxtData
from app.core.errors import InvalidInput
from app.core.mail_choice import choose_mail, imap_missing, is_universal, misleads, with_names
from app.core.names import DomainName, EmailAddress
from app.core.servers import Server, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.core.account import AccountSettings

WEIGHT: Final = 1

# Lower is preferred, also between protocols (RFC 6186 §3.4): IMAP before POP3, TLS before STARTTLS.
_MAIL: Final = {
    ServerType.IMAP: ((SocketType.TLS, "_imaps", 0), (SocketType.STARTTLS, "_imap", 10)),
    ServerType.POP3: ((SocketType.TLS, "_pop3s", 20), (SocketType.STARTTLS, "_pop3", 30)),
    ServerType.SMTP: ((SocketType.TLS, "_submissions", 0), (SocketType.STARTTLS, "_submission", 10)),
}
_SOCKETS: Final = {
    ServerType.MANAGESIEVE: {SocketType.STARTTLS: "_sieve"},
    ServerType.LDAP: {SocketType.TLS: "_ldaps", SocketType.STARTTLS: "_ldap"},
    ServerType.XMPP: {SocketType.TLS: "_xmpps-client", SocketType.STARTTLS: "_xmpp-client"},
}
_URLS: Final = {
    ServerType.CALDAV: {"https": ("_caldavs", 443), "http": ("_caldav", 80)},
    ServerType.CARDDAV: {"https": ("_carddavs", 443), "http": ("_carddav", 80)},
    ServerType.JMAP: {"https": ("_jmap", 443)},
}
_FOUND_OTHERWISE: Final = frozenset({
    ServerType.EWS, ServerType.OWA, ServerType.MAPI, ServerType.ACTIVESYNC, ServerType.EXCHANGE,
})  # fmt: skip
"""Autodiscover tells of these; its own names are records."""

_NAMES: Final = {
    "_imaps": "IMAP, TLS from the first byte (RFC 8314)",
    "_imap": "IMAP with STARTTLS (RFC 6186)",
    "_pop3s": "POP3, TLS from the first byte (RFC 8314)",
    "_pop3": "POP3 with STARTTLS (RFC 6186)",
    "_submissions": "Submission of mail, TLS from the first byte (RFC 8314)",
    "_submission": "Submission of mail with STARTTLS (RFC 6186)",
    "_sieve": "ManageSieve (RFC 5804)",
    "_ldaps": "Directory, TLS from the first byte",
    "_ldap": "Directory with STARTTLS",
    "_xmpps-client": "Chat, TLS from the first byte (XEP-0368)",
    "_xmpp-client": "Chat with STARTTLS (RFC 6120)",
    "_caldavs": "Calendars over https (RFC 6764)",
    "_caldav": "Calendars over http (RFC 6764)",
    "_carddavs": "Contacts over https (RFC 6764)",
    "_carddav": "Contacts over http (RFC 6764)",
    "_jmap": "JMAP; the host answers /.well-known/jmap (RFC 8620)",
}
_DETAILS: Final = {
    "plain-socket": "SRV records promise TLS: clients do not connect without it.",
    "socket-type-not-in-records": "No SRV label says TLS from the first byte for servers of this type.",
    "authentication-unknown": "A client would find none of OAuth2, password-cleartext and "
    "password-encrypted.",
    "username-not-in-records": "Clients that read SRV records log in with the address or its local part.",
    "host-not-in-records": "The target of an SRV record is a full host name, the same for all mailboxes; "
    "not an address and not a single label.",
    "host-is-alias": "The target of an SRV record must not be an alias (RFC 2782), which this host name is.",
    "url-not-in-records": "SRV and TXT records can say a host, a port and a path of up to "
    f"{MAX_STRING_OCTETS - len('path=')} characters, the same for all mailboxes; no query.",
    "further-server": "One server a label is published; this is another one.",
    "no-record-type": "There is no DNS record for servers of this type.",
}


def plan_servers(account: AccountSettings, aliases: frozenset[str]) -> tuple[list[DnsRecord], list[Omission]]:
    """Return the records of an account's servers, and an omission for each server that has none.

    Args:
        account: The settings of a whole domain.
        aliases: Names that are aliases, so that no record may point at them.
    """
    plan = _Plan(account, aliases)
    plan.run()
    return plan.records, plan.omissions


class _Plan:
    def __init__(self, account: AccountSettings, aliases: frozenset[str]) -> None:
        self.records: list[DnsRecord] = []
        self._account = account
        self._aliases = aliases
        misleading = [server for server in account.servers if misleads(account, server)]
        self.omissions = [imap_missing(server) for server in misleading]
        self._servers = [with_names(account, one) for one in account.servers if one not in misleading]

    def run(self) -> None:
        self._plan_mail()
        servers = self._servers
        for server_type, by_socket in _SOCKETS.items():
            of_type = [server for server in servers if server.type is server_type]
            self._plan_sockets([server for server in of_type if server.url is None], by_socket)
            for server in of_type:
                if server.url is not None:
                    self._omit(server, "url-not-in-records")
        for server_type, by_scheme in _URLS.items():
            self._plan_urls([server for server in servers if server.type is server_type], by_scheme)
        covered = {*_MAIL, *_SOCKETS, *_URLS, *_FOUND_OTHERWISE}
        for server in servers:
            if server.type not in covered:
                self._omit(server, "no-record-type")

    def _plan_mail(self) -> None:
        choice = choose_mail(self._account)
        published = {
            ServerType.IMAP: choice.imap,
            ServerType.POP3: choice.pop3,
            ServerType.SMTP: choice.smtp,
        }
        closed: list[str] = []
        for server_type, labels in _MAIL.items():
            chosen = published[server_type]
            before, unused = len(self.records), []
            for socket_type, label, priority in labels:
                offered = self._mail_servers(server_type, socket_type, chosen)
                reasons = {server.key: self._mail_reason(server, chosen) for server in offered}
                self._publish_first(offered, reasons, label, priority)
                if not offered:
                    unused.append(label)
            for server in self._mail_servers(server_type, SocketType.PLAIN, chosen):
                self._omit(server, "plain-socket")
            if self._is_known(server_type, is_told=len(self.records) > before):
                closed += unused
        # Where nothing is published, "decidedly not available" would be a guess.
        if self.records:
            for label in closed:
                self._add(label, CLOSED, f"{_NAMES[label]}: not offered, and clients need not try")

    def _is_known(self, server_type: ServerType, *, is_told: bool) -> bool:
        """Tell whether records say all that there is of a type, so that its other labels are off.

        A client that reads "decidedly not available" tries the service no more (RFC 6186 §3.4), so that is
        not said of what is stored: neither where it had to be withheld, nor where no record can tell of it.
        """
        if server_type in self._account.withheld_types:
            return False
        return is_told or server_type not in self._account.stored_types

    def _mail_servers(
        self, server_type: ServerType, socket_type: SocketType, chosen: Server | None
    ) -> list[Server]:
        """Return servers of a kind: the one that every format publishes, then those with its login."""
        of_kind = [s for s in self._servers if s.type is server_type and s.socket_type is socket_type]
        if chosen is None:
            return of_kind
        return sorted(of_kind, key=lambda s: (s.key != chosen.key, s.username != chosen.username))

    def _mail_reason(self, server: Server, chosen: Server | None) -> str | None:
        is_chosen = chosen is not None and server.key == chosen.key
        if not is_chosen and not is_universal(server):
            return "authentication-unknown"
        return self._login_reason(server) or self._host_reason(server.hostname)

    def _plan_sockets(self, servers: list[Server], by_socket: dict[SocketType, str]) -> None:
        for socket_type, label in by_socket.items():
            offered = [server for server in servers if server.socket_type is socket_type]
            reasons = {server.key: self._socket_reason(server) for server in offered}
            self._publish_first(offered, reasons, label, priority=0)
        for server in servers:
            if server.socket_type is SocketType.PLAIN:
                self._omit(server, "plain-socket")
            elif server.socket_type not in by_socket:
                self._omit(server, "socket-type-not-in-records")

    def _socket_reason(self, server: Server) -> str | None:
        needs_login = server.type is ServerType.MANAGESIEVE
        login = self._login_reason(server) if needs_login else None
        return login or self._host_reason(server.hostname)

    def _plan_urls(self, servers: list[Server], by_scheme: dict[str, tuple[str, int]]) -> None:
        for scheme, (label, default_port) in by_scheme.items():
            offered = [(s, parts) for s in servers if (parts := urlsplit(s.url or "")).scheme == scheme]
            usable = None
            for server, parts in offered:
                if reason := self._url_reason(server, parts):
                    self._omit(server, reason)
                elif usable is not None:
                    self._omit(server, "further-server")
                else:
                    usable = server
                    self._add_url(server, parts, label, default_port)
        for server in servers:
            if urlsplit(server.url or "").scheme not in by_scheme:
                self._omit(server, "url-not-in-records")

    def _add_url(self, server: Server, parts: SplitResult, label: str, default_port: int) -> None:
        data = SrvData(priority=0, weight=WEIGHT, port=parts.port or default_port, target=parts.hostname)
        self._add(label, data, _NAMES[label])
        if server.type is not ServerType.JMAP:
            text = TxtData(f"path={parts.path or '/'}")
            self._add(label, text, f"{_NAMES[label]}: where on the host they are")

    def _url_reason(self, server: Server, parts: SplitResult) -> str | None:
        if (
            placeholders.has_placeholders(server.url or "")
            or parts.query
            or parts.fragment
            or len(f"path={parts.path}") > MAX_STRING_OCTETS
        ):
            return "url-not-in-records"
        return self._login_reason(server) or self._host_reason(parts.hostname)

    def _login_reason(self, server: Server) -> str | None:
        """Tell whether a client that knows the address alone would log in wrongly."""
        if server.username is None:
            return None
        someone = EmailAddress("someone", self._account.domain)
        login = placeholders.expand(server.username, placeholders.address_values(someone))
        return None if login in (str(someone), someone.local_part) else "username-not-in-records"

    def _host_reason(self, hostname: str | None) -> str | None:
        try:
            DomainName.parse(hostname or "")
        except InvalidInput:
            return "host-not-in-records"
        return "host-is-alias" if hostname in self._aliases else None

    def _publish_first(
        self, offered: Iterable[Server], reasons: dict[str, str | None], label: str, priority: int
    ) -> None:
        is_published = False
        for server in offered:
            if reason := reasons[server.key]:
                self._omit(server, reason)
            elif is_published or server.port is None:
                self._omit(server, "further-server")
            else:
                is_published = True
                data = SrvData(priority=priority, weight=WEIGHT, port=server.port, target=server.hostname)
                self._add(label, data, _NAMES[label])

    def _add(self, label: str, data: RecordData, why: str) -> None:
        name = f"{label}._tcp.{self._account.domain}"
        try:
            self.records.append(DnsRecord(name=name, data=data, why=why))
        except InvalidInput:
            self.omissions.append(name_too_long(name))

    def _omit(self, server: Server, reason: str) -> None:
        self.omissions.append(Omission(server=server.key, reason=reason, detail=_DETAILS[reason]))


def name_too_long(name: str) -> Omission:
    """Build the omission of a record whose name no zone could hold."""
    return Omission(server=None, reason="name-too-long", detail=f"{name} is longer than DNS names can be.")
