"""Servers of every type that a mail account can have, with their options.

Types, socket types and authentication methods are named as in the autoconfig draft, spelt in our own
lower-case words; each renderer and parser has the client's spelling in a table of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

from app.core import placeholders
from app.core.errors import IssueCollector, refuse, within
from app.core.patterns import (
    autodiscover_pattern,
    check_username,
    hostname_pattern,
    url_pattern,
    username_pattern,
)
from app.core.text import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SERVERS: Final = 64
WEB_SCHEMES: Final = ("https", "http")
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Location(Enum):
    """How clients reach a server."""

    SOCKET = "hostname and port"
    URL = "url"
    EITHER = "hostname and port, or url"


class Direction(Enum):
    """Which way the mail goes, or that it is no mail at all."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    SERVICE = "service"


class ServerType(StrEnum):
    """What a server speaks."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    NNTP = "nntp"
    JMAP = "jmap"
    EWS = "ews"
    OWA = "owa"
    GRAPH = "graph"
    EXCHANGE = "exchange"
    """The one entry of old Thunderbird for OWA, EWS and ActiveSync of one host."""
    MAPI = "mapi"
    ACTIVESYNC = "activesync"
    MANAGESIEVE = "managesieve"
    CALDAV = "caldav"
    CARDDAV = "carddav"
    WEBDAV = "webdav"
    LDAP = "ldap"
    WEBMAIL = "webmail"
    XMPP = "xmpp"
    MATRIX = "matrix"

    @property
    def location(self) -> Location:
        """What the type needs: host name and port, or a URL."""
        if self in _SOCKET_TYPES:
            return Location.SOCKET
        return Location.EITHER if self is ServerType.XMPP else Location.URL

    @property
    def schemes(self) -> tuple[str, ...]:
        """What a URL of this type may start with."""
        # XMPP is spoken over WebSocket (RFC 7395) as well as BOSH.
        return ("wss", *WEB_SCHEMES) if self is ServerType.XMPP else WEB_SCHEMES

    @property
    def direction(self) -> Direction:
        """Incoming, outgoing or a service beside the mail."""
        if self is ServerType.SMTP:
            return Direction.OUTGOING
        return Direction.INCOMING if self in _INCOMING_TYPES else Direction.SERVICE


_SOCKET_TYPES: Final = frozenset({
    ServerType.IMAP, ServerType.POP3, ServerType.SMTP, ServerType.NNTP,
    ServerType.EXCHANGE, ServerType.MANAGESIEVE, ServerType.LDAP,
})  # fmt: skip
_INCOMING_TYPES: Final = frozenset({
    ServerType.IMAP, ServerType.POP3, ServerType.NNTP, ServerType.JMAP, ServerType.EWS,
    ServerType.OWA, ServerType.GRAPH, ServerType.EXCHANGE, ServerType.MAPI, ServerType.ACTIVESYNC,
})  # fmt: skip


class SocketType(StrEnum):
    """How a connection is protected."""

    TLS = "tls"
    """TLS from the first byte."""
    STARTTLS = "starttls"
    """Plain at first, then mandatory TLS."""
    PLAIN = "plain"


class Authentication(StrEnum):
    """How a client proves who it is."""

    PASSWORD_CLEARTEXT = "password-cleartext"  # noqa: S105 - a method's name
    PASSWORD_ENCRYPTED = "password-encrypted"  # noqa: S105
    """A challenge and response: CRAM-MD5 or better."""
    OAUTH2 = "oauth2"
    NTLM = "ntlm"
    GSSAPI = "gssapi"
    TLS_CLIENT_CERTIFICATE = "tls-client-cert"
    CLIENT_IP_ADDRESS = "client-ip-address"
    SMTP_AFTER_POP = "smtp-after-pop"
    HTTP_BASIC = "http-basic"
    HTTP_DIGEST = "http-digest"
    NONE = "none"


def _checked_minutes(value: int | None, field: str, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise refuse(f"must be between 1 and {most}", field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Options:
    """What a POP3 client does with the messages it has fetched; None leaves it to the client."""

    leave_messages_on_server: bool | None = None
    days_to_leave_messages_on_server: int | None = None
    download_on_biff: bool | None = None
    """Whether to fetch as soon as new mail is seen."""
    check_interval_minutes: int | None = None

    def __post_init__(self) -> None:
        """Refuse spans that no client can keep."""
        _checked_minutes(self.days_to_leave_messages_on_server, "days_to_leave_messages_on_server", 3650)
        _checked_minutes(self.check_interval_minutes, "check_interval_minutes", 1440)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions:
    """Where the folders start."""

    path_prefix: str
    """The personal namespace, such as ``INBOX.``."""

    def __post_init__(self) -> None:
        """Refuse a prefix that is no single line."""
        if single_line(self.path_prefix, 100) != self.path_prefix:
            raise refuse("must not start or end with a space", "path_prefix")

    @property
    def folder(self) -> str:
        """The folder that holds all others, for clients that add the delimiter themselves."""
        return self.path_prefix.rstrip("./")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """What old autoconfig files say about an outgoing server."""

    restriction: str | None = None
    """Who may send, such as ``client-IP-address`` for customers' own lines only."""
    add_this_server: bool | None = None
    use_global_preferred_server: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a restriction that is no single line."""
        if self.restriction is not None:
            single_line(self.restriction, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapOptions:
    """Where a directory's people are."""

    search_base: str
    """A distinguished name, such as ``ou=people,dc=example,dc=com``."""

    def __post_init__(self) -> None:
        """Refuse a base that is no single line."""
        if single_line(self.search_base, 500) != self.search_base:
            raise refuse("must not start or end with a space", "search_base")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOptions:
    """The URLs behind the one ``exchange`` entry of old Thunderbird, and where Exchange tells of itself."""

    owa_url: str | None = None
    ews_url: str | None = None
    eas_url: str | None = None
    autodiscover_url: str | None = None
    """The Exchange's own Autodiscover in plain XML, to which its clients are sent."""
    use_global_preferred_server: bool | None = None
    """True where the outgoing server is part of the Exchange account."""

    def __post_init__(self) -> None:
        """Refuse what is no URL."""
        for field in ("owa_url", "ews_url", "eas_url"):
            value: str | None = getattr(self, field)
            if value is not None:
                with within(field):
                    url_pattern(value)
        if self.autodiscover_url is not None:
            with within("autodiscover_url"):
                autodiscover_pattern(self.autodiscover_url)

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL there is."""
        urls = (self.owa_url, self.ews_url, self.eas_url, self.autodiscover_url)
        return tuple(url for url in urls if url is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginForm:
    """How a program fills in a web mail's log-in page; HTML ids and names, each optional."""

    url: str
    redirection_prefix: str | None = None
    """The page is ready once the browser was sent to a URL that starts so."""
    username: str
    username_field_id: str | None = None
    username_field_name: str | None = None
    password_field_id: str | None = None
    password_field_name: str | None = None
    button_id: str | None = None
    button_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no URL, no username or no name of a form's field."""
        issues = IssueCollector()
        with issues.at("url"):
            url_pattern(self.url)
        with issues.at("redirection_prefix"):
            if self.redirection_prefix is not None:
                url_pattern(self.redirection_prefix)
        with issues.at("username"):
            username_pattern(self.username)
        for field in self.__slots__[3:]:
            value: str | None = getattr(self, field)
            with issues.at(field):
                if value is not None:
                    single_line(value, 100)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebmailOptions:
    """What a web mail adds to its URL."""

    login_form: LoginForm


ServerOptions: TypeAlias = (
    Pop3Options | ImapOptions | SmtpOptions | LdapOptions | ExchangeOptions | WebmailOptions
)
OPTIONS_BY_TYPE: Final[dict[ServerType, type[ServerOptions]]] = {
    ServerType.POP3: Pop3Options,
    ServerType.IMAP: ImapOptions,
    ServerType.SMTP: SmtpOptions,
    ServerType.LDAP: LdapOptions,
    ServerType.EXCHANGE: ExchangeOptions,
    ServerType.WEBMAIL: WebmailOptions,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a provider, a domain or a mailbox."""

    key: str
    """Names the server among its owner's, for the API: ``imap``, ``smtp-2``."""
    type: ServerType
    hostname: str | None = None
    """A host name pattern; with ``port`` and ``socket_type``."""
    port: int | None = None
    socket_type: SocketType | None = None
    url: str | None = None
    """A URL pattern, for types that have one instead of a host name and port."""
    authentication: tuple[Authentication, ...] = ()
    """What the server takes, the provider's first choice first."""
    username: str | None = None
    """A username pattern; None where no user name is needed."""
    shared_hostname: str | None = None
    """A name of the same server that has a certificate, for customers who have none of their own."""
    options: ServerOptions | None = None

    def __post_init__(self) -> None:
        """Refuse every broken rule at once."""
        issues = IssueCollector()
        if not _KEY.fullmatch(self.key):
            issues.add("must be 1 to 40 lower-case letters, digits and inner hyphens", "key")
        if self.url is not None or self.type.location is Location.URL:
            self._check_url_location(issues)
        else:
            self._check_socket_location(issues)
        self._check_login(issues)
        expected = OPTIONS_BY_TYPE.get(self.type)
        if self.options is not None and type(self.options) is not expected:
            issues.add(f"must be options that a server of type {self.type} has", "options")
        issues.close()

    def _check_url_location(self, issues: IssueCollector) -> None:
        if self.type.location is Location.SOCKET:
            issues.add(f"must not be set for a server of type {self.type}", "url")
        elif self.url is None:
            issues.add(f"is needed for a server of type {self.type}", "url")
        else:
            with issues.at("url"):
                url_pattern(self.url, self.type.schemes)
        for field in ("hostname", "port", "socket_type", "shared_hostname"):
            if getattr(self, field) is not None:
                issues.add("must not be set beside or instead of a url", field)

    def _check_socket_location(self, issues: IssueCollector) -> None:
        for field in ("hostname", "port", "socket_type"):
            if getattr(self, field) is None:
                issues.add(f"is needed for a server of type {self.type}", field)
        if self.port is not None and not 1 <= self.port <= 65535:  # noqa: PLR2004
            issues.add("must be between 1 and 65535", "port")
        for field in ("hostname", "shared_hostname"):
            value: str | None = getattr(self, field)
            with issues.at(field):
                if value is not None and hostname_pattern(value) != value:
                    raise refuse("must be in lower-case A-label form")

    def _check_login(self, issues: IssueCollector) -> None:
        with issues.at("username"):
            if self.username is not None:
                check_username(self.username)
        if self.username is None and self.type in (ServerType.IMAP, ServerType.POP3):
            issues.add(f"is needed for a server of type {self.type}", "username")
        if not self.authentication and self.type is not ServerType.WEBMAIL:
            issues.add("must name at least one method", "authentication")
        if len(set(self.authentication)) != len(self.authentication):
            issues.add("must not name a method twice", "authentication")

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every text of this server that may hold placeholders."""
        exchange = self.options if isinstance(self.options, ExchangeOptions) else None
        webmail = self.options if isinstance(self.options, WebmailOptions) else None
        texts = [self.hostname, self.shared_hostname, self.url, self.username]
        if exchange:
            texts += exchange.urls
        if webmail:
            form = webmail.login_form
            texts += [form.url, form.redirection_prefix, form.username]
        return tuple(text for text in texts if text is not None)

    @property
    def variables(self) -> frozenset[str]:
        """The variables that a domain must have for this server."""
        return frozenset(name for text in self.patterns for name in placeholders.variables_in(text))


def check_servers(servers: tuple[Server, ...]) -> None:
    """Check an owner's list of servers.

    Raises:
        InvalidInput: When there are too many, or two have one key.
    """
    if len(servers) > MAX_SERVERS:
        raise refuse(f"must be at most {MAX_SERVERS} servers", "servers")
    issues = IssueCollector()
    seen: set[str] = set()
    for position, server in enumerate(servers):
        if server.key in seen:
            issues.add("must not be used twice", "servers", position, "key")
        seen.add(server.key)
    issues.close()


def variables_of(servers: Iterable[Server]) -> frozenset[str]:
    """Return the variables that servers name."""
    return frozenset(name for server in servers for name in server.variables)


def next_key(server_type: ServerType, taken: set[str]) -> str:
    """Return a key that is free: the type's name, with a number from the second one on."""
    if server_type not in taken:
        return server_type.value
    return next(key for number in count(2) if (key := f"{server_type}-{number}") not in taken)
