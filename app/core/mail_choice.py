"""The one IMAP, POP3 and SMTP server that every client format publishes.

Formats with room for one server of a kind must agree on which it is, or two clients of one person would
show different settings. The choice is made here; a format leaves out what it cannot say, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.account import Omission
from app.core.patterns import hostname_pattern
from app.core.servers import Authentication, Server, ServerType, SocketType

if TYPE_CHECKING:
    from app.core.account import AccountSettings

UNIVERSAL_AUTHENTICATION: Final = frozenset({
    Authentication.OAUTH2, Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED,
})  # fmt: skip
"""What K-9 and Thunderbird for Android know; they drop a file whose IMAP or SMTP section has none."""
IMAP_MISSING: Final = "imap-missing"
_IMAP_MISSING: Final = (
    "Beside it there is IMAP, which had to be withheld; clients would fetch by POP3 for good."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChoice:
    """The chosen servers, host names filled in; user names are patterns still."""

    imap: Server | None
    pop3: Server | None
    smtp: Server | None

    @property
    def incoming(self) -> Server | None:
        """IMAP where there is any, else POP3; an encrypted POP3 rather than a plain IMAP."""
        offered = [server for server in (self.imap, self.pop3) if server is not None]
        return next(filter(is_universal, offered), offered[0] if offered else None)


def choose_mail(account: AccountSettings) -> MailChoice:
    """Choose the first server of each type that every client can use, else the first one.

    There is no POP3 server in place of IMAP that is stored and had to be withheld: who was once set up
    with POP3 stays with it. The outgoing server is the first one with the incoming server's login, where
    there is any: FairEmail uses one user name for everything.
    """
    servers = tuple(with_names(account, server) for server in account.servers)
    pop3 = None if lacks_imap(account) else _best(servers, ServerType.POP3)
    choice = MailChoice(imap=_best(servers, ServerType.IMAP), pop3=pop3, smtp=None)
    login = choice.incoming.username if choice.incoming else None
    # A section without a user name is fatal to K-9 even where none is needed, and Thunderbird logs in
    # as "undefined".
    outgoing = [
        server if server.username else replace(server, username=login or f"%{placeholders.ADDRESS}%")
        for server in servers
        if server.type is ServerType.SMTP
    ]
    universal = [server for server in outgoing if is_universal(server)]
    same_login = [server for server in universal if server.username == login]
    return replace(choice, smtp=next(iter(same_login or universal or outgoing), None))


def lacks_imap(account: AccountSettings) -> bool:
    """Tell whether IMAP is stored, and all of it had to be withheld."""
    return ServerType.IMAP in account.withheld_types and all(
        server.type is not ServerType.IMAP for server in account.servers
    )


def misleads(account: AccountSettings, server: Server) -> bool:
    """Tell whether a server would be set up in place of IMAP that had to be withheld."""
    return server.type is ServerType.POP3 and lacks_imap(account)


def imap_missing(server: Server) -> Omission:
    """Build the omission of a server that misleads."""
    return Omission(server=server.key, reason=IMAP_MISSING, detail=_IMAP_MISSING)


def with_names(account: AccountSettings, server: Server) -> Server:
    """Fill in what host names and URLs lack, as far as it is known."""
    return replace(
        server,
        hostname=None if server.hostname is None else hostname_pattern(account.expanded(server.hostname)),
        url=None if server.url is None else account.expanded_url(server.url),
    )


def is_universal(server: Server) -> bool:
    """Tell whether no client drops a document over this server."""
    return (
        server.socket_type is not SocketType.PLAIN
        and not UNIVERSAL_AUTHENTICATION.isdisjoint(server.authentication)
        and not placeholders.has_truncated_placeholder(server.username or "")
    )


def _best(servers: tuple[Server, ...], server_type: ServerType) -> Server | None:
    of_type = [server for server in servers if server.type is server_type]
    return next(filter(is_universal, of_type), of_type[0] if of_type else None)
