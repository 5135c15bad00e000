"""What an import makes of what is stored: what the other program knows is taken, all else stays.

Other programs know a provider's names, its servers and a page of documentation, and of a domain whose it is,
of which one it is an alias, and its servers. Whether a domain is answered for is decided here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.servers import Authentication, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.core.domains import Domain
    from app.core.provider import Page, Provider
    from app.core.servers import Server


def replaced_provider(stored: Provider, moved: Provider) -> Provider:
    """Return the stored provider with what the other program knows of it."""
    return replace(
        stored,
        display_name=moved.display_name,
        short_name=moved.short_name,
        documentation=_pages(stored.documentation, moved.documentation),
        servers=_completed(stored.servers, moved.servers),
    )


def replaced_domain(stored: Domain, moved: Domain) -> Domain:
    """Return the stored domain with what the other program knows of it."""
    return replace(
        stored,
        provider=moved.provider,
        alias_of=moved.alias_of,
        servers=_completed(stored.servers, moved.servers),
    )


def provider_notes(stored: Provider, replaced: Provider) -> Iterator[str]:
    """Say what of a provider goes that was known here only, and what stays though nothing needs it."""
    yield from _server_notes("server", stored.servers, replaced.servers)
    if unneeded := variables_of(stored.servers) - variables_of(replaced.servers):
        yield f"its servers need {_listed(unneeded)} no longer; values that are stored here are kept"
    if stored.oauth2 and _takes_oauth2(stored) and not _takes_oauth2(replaced):
        yield "its servers do not take OAuth 2 any more, whose data is kept"


def domain_notes(
    stored: Domain, replaced: Domain, *, needed: frozenset[str], needed_now: frozenset[str]
) -> Iterator[str]:
    """Say the same of a domain.

    Args:
        stored: The domain as it is.
        replaced: The domain as it is to be.
        needed: The variables that the servers of its provider name.
        needed_now: Those that the servers of its provider name from now on, which may be another.
    """
    yield from _server_notes("its own server", stored.servers, replaced.servers)
    if stored.alias_of not in (None, replaced.alias_of):
        yield f"is no longer an alias of {stored.alias_of}, for it is none there"
    before = needed | variables_of(stored.servers)
    if unneeded := (before - needed_now - variables_of(replaced.servers)) & stored.variables.keys():
        yield f"its servers need {_listed(unneeded)} no longer; the values that are stored here are kept"


def _pages(stored: tuple[Page, ...], moved: tuple[Page, ...]) -> tuple[Page, ...]:
    """Return the other program's pages, unless all are here: these may have descriptions."""
    known = {page.url for page in stored}
    return stored if all(page.url in known for page in moved) else moved


def _completed(stored: tuple[Server, ...], moved: tuple[Server, ...]) -> tuple[Server, ...]:
    """Give servers what is known of them here only, where they are at the place where they were."""
    present = {_place(server): server for server in stored}
    return tuple(_with_known(server, present.get(_place(server))) for server in moved)


def _with_known(server: Server, present: Server | None) -> Server:
    if present is None:
        return server
    shared = server.shared_hostname or present.shared_hostname
    return replace(server, shared_hostname=shared, options=server.options or present.options)


def _server_notes(what: str, stored: tuple[Server, ...], replaced: tuple[Server, ...]) -> Iterator[str]:
    types = {server.type for server in replaced}
    places = {_place(server) for server in replaced}
    for server in stored:
        if server.type not in types:
            yield f"{what} {server.key} is removed, for it has none of its kind there"
        elif _place(server) not in places and (server.shared_hostname or server.options):
            yield f"{what} {server.key} is another one there: its shared host name and options are removed"


def _place(server: Server) -> tuple[object, ...]:
    return (server.type, server.hostname, server.port, server.url)


def _takes_oauth2(provider: Provider) -> bool:
    return any(Authentication.OAUTH2 in server.authentication for server in provider.servers)


def _listed(variables: Iterable[str]) -> str:
    return ", ".join(sorted(variables))
