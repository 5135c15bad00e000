"""The ``Protocol`` elements of IMAP, POP3 and SMTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.mail_choice import choose_mail, imap_missing, misleads
from app.core.markup import element, leaf, optional_leaf
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.renderers.autodiscover import omissions as reasons
from app.renderers.autodiscover.omissions import omitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.core.account import AccountSettings, Omission
    from app.core.markup import Element

MAIL_TYPES: Final = {ServerType.IMAP: "IMAP", ServerType.POP3: "POP3", ServerType.SMTP: "SMTP"}

# The pair that is right for Outlook, where Encryption counts, and for Thunderbird and Delta Chat, which
# take SSL "off" for a plain socket and tell STARTTLS by the port (peers §3, protocol brief §2.4).
_SSL_AND_ENCRYPTION: Final = {
    SocketType.TLS: ("on", "SSL"),
    SocketType.STARTTLS: ("on", "TLS"),
    SocketType.PLAIN: ("off", "None"),
}
_PASSWORD: Final = frozenset({Authentication.PASSWORD_CLEARTEXT, Authentication.PASSWORD_ENCRYPTED})
_SECURE: Final = frozenset({Authentication.NTLM, Authentication.GSSAPI})
_OPEN: Final = frozenset({
    Authentication.NONE, Authentication.CLIENT_IP_ADDRESS, Authentication.SMTP_AFTER_POP,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSelection:
    """The servers that are told, host names filled in, in the order in which they are told."""

    servers: tuple[Server, ...]
    omissions: tuple[Omission, ...]


def select_mail(account: AccountSettings) -> MailSelection:
    """Take of the servers that all formats publish those that POX can describe.

    A plain server for receiving gives way to an encrypted one, as in the other formats.
    """
    choice = choose_mail(account)
    chosen = [server for server in (choice.imap, choice.pop3, choice.smtp) if server is not None]
    fit = [server for server in chosen if _refusal(server) is None]
    incoming = [server for server in fit if server.type is not ServerType.SMTP]
    encrypted = [server for server in incoming if server.socket_type is not SocketType.PLAIN]
    servers = (*(encrypted or incoming), *(server for server in fit if server.type is ServerType.SMTP))
    return MailSelection(servers=servers, omissions=tuple(_explained(account, servers)))


def mail_protocols(account: AccountSettings, servers: Iterable[Server]) -> Iterator[Element]:
    """Write one ``Protocol`` for each server: FairEmail takes the last of a type, the others the first."""
    servers = tuple(servers)
    logins = {_login(account, server) for server in servers if server.type is not ServerType.SMTP}
    for server in servers:
        login = _login(account, server)
        ssl, encryption = _SSL_AND_ENCRYPTION[server.socket_type or SocketType.TLS]
        is_open = _is_open(server)
        is_secure = _PASSWORD.isdisjoint(server.authentication) and not is_open
        yield element(
            "Protocol",
            leaf("Type", MAIL_TYPES[server.type]),
            leaf("Server", server.hostname or ""),
            leaf("Port", str(server.port)),
            # Without it Outlook logs in as what stands before the @.
            leaf("LoginName", login),
            leaf("DomainRequired", "off"),
            leaf("SPA", _switch(on=is_secure)),
            leaf("SSL", ssl),
            leaf("Encryption", encryption),
            leaf("AuthRequired", _switch(on=not is_open)),
            *_smtp_only(server, shares_login=logins == {login} and not is_open),
        )


def _smtp_only(server: Server, *, shares_login: bool) -> Iterator[Element | None]:
    if server.type is ServerType.SMTP:
        yield leaf("UsePOPAuth", _switch(on=shares_login))
        is_after_pop = _is_open(server) and Authentication.SMTP_AFTER_POP in server.authentication
        yield optional_leaf("SMTPLast", "on" if is_after_pop else None)


def _login(account: AccountSettings, server: Server) -> str:
    return account.expanded(server.username or f"%{placeholders.ADDRESS}%")


def _is_open(server: Server) -> bool:
    return (_PASSWORD | _SECURE).isdisjoint(server.authentication)


def _switch(*, on: bool) -> str:
    return "on" if on else "off"


def _refusal(server: Server) -> str | None:
    """Return why a server cannot be told, whatever else there is."""
    if (_PASSWORD | _SECURE | _OPEN).isdisjoint(server.authentication):
        return reasons.AUTHENTICATION
    if placeholders.has_truncated_placeholder(server.username or ""):
        return reasons.BROKEN_USERNAME
    return None


def _explained(account: AccountSettings, told: tuple[Server, ...]) -> Iterator[Omission]:
    keys = {server.key for server in told}
    for server in account.servers:
        if server.type not in MAIL_TYPES:
            continue
        if misleads(account, server):
            yield imap_missing(server)
        elif server.key not in keys:
            is_plain = server.socket_type is SocketType.PLAIN
            otherwise = reasons.PLAIN_SOCKET if is_plain else reasons.FURTHER_SERVER
            yield omitted(server, _refusal(server) or otherwise)
        elif _PASSWORD.intersection(server.authentication) == {Authentication.PASSWORD_ENCRYPTED}:
            yield omitted(server, reasons.ENCRYPTED_PASSWORD)
