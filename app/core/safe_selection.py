"""Which of an account's servers every known mail client survives.

An autoconfig document is read by clients that each drop the whole file over something else (protocol
brief §1.3). This picks what all of them can use, says what was left out and why, and only falls back
to what some client refuses where there is nothing better. docs/formats/autoconfig.md has the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.account import Omission
from app.core.mail_choice import (
    UNIVERSAL_AUTHENTICATION,
    choose_mail,
    imap_missing,
    is_universal,
    misleads,
    with_names,
)
from app.core.servers import Authentication, Server, ServerType, SocketType, WebmailOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings

_MAIL_TYPES: Final = (ServerType.IMAP, ServerType.POP3, ServerType.SMTP)
_EXTRA_TYPES: Final = (
    ServerType.EWS,
    ServerType.OWA,
    ServerType.GRAPH,
    ServerType.EXCHANGE,
    ServerType.JMAP,
    ServerType.ACTIVESYNC,
)
_THUNDERBIRD_TYPES: Final = (ServerType.EWS, ServerType.OWA)
_SERVICE_TYPES: Final = (
    ServerType.CARDDAV,
    ServerType.CALDAV,
    ServerType.WEBDAV,
    ServerType.XMPP,
    ServerType.MATRIX,
    ServerType.MANAGESIEVE,
)
_SINGLE_PLACEHOLDERS: Final = frozenset(f"%{name}%" for name in placeholders.STANDARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeSelection:
    """The servers to publish, in the order to publish them."""

    incoming: tuple[Server, ...]
    outgoing: tuple[Server, ...]
    webmail: Server | None
    services: tuple[Server, ...]
    """What is beside the mail, such as calendars; others among them are passed over."""
    omissions: tuple[Omission, ...]


def select_safely(account: AccountSettings) -> SafeSelection:
    """Choose one server of each type, IMAP first, with one user name throughout."""
    omissions: list[Omission] = list(account.withheld)
    omissions.extend(imap_missing(server) for server in account.servers if misleads(account, server))
    servers = tuple(_published(account, server) for server in account.servers)
    choice = choose_mail(account)
    mail = [_published(account, server) for server in (choice.imap, choice.pop3) if server is not None]
    incoming = [server for server in mail if is_universal(server)] or mail[:1]
    username = incoming[0].username if incoming else None
    if len(incoming) > 1 and incoming[1].username != username:
        omissions.append(_omitted(incoming.pop(), "username-differs"))
    outgoing = () if choice.smtp is None else (_published(account, choice.smtp),)
    incoming.extend(_fitting(servers, _EXTRA_TYPES, username, omissions))
    username = username or next((server.username for server in incoming), None)
    services = tuple(_fitting(servers, _SERVICE_TYPES, username, omissions))
    chosen = {server.key for server in (*incoming, *outgoing, *services)}
    omissions.extend(_explained(servers, chosen, {omission.server for omission in omissions}))
    webmail = next((s for s in servers if s.type is ServerType.WEBMAIL), None)
    return SafeSelection(
        incoming=tuple(incoming),
        outgoing=outgoing,
        webmail=_safe_webmail(webmail, username, omissions),
        services=services,
        omissions=tuple(omissions),
    )


def _published(account: AccountSettings, server: Server) -> Server:
    """Write a server as clients are to read it: names filled in, user name in its simplest form."""
    methods = server.authentication
    if server.type in _MAIL_TYPES:
        methods = tuple(m for m in methods if m in UNIVERSAL_AUTHENTICATION) or methods
    elif server.type in _THUNDERBIRD_TYPES and Authentication.HTTP_BASIC in methods:
        # Thunderbird, which alone reads these, has one word for every password that is sent as it is.
        methods = tuple(dict.fromkeys((*methods, Authentication.PASSWORD_CLEARTEXT)))
    return replace(
        with_names(account, server),
        username=None if server.username is None else _username(account, server.username),
        authentication=methods,
    )


def _username(account: AccountSettings, pattern: str) -> str:
    """Prefer a single placeholder, which all clients know, to any literal user name.

    GNOME drops every other user name, FairEmail takes a composed one literally, and Thunderbird turns
    ``00123`` into a number.
    """
    if account.address is None:
        return pattern
    literal = account.expanded(pattern)
    if literal == str(account.address):
        return f"%{placeholders.ADDRESS}%"
    if literal == account.address.local_part:
        return f"%{placeholders.LOCAL_PART}%"
    return pattern if pattern in _SINGLE_PLACEHOLDERS and not account.login_differs else literal


def _fitting(
    servers: tuple[Server, ...],
    server_types: tuple[ServerType, ...],
    username: str | None,
    omissions: list[Omission],
) -> Iterator[Server]:
    """Return the first server of each of these types that has the mail's user name, or needs none."""
    seen: set[tuple[ServerType, bool]] = set()
    for server_type in server_types:
        for server in servers:
            # XMPP over TCP and over WebSocket are two things.
            kind = (server.type, server.url is None)
            if server.type is not server_type or kind in seen:
                continue
            is_named = bool(server.username) or _is_open(server)
            named = server if is_named else replace(server, username=username)
            reason = _misfit(named, username)
            if reason is None:
                seen.add(kind)
                yield named
            else:
                omissions.append(_omitted(server, reason))


def _misfit(server: Server, username: str | None) -> str | None:
    if server.socket_type is SocketType.PLAIN:
        return "plain-socket"
    if server.username is None:
        return None if _is_open(server) else "username-broken"
    if placeholders.has_truncated_placeholder(server.username):
        return "username-broken"
    return "username-differs" if username is not None and server.username != username else None


def _is_open(server: Server) -> bool:
    return server.type in _SERVICE_TYPES and server.authentication == (Authentication.NONE,)


def _safe_webmail(server: Server | None, username: str | None, omissions: list[Omission]) -> Server | None:
    if server is None or not isinstance(server.options, WebmailOptions):
        return server
    if username is None or server.options.login_form.username == username:
        return server
    omissions.append(_omitted(server, "login-form-username-differs"))
    return replace(server, options=None)


_DETAILS: Final = {
    "plain-socket": "K-9 and Thunderbird for Android drop the file over an unencrypted mail server, "
    "and no other service is published without encryption.",
    "authentication-unknown": "K-9 and Thunderbird for Android drop the file when a server takes "
    "none of OAuth2, password-cleartext and password-encrypted.",
    "username-broken": "The user name has a placeholder that lacks a percent sign, or none is set.",
    "username-differs": "FairEmail uses one user name for all servers of the file.",
    "login-form-username-differs": "FairEmail would take the log-in form's user name for the mail's.",
    "further-server": "Clients disagree on which of several servers of a type they take, so one is "
    "published.",
    "not-in-format": "The format has no place for servers of this type.",
}


def _omitted(server: Server, reason: str) -> Omission:
    return Omission(server=server.key, reason=reason, detail=_DETAILS[reason])


def _explained(
    servers: tuple[Server, ...], chosen: set[str], explained: set[str | None]
) -> Iterator[Omission]:
    for server in servers:
        if server.key in chosen or server.key in explained or server.type is ServerType.WEBMAIL:
            continue
        if server.type in (*_EXTRA_TYPES, *_SERVICE_TYPES):
            yield _omitted(server, "further-server")
        elif server.type not in _MAIL_TYPES:
            yield _omitted(server, "not-in-format")
        elif server.socket_type is SocketType.PLAIN:
            yield _omitted(server, "plain-socket")
        elif UNIVERSAL_AUTHENTICATION.isdisjoint(server.authentication):
            yield _omitted(server, "authentication-unknown")
        elif placeholders.has_truncated_placeholder(server.username or ""):
            yield _omitted(server, "username-broken")
        else:
            yield _omitted(server, "further-server")
