"""Our words in the format's spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, ServerType, SocketType

if TYPE_CHECKING:
    from app.core.servers import Server

SOCKET_TYPES: Final = {
    SocketType.TLS: "SSL",
    SocketType.STARTTLS: "STARTTLS",
    SocketType.PLAIN: "plain",
}
AUTHENTICATION: Final = {
    Authentication.PASSWORD_CLEARTEXT: "password-cleartext",
    Authentication.PASSWORD_ENCRYPTED: "password-encrypted",
    Authentication.OAUTH2: "OAuth2",
    Authentication.NTLM: "NTLM",
    Authentication.GSSAPI: "GSSAPI",
    Authentication.TLS_CLIENT_CERTIFICATE: "TLS-client-cert",
    Authentication.CLIENT_IP_ADDRESS: "client-IP-address",
    Authentication.SMTP_AFTER_POP: "smtp-after-pop",
    Authentication.HTTP_BASIC: "http-basic",
    Authentication.HTTP_DIGEST: "http-digest",
    Authentication.NONE: "none",
}
HTTP_AUTHENTICATION: Final = {
    Authentication.HTTP_BASIC: "Basic",
    Authentication.HTTP_DIGEST: "Digest",
}
"""With ``system="http"``: the draft's way since June 2026."""
INCOMING_TYPES: Final = {
    ServerType.IMAP: "imap",
    ServerType.POP3: "pop3",
    ServerType.NNTP: "nntp",
    ServerType.JMAP: "jmap",
    ServerType.EWS: "ews",
    ServerType.OWA: "owa",
    ServerType.GRAPH: "graph",
    ServerType.EXCHANGE: "exchange",
    ServerType.ACTIVESYNC: "activeSync",
}
SECTIONS: Final = {
    "addressbook": (ServerType.CARDDAV,),
    "calendar": (ServerType.CALDAV,),
    "fileShare": (ServerType.WEBDAV,),
    "chatServer": (ServerType.XMPP, ServerType.MATRIX),
    "setupServer": (ServerType.MANAGESIEVE,),
}
"""What stands beside ``emailProvider``, since version 1.2."""
_SINCE_1_2: Final = frozenset({
    ServerType.JMAP, ServerType.ACTIVESYNC, *(each for types in SECTIONS.values() for each in types),
})  # fmt: skip
_PLACED: Final = frozenset({*INCOMING_TYPES, ServerType.SMTP, ServerType.WEBMAIL, *_SINCE_1_2})


def section_type(server: Server) -> str:
    """Return the ``type`` of a server beside the mail."""
    if server.type is ServerType.XMPP:
        return "xmpp" if server.url is not None else "xmpptcp"
    return server.type.value


def has_place(server: Server) -> bool:
    """Tell whether the format has a place for servers of this type."""
    return server.type in _PLACED


def version_for(servers: tuple[Server, ...]) -> str:
    """Return the version that a document with these servers has; no client is known to look at it."""
    return "1.1" if _SINCE_1_2.isdisjoint(server.type for server in servers) else "1.2"
