"""Autodiscover's words in ours, and what is meant where a word is missing (protocol brief §2.4)."""

from __future__ import annotations

from typing import Final

from app.core.servers import Authentication, ServerType, SocketType

MAIL_TYPES: Final = {
    "IMAP": ServerType.IMAP,
    "POP3": ServerType.POP3,
    "POP": ServerType.POP3,  # what some servers write
    "SMTP": ServerType.SMTP,
}
EXCHANGE_TYPES: Final = frozenset({"EXCH", "EXPR", "EXHTTP"})
WEB: Final = "WEB"
DAV_TYPES: Final = {"CALDAV": ServerType.CALDAV, "CARDDAV": ServerType.CARDDAV}
"""Not Microsoft's: what automx2 and mailcow send."""
DEFAULT_HTTP: Final = Authentication.HTTP_BASIC
AUTH_PACKAGES: Final = {
    "basic": Authentication.HTTP_BASIC,
    "ntlm": Authentication.NTLM,
    "kerb": Authentication.GSSAPI,
    "kerbntlm": Authentication.GSSAPI,
    "negotiate": Authentication.GSSAPI,
    "nego2": Authentication.GSSAPI,
    "certificate": Authentication.TLS_CLIENT_CERTIFICATE,
}
_ENCRYPTIONS: Final = {
    "none": SocketType.PLAIN,
    "ssl": SocketType.TLS,
    "tls": SocketType.STARTTLS,
}
_STARTTLS_PORTS: Final = frozenset({25, 110, 143, 587})
_PORTS: Final = {
    ServerType.IMAP: (993, 143),
    ServerType.POP3: (995, 110),
    ServerType.SMTP: (465, 587),
}
_OFF: Final = frozenset({"off", "false"})
_ON: Final = frozenset({"on", "true"})


def socket_type_of(*, ssl: str | None, encryption: str | None, port: int | None) -> SocketType:
    """Return how the connection is protected: ``Encryption`` counts, then ``SSL``, then the port."""
    found = _ENCRYPTIONS.get((encryption or "").lower())
    if found is not None:
        return found
    if (ssl or "").lower() in _OFF:
        return SocketType.PLAIN
    return SocketType.STARTTLS if port in _STARTTLS_PORTS else SocketType.TLS


def default_port(server_type: ServerType, socket_type: SocketType) -> int:
    """Return the registered port of a mail server."""
    with_tls, otherwise = _PORTS[server_type]
    return with_tls if socket_type is SocketType.TLS else otherwise


def authentication_of(*, spa: str | None, auth_required: str | None) -> tuple[Authentication, ...]:
    """Return how to log in; ``SPA`` is NTLM in Outlook, and what is not said is a password."""
    if (auth_required or "").lower() in _OFF:
        return (Authentication.NONE,)
    return (Authentication.NTLM,) if (spa or "").lower() in _ON else (Authentication.PASSWORD_CLEARTEXT,)
