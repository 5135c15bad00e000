"""The ordered servers of an owner: a provider, a domain or a mailbox."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, cast, delete, insert, select

from app.store.mapping import server_from_row, server_to_row
from app.store.rows import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.servers import Server

PROVIDER_OWNER: Final = "provider_id"
DOMAIN_OWNER: Final = "domain_id"
MAILBOX_OWNER: Final = "mailbox_id"

# SQLite takes 32,766 bound values in a statement, PostgreSQL 32,767.
_MOST_OWNERS_AT_ONCE: Final = 1000


SERVER_TEXTS: Final = (
    SERVER.c.hostname, SERVER.c.shared_hostname, SERVER.c.url, SERVER.c.username,
    cast(SERVER.c.options, Text),
)  # fmt: skip
"""All that may name a variable."""


async def servers_of(
    connection: AsyncConnection, owner: str, ids: Sequence[int]
) -> dict[int, tuple[Server, ...]]:
    """Return the servers of several owners of one kind, in order; owners without any are left out."""
    found: defaultdict[int, list[Server]] = defaultdict(list)
    column = SERVER.c[owner]
    for start in range(0, len(ids), _MOST_OWNERS_AT_ONCE):
        chunk = ids[start : start + _MOST_OWNERS_AT_ONCE]
        statement = select(SERVER).where(column.in_(chunk)).order_by(column, SERVER.c.position)
        for row in (await connection.execute(statement)).mappings():
            found[row[owner]].append(server_from_row(dict(row)))
    return {owner_id: tuple(servers) for owner_id, servers in found.items()}


async def insert_servers(
    connection: AsyncConnection, owner: str, servers_by_id: Mapping[int, Iterable[Server]]
) -> None:
    """Store the servers of owners that have none yet."""
    rows = [
        server_to_row(server, position, {owner: owner_id})
        for owner_id, servers in servers_by_id.items()
        for position, server in enumerate(servers)
    ]
    if rows:
        await connection.execute(insert(SERVER), rows)


async def replace_servers(
    connection: AsyncConnection, owner: str, owner_id: int, servers: Sequence[Server]
) -> None:
    """Store an owner's servers in place of those that it had."""
    await connection.execute(delete(SERVER).where(SERVER.c[owner] == owner_id))
    await insert_servers(connection, owner, {owner_id: servers})
