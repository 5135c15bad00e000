"""What a file of another program came to, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.moving import Belongings, DomainList
    from app.core.servers import Server

    Told = tuple[str, str | None, int | None, str | None]


def told(servers: tuple[Server, ...]) -> list[Told]:
    """Give each server's key and place."""
    return [
        (one.key, one.hostname or one.url, one.port, one.socket_type and one.socket_type.value)
        for one in servers
    ]


def names(found: Belongings | DomainList) -> dict[str, str]:
    """Give each domain with what is particular about it."""
    return {
        str(one.name): "" if one.status == "active" and not one.alias_of else str(one.alias_of or one.status)
        for one in found.domains
    }


def losses(found: Belongings | DomainList) -> dict[str, str]:
    """Give what is lost with the reason."""
    return {loss.subject: loss.reason for loss in found.losses}
