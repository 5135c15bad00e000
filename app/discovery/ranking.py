"""Which candidate counts, and what all of them come to: one proposal. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from app.core import placeholders
from app.core.servers import Direction, Server, ServerType, SocketType, next_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.core.candidates import Candidate, Discovery, Subject


_Use: TypeAlias = "Mapping[str, object]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedServer:
    """A server of the proposal."""

    server: Server
    sources: tuple[str, ...]
    """All that list it, the one that it was taken from first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A source that says something else of a type of server than the proposal does."""

    source: str
    type: ServerType
    server: Server
    differs_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What clients are most likely to be set up with."""

    source: str | None
    """Where the mail servers are from; None where nobody lists any."""
    display_name: str | None = None
    servers: tuple[ProposedServer, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def rank(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return what has servers: what somebody vouches for first, then in the order of the sources."""
    found = [candidate for candidate in candidates if candidate.is_found]
    return tuple(sorted(found, key=lambda candidate: not candidate.trust.is_authenticated))


def propose(discovery: Discovery) -> Proposal:
    """Merge the candidates.

    The mail servers are all from one candidate, the first that has both ways: servers of two documents
    need not belong together. What else there is comes from the first that lists its type.
    """
    ranked = rank(discovery.candidates)
    mail = next(filter(_is_complete, ranked), next(filter(_has_mail, ranked), None))
    chosen: list[tuple[Server, Candidate]] = []
    if mail is not None:
        chosen += [(server, mail) for server in mail.servers if _is_mail(server)]
    for candidate in ranked:
        there = {server.type for server, _ in chosen}
        chosen += [
            (one, candidate) for one in candidate.servers if not _is_mail(one) and one.type not in there
        ]
    # Once for each server: hostile documents list as many as there may be, and all are held to all.
    uses = {id(one): _as_used(one, discovery.subject) for candidate in ranked for one in candidate.servers}
    named = (
        mail
        if mail is not None and mail.display_name
        else next((candidate for candidate in ranked if candidate.display_name), None)
    )
    return Proposal(
        source=None if mail is None else mail.source,
        display_name=None if named is None else named.display_name,
        servers=tuple(_proposed(chosen, ranked, uses)),
        conflicts=tuple(_conflicts([server for server, _ in chosen], ranked, uses)),
    )


def differences(one: Server, other: Server, subject: Subject) -> tuple[str, ...]:
    """Return the fields in which two servers of a type differ to a client, placeholders filled in."""
    return _differing(_as_used(one, subject), _as_used(other, subject))


def _differing(mine: _Use, theirs: _Use) -> tuple[str, ...]:
    return tuple(name for name, value in mine.items() if value != theirs[name])


def _as_used(server: Server, subject: Subject) -> _Use:
    """Return what a client connects to and logs in with; the case of a login is not looked at."""
    address = subject.asked_address
    values = {
        placeholders.ADDRESS: address,
        placeholders.LOCAL_PART: address.rpartition("@")[0],
        placeholders.DOMAIN: subject.domain.ascii,
    }

    def filled(text: str | None) -> str | None:
        return None if text is None else placeholders.expand(text, values).lower()

    return {
        "hostname": filled(server.hostname),
        "port": server.port,
        "socket_type": server.socket_type,
        "url": None if server.url is None else placeholders.expand(server.url, values),
        "username": filled(server.username),
    }


def _is_mail(server: Server) -> bool:
    return server.type in (ServerType.IMAP, ServerType.POP3, ServerType.SMTP)


def _has_mail(candidate: Candidate) -> bool:
    return any(_is_mail(server) for server in candidate.servers)


def _is_complete(candidate: Candidate) -> bool:
    mail = [server for server in candidate.servers if _is_mail(server)]
    ways = {server.type.direction for server in mail if server.socket_type is not SocketType.PLAIN}
    return ways == {Direction.INCOMING, Direction.OUTGOING}


def _proposed(
    chosen: Sequence[tuple[Server, Candidate]], ranked: Sequence[Candidate], uses: Mapping[int, _Use]
) -> Iterable[ProposedServer]:
    keys: set[str] = set()
    for server, origin in chosen:
        keyed = replace(server, key=next_key(server.type, keys))
        keys.add(keyed.key)
        agreeing = [
            candidate.source
            for candidate in ranked
            if any(one.type is server.type and uses[id(one)] == uses[id(server)] for one in candidate.servers)
        ]
        yield ProposedServer(server=keyed, sources=tuple(dict.fromkeys([origin.source, *agreeing])))


def _conflicts(
    chosen: Sequence[Server], ranked: Sequence[Candidate], uses: Mapping[int, _Use]
) -> Iterable[Conflict]:
    """Yield what others list of a proposed type, and the proposal does not."""
    told: set[tuple[str, ServerType, tuple[str, ...]]] = set()
    for candidate in ranked:
        for server in candidate.servers:
            same = [uses[id(other)] for other in chosen if other.type is server.type]
            differing = [_differing(use, uses[id(server)]) for use in same]
            if not differing or () in differing:
                continue
            nearest = min(differing, key=len)
            if (candidate.source, server.type, nearest) not in told:
                told.add((candidate.source, server.type, nearest))
                yield Conflict(source=candidate.source, type=server.type, server=server, differs_in=nearest)
