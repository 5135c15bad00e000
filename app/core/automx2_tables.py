"""The tables and words of automx2 (2021 to 2026.2), for reading and writing what it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from app.core.servers import Authentication, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Sequence

MAIL_TYPES: Final = {"imap": ServerType.IMAP, "pop": ServerType.POP3, "smtp": ServerType.SMTP}
DAV_TYPES: Final = {"caldav": ServerType.CALDAV, "carddav": ServerType.CARDDAV}
SEED_PORTS: Final = {"imap": 993, "pop": 995, "smtp": 465}
IMPLICIT_TLS: Final = frozenset(SEED_PORTS.values())
SOCKET_TYPES: Final = {
    "SSL": SocketType.TLS,
    "STARTTLS": SocketType.STARTTLS,
    "plain": SocketType.PLAIN,
    "None": SocketType.PLAIN,
}
# It writes them into autoconfig files as they are, so they are those of the files, old spellings too.
AUTHENTICATION: Final = {
    "plain": Authentication.PASSWORD_CLEARTEXT,
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "secure": Authentication.PASSWORD_ENCRYPTED,
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
    "NTLM": Authentication.NTLM,
    "GSSAPI": Authentication.GSSAPI,
    "OAuth2": Authentication.OAUTH2,
    "TLS-client-cert": Authentication.TLS_CLIENT_CERTIFICATE,
    "client-IP-address": Authentication.CLIENT_IP_ADDRESS,
    "none": Authentication.NONE,
}
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Rows of automx2's tables, by their columns' names; links are pairs of server's and domain's number."""

    providers: Sequence[Row]
    domains: Sequence[Row]
    servers: Sequence[Row] = ()
    server_links: Sequence[tuple[int, int]] = ()
    dav_servers: Sequence[Row] = ()
    dav_links: Sequence[tuple[int, int]] = ()
