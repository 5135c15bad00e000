"""Which of an account's servers a profile sets up, and why it leaves out the others.

One mailbox must not come twice on one device (protocol brief §6-36): IMAP or POP3, or else Exchange.
Exchange needs both of its payloads to reach iOS and macOS alike, so it is chosen where both can be said
and the provider names it first, or where the mail servers cannot be said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.account import Omission
from app.core.exchange import FoundService, found_services
from app.core.mail_choice import choose_mail, imap_missing, misleads, with_names
from app.core.servers import Direction, ExchangeOptions, Server, ServerType
from app.renderers.mobileconfig.sayable import (
    active_sync_problem,
    dav_problem,
    ews_problem,
    ldap_problem,
    mail_problem,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.core.account import AccountSettings

_MAIL_TYPES: Final = (ServerType.IMAP, ServerType.POP3, ServerType.SMTP)
_DAV_TYPES: Final = (ServerType.CALDAV, ServerType.CARDDAV)
_EXCHANGE_TYPES: Final = (ServerType.EWS, ServerType.MAPI, ServerType.ACTIVESYNC, ServerType.EXCHANGE)
_DETAILS: Final = {
    "address-needed": "A profile is for one mailbox, so it needs an address.",
    "oauth2-only": "Apple's payload knows passwords only; OAuth 2 cannot be said.",
    "oauth2-unknown": "Apple's Exchange accounts need the OAuth 2 sign-in page, and none is stored.",
    "authentication-unknown": "Apple's payload has no value for any of the server's methods.",
    "username-broken": "The user name has a placeholder that lacks a percent sign.",
    "no-counterpart": "A mail account needs an incoming and an outgoing server, and the other one is missing "
    "or cannot be said.",
    "mailbox-missing": "A profile without the mailbox, which cannot be said, would be taken for all of it.",
    "double-account": "The mailbox, or its calendars and contacts, would come twice on one device.",
    "further-server": "Every format publishes the same one of several servers.",
    "port-not-in-format": "The payload has no place for a port.",
    "path-not-in-format": "The payload has no place for this part of the URL.",
    "starttls-not-in-format": "The LDAP payload has TLS from the first byte, or none.",
    "search-base-missing": "A directory without a search base finds nobody on Apple's devices.",
    "not-in-format": "Profiles have no payload for servers of this type.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes into the profile; host names and URLs are filled in, user names are patterns still."""

    mail: tuple[Server, Server] | None = None
    """The incoming and the outgoing server."""
    active_sync: FoundService | None = None
    ews: FoundService | None = None
    caldav: Server | None = None
    carddav: Server | None = None
    ldap: Server | None = None
    omissions: tuple[Omission, ...] = ()
    is_usable: bool = False

    @property
    def has_exchange(self) -> bool:
        """Whether the mailbox is set up by Exchange's payloads."""
        return self.active_sync is not None or self.ews is not None

    @property
    def published(self) -> frozenset[str]:
        """The keys of the servers that are set up."""
        services = (service.server for service in (self.active_sync, self.ews) if service is not None)
        singles = (server for server in (self.caldav, self.carddav, self.ldap) if server is not None)
        return frozenset(server.key for server in (*(self.mail or ()), *services, *singles))


def choose(account: AccountSettings) -> Choice:
    """Choose what is set up, and explain every server that is not."""
    problems: dict[str, str] = {}
    mail = _sayable_mail(account, problems)
    exchange = _sayable_exchange(account, problems)
    choice = Choice(
        caldav=_first_sayable(account, ServerType.CALDAV, dav_problem, problems),
        carddav=_first_sayable(account, ServerType.CARDDAV, dav_problem, problems),
        ldap=_first_sayable(account, ServerType.LDAP, ldap_problem, problems),
        mail=mail,
    )
    reaches_all_devices = len(exchange) == len(_EXCHANGE_PROBLEMS)
    if exchange and (mail is None or (reaches_all_devices and _names_exchange_first(account))):
        active_sync, ews = exchange.get("activesync"), exchange.get("ews")
        choice = replace(choice, mail=None, caldav=None, carddav=None, active_sync=active_sync, ews=ews)
    is_worth_it = _is_worth_it(account, choice)
    if not is_worth_it:
        problems.update(dict.fromkeys(choice.published, "mailbox-missing"))
        choice = replace(choice, caldav=None, carddav=None, ldap=None)
    needed = [Omission(server=None, reason="address-needed", detail=_DETAILS["address-needed"])]
    return replace(
        choice,
        omissions=(
            *(needed if account.address is None else ()),
            *account.withheld,
            *_explained(account, choice, problems),
        ),
        is_usable=account.address is not None and is_worth_it,
    )


def _is_worth_it(account: AccountSettings, choice: Choice) -> bool:
    """Tell whether the mailbox is set up; calendars alone will do only where no mail is stored."""
    if choice.mail is not None or choice.has_exchange:
        return True
    return bool(choice.published) and all(
        server_type.direction is Direction.SERVICE for server_type in account.stored_types
    )


def _sayable_mail(account: AccountSettings, problems: dict[str, str]) -> tuple[Server, Server] | None:
    found = choose_mail(account)
    pair = [server for server in (found.incoming, found.smtp) if server is not None]
    for server in pair:
        problem = mail_problem(server)
        if problem is not None:
            problems[server.key] = problem
    if found.incoming is None or found.smtp is None or any(server.key in problems for server in pair):
        for server in pair:
            problems.setdefault(server.key, "no-counterpart")
        return None
    return found.incoming, found.smtp


_EXCHANGE_PROBLEMS: Final = {"activesync": active_sync_problem, "ews": ews_problem}


def _sayable_exchange(account: AccountSettings, problems: dict[str, str]) -> dict[str, FoundService]:
    has_sign_in = account.provider.oauth2 is not None
    sayable: dict[str, FoundService] = {}
    for name, service in found_services(account).items():
        if name not in _EXCHANGE_PROBLEMS:
            continue
        problem = _EXCHANGE_PROBLEMS[name](service, has_sign_in=has_sign_in)
        if problem is None:
            sayable[name] = service
        else:
            problems.setdefault(service.server.key, problem)
    return sayable


def _first_sayable(
    account: AccountSettings,
    server_type: ServerType,
    problem_of: Callable[[Server], str | None],
    problems: dict[str, str],
) -> Server | None:
    """Take the first server of a type, or nothing where that one cannot be said."""
    first = next((server for server in account.servers if server.type is server_type), None)
    if first is None:
        return None
    problem = problem_of(first)
    if problem is not None:
        problems[first.key] = problem
        return None
    return with_names(account, first)


def _names_exchange_first(account: AccountSettings) -> bool:
    ranked = (ServerType.IMAP, ServerType.POP3, *_EXCHANGE_TYPES)
    first = next((server.type for server in account.servers if server.type in ranked), None)
    return first in _EXCHANGE_TYPES


def _explained(account: AccountSettings, choice: Choice, problems: dict[str, str]) -> Iterator[Omission]:
    services = found_services(account)
    first_services = {services[name].server.key for name in _EXCHANGE_PROBLEMS if name in services}
    for server in account.servers:
        if server.key in choice.published:
            continue
        if misleads(account, server):
            yield imap_missing(server)
            continue
        reason = problems.get(server.key) or _reason(server, choice, first_services)
        yield Omission(server=server.key, reason=reason, detail=_DETAILS[reason])


def _reason(server: Server, choice: Choice, first_services: set[str]) -> str:
    """Explain a server that could be said."""
    if server.key in first_services:
        return "double-account"
    if server.type in (ServerType.EWS, ServerType.ACTIVESYNC, ServerType.LDAP) or _is_exchange(server):
        return "further-server"
    if server.type in (*_MAIL_TYPES, *_DAV_TYPES):
        is_other_kind = choice.mail is not None and server.type not in {s.type for s in choice.mail}
        doubles = choice.has_exchange or (server.type in _MAIL_TYPES and is_other_kind)
        return "double-account" if doubles else "further-server"
    return "not-in-format"


def _is_exchange(server: Server) -> bool:
    options = server.options
    return isinstance(options, ExchangeOptions) and any((options.ews_url, options.eas_url))
