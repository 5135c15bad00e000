"""What was found, held against what is stored for the domain. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.core.servers import ServerType
from app.discovery.ranking import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.core.candidates import Subject
    from app.core.servers import Server
    from app.discovery.ranking import Proposal


class Standing(StrEnum):
    """How a server stands on both sides."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_STORED = "not-stored"
    """Clients find it, and nothing of its type is stored."""
    NOT_FOUND = "not-found"
    """It is stored, and clients find nothing of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedServer:
    """A server, found or stored or both."""

    standing: Standing
    type: ServerType
    found: Server | None = None
    stored: Server | None = None
    differs_in: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """What lists the found one."""


def compare(proposal: Proposal, stored: Sequence[Server], subject: Subject) -> tuple[ComparedServer, ...]:
    """Compare the proposal with stored servers, whose names are filled in.

    Each server of the proposal has one entry; stored ones that clients find nothing of have one each. A
    stored server beside one of its type that is found is not missed: formats publish one of a type.
    """
    return tuple(_compared(proposal, stored, subject))


def _compared(proposal: Proposal, stored: Sequence[Server], subject: Subject) -> Iterator[ComparedServer]:
    for proposed in proposal.servers:
        server = proposed.server
        ours = [one for one in stored if one.type is server.type]
        if not ours:
            yield ComparedServer(
                standing=Standing.NOT_STORED, type=server.type, found=server, sources=proposed.sources
            )
            continue
        nearest = min(ours, key=lambda one: len(differences(one, server, subject)))
        differs_in = differences(nearest, server, subject)
        yield ComparedServer(
            standing=Standing.DIFFERENT if differs_in else Standing.SAME,
            type=server.type,
            found=server,
            stored=nearest,
            differs_in=differs_in,
            sources=proposed.sources,
        )
    found = {proposed.server.type for proposed in proposal.servers}
    for server in stored:
        if server.type not in found and server.type is not ServerType.WEBMAIL:
            yield ComparedServer(standing=Standing.NOT_FOUND, type=server.type, stored=server)
