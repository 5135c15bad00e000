"""What Apple's payloads can say of a server, and what they have no words for (protocol brief §3, §5.8).

Problems are reasons of omissions; None means that all can be said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core import placeholders
from app.core.servers import Authentication, LdapOptions, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.core.exchange import FoundService
    from app.core.servers import Server

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_ACTIVE_SYNC_PATHS: Final = ("", "/microsoft-server-activesync")
_LDAP_PORTS: Final = {SocketType.TLS: 636, SocketType.PLAIN: 389}

MAIL_METHODS: Final = {
    Authentication.PASSWORD_CLEARTEXT: "EmailAuthPassword",
    # Thunderbird, Evolution and KMail take it for CRAM-MD5, too.
    Authentication.PASSWORD_ENCRYPTED: "EmailAuthCRAMMD5",
    Authentication.NTLM: "EmailAuthNTLM",
    Authentication.HTTP_DIGEST: "EmailAuthHTTPMD5",
}
OUTGOING_METHODS: Final = {
    **MAIL_METHODS,
    Authentication.NONE: "EmailAuthNone",
    Authentication.CLIENT_IP_ADDRESS: "EmailAuthNone",
    Authentication.SMTP_AFTER_POP: "EmailAuthNone",
}
_PASSWORDS: Final = {Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED}
_BASIC: Final = frozenset({Authentication.PASSWORD_CLEARTEXT, Authentication.HTTP_BASIC})
_DAV: Final = _BASIC | {Authentication.HTTP_DIGEST}
_EWS: Final = _DAV | {Authentication.NTLM}
_LDAP: Final = frozenset({Authentication.PASSWORD_CLEARTEXT, Authentication.NONE})


def mail_method(server: Server) -> str | None:
    """Return Apple's value for the server's first method that has one.

    Where both kinds of passwords are taken, TLS decides: ``password-encrypted`` may mean SCRAM, for
    which Apple has no value, so it is said only where the password would cross the network in clear.
    """
    table = OUTGOING_METHODS if server.type is ServerType.SMTP else MAIL_METHODS
    known = [method for method in server.authentication if method in table]
    if not known:
        return None
    if known[0] in _PASSWORDS and _PASSWORDS.issubset(known):
        if server.socket_type is SocketType.PLAIN:
            return table[Authentication.PASSWORD_ENCRYPTED]
        return table[Authentication.PASSWORD_CLEARTEXT]
    return table[known[0]]


def mail_problem(server: Server) -> str | None:
    """Look at an IMAP, POP3 or SMTP server."""
    if mail_method(server) is None:
        return _method_problem(server)
    return _username_problem(server)


def dav_problem(server: Server) -> str | None:
    """Look at a CalDAV or CardDAV server."""
    if "?" in (server.url or ""):
        return "path-not-in-format"
    return _password_problem(server, _DAV)


def ldap_problem(server: Server) -> str | None:
    """Look at an LDAP server."""
    if server.socket_type is SocketType.STARTTLS:
        return "starttls-not-in-format"
    if server.socket_type is None or server.port != _LDAP_PORTS[server.socket_type]:
        return "port-not-in-format"
    if not isinstance(server.options, LdapOptions):
        return "search-base-missing"
    return _password_problem(server, _LDAP)


def active_sync_problem(service: FoundService, *, has_sign_in: bool) -> str | None:
    """Look at ActiveSync: its payload has a host and nothing else of a URL."""
    parts = urlsplit(service.url)
    if (parts.port or DEFAULT_PORTS[parts.scheme]) != DEFAULT_PORTS[parts.scheme]:
        return "port-not-in-format"
    if parts.path.lower().rstrip("/") not in _ACTIVE_SYNC_PATHS or parts.query:
        return "path-not-in-format"
    return _exchange_problem(service.server, _BASIC, has_sign_in=has_sign_in)


def ews_problem(service: FoundService, *, has_sign_in: bool) -> str | None:
    """Look at EWS."""
    if urlsplit(service.url).query:
        return "path-not-in-format"
    return _exchange_problem(service.server, _EWS, has_sign_in=has_sign_in)


def signs_in_on_a_page(server: Server) -> bool:
    """Tell whether an Exchange server takes OAuth 2 and no password that Apple could send."""
    return Authentication.OAUTH2 in server.authentication and _EWS.isdisjoint(server.authentication)


def _exchange_problem(
    server: Server, methods: Collection[Authentication], *, has_sign_in: bool
) -> str | None:
    if signs_in_on_a_page(server):
        return _username_problem(server) if has_sign_in else "oauth2-unknown"
    return _password_problem(server, methods)


def _password_problem(server: Server, methods: Collection[Authentication]) -> str | None:
    if not any(method in methods for method in server.authentication):
        return _method_problem(server)
    return _username_problem(server)


def _method_problem(server: Server) -> str:
    return "oauth2-only" if Authentication.OAUTH2 in server.authentication else "authentication-unknown"


def _username_problem(server: Server) -> str | None:
    return "username-broken" if placeholders.has_truncated_placeholder(server.username or "") else None
