"""Domains by the batch: looked up, stored, changed and removed with a few statements for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, select, update

from app.core.errors import ConcurrentChange
from app.core.records import mta_sts_from_record, tls_reporting_from_record
from app.store.conflicts import conflicts
from app.store.domains import TARGET, selection, stored_from_row
from app.store.mailboxes import mailbox_from_stored_row
from app.store.mapping import domain_to_row, mailbox_to_row, server_to_row
from app.store.mass_writing import insert_rows, is_among, reserve_ids
from app.store.relation_locks import RelationLocks
from app.store.rows import DOMAIN, MAILBOX, PROVIDER, SERVER
from app.store.servers import DOMAIN_OWNER, MAILBOX_OWNER, servers_of
from app.store.sources import FROM_API

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain, Mailbox
    from app.core.names import DomainName
    from app.core.servers import Server
    from app.core.stored import Stored

_WHAT: Final = "One of the domains"
_COMPARED: Final = ("variables", "status", "published_name", "reference", "serves_mx")


class PresentDomain:
    """A stored domain, made a value only where somebody needs one."""

    __slots__ = ("_row", "_servers", "_stored")

    def __init__(self, row: Mapping[str, Any], servers: tuple[Server, ...]) -> None:
        """Take the columns and the domain's own servers."""
        self._row = row
        self._servers = servers
        self._stored: Stored[Domain] | None = None

    @property
    def id(self) -> int:
        """The row's number."""
        found: int = self._row["id"]
        return found

    @property
    def provider(self) -> str:
        """The provider's slug."""
        found: str = self._row["provider_slug"]
        return found

    @property
    def alias_of(self) -> str | None:
        """The name of the domain that it is an alias of."""
        found: str | None = self._row["alias_name"]
        return found

    @property
    def version(self) -> int:
        """The present version."""
        found: int = self._row["version"]
        return found

    @property
    def stored(self) -> Stored[Domain]:
        """The domain as it is stored."""
        if self._stored is None:
            self._stored = stored_from_row(self._row, self._servers)
        return self._stored

    def is_same_as(self, domain: Domain) -> bool:
        """Tell whether nothing would change."""
        row, alias_of = self._row, domain.alias_of
        if row["provider_slug"] != domain.provider or self._servers != domain.servers:
            return False
        if row["alias_name"] != (None if alias_of is None else alias_of.ascii):
            return False
        # Their rows hold lists, where a domain's own columns have tuples until they are written.
        if mta_sts_from_record(row["mta_sts"]) != domain.mta_sts:
            return False
        if tls_reporting_from_record(row["tls_reporting"]) != domain.tls_reporting:
            return False
        wanted = domain_to_row(domain, 0, None)
        return all(row[name] == wanted[name] for name in _COMPARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedDomain:
    """A domain with the numbers of what it belongs to."""

    stored: Stored[Domain]
    provider_id: int
    alias_of_id: int | None


class DomainBatches:
    """Batches of domains, within one transaction; what was looked up is locked until its end."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        self._locks = RelationLocks(connection)

    async def look_up(self, names: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Return those of the named domains that are stored: provider, and target of an alias, as of now."""
        if not names:
            return {}
        statement = selection().where(is_among(self._connection, DOMAIN.c.name, names))
        columns = (DOMAIN.c.name, PROVIDER.c.slug, TARGET.c.name.label("alias_name"))
        rows = await self._connection.execute(statement.with_only_columns(*columns))
        return {row.name: (row.slug, row.alias_name) for row in rows}

    async def find(self, names: Sequence[str]) -> dict[str, PresentDomain]:
        """Return those of the named domains that are stored, and keep others from changing them."""
        if self._locks.are_needed:
            # Those alone: what was stored since then is not ours yet.
            is_meant = is_among(self._connection, DOMAIN.c.id, await self._locks.keep_named(names))
        else:
            is_meant = is_among(self._connection, DOMAIN.c.name, names)
        statement = selection().where(is_meant).order_by(DOMAIN.c.name)
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return {row["name"]: PresentDomain(row, servers.get(row["id"], ())) for row in rows}

    async def page(
        self, *, after: str, limit: int, provider: str | None, aliases: bool
    ) -> list[Stored[Domain]]:
        """Return domains by name, those behind ``after``: aliases only, or all others only."""
        is_alias = DOMAIN.c.alias_of_id.is_not(None) if aliases else DOMAIN.c.alias_of_id.is_(None)
        statement = selection().where(is_alias, DOMAIN.c.name > after)
        if provider is not None:
            statement = statement.where(PROVIDER.c.slug == provider)
        ordered = statement.order_by(DOMAIN.c.name).limit(limit)
        rows = (await self._connection.execute(ordered)).mappings().all()
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return [stored_from_row(row, servers.get(row["id"], ())) for row in rows]

    async def alias_counts(self, domain_ids: Sequence[int]) -> dict[int, int]:
        """Return how many aliases domains have, those that have any."""
        if not domain_ids:
            return {}
        statement = (
            select(DOMAIN.c.alias_of_id, func.count())
            .where(is_among(self._connection, DOMAIN.c.alias_of_id, domain_ids))
            .group_by(DOMAIN.c.alias_of_id)
        )
        found = await self._connection.execute(statement)
        return {row[0]: row[1] for row in found}

    async def mailboxes_of(self, domains: Mapping[int, DomainName]) -> dict[int, list[Stored[Mailbox]]]:
        """Return the mailboxes of domains by key, for those that have any."""
        if not domains:
            return {}
        condition = is_among(self._connection, MAILBOX.c.domain_id, list(domains))
        statement = select(MAILBOX).where(condition).order_by(MAILBOX.c.domain_id, MAILBOX.c.key)
        rows = (await self._connection.execute(statement)).mappings().all()
        found: dict[int, list[Stored[Mailbox]]] = {}
        servers = await servers_of(self._connection, MAILBOX_OWNER, [row["id"] for row in rows])
        for row in rows:
            name = domains[row["domain_id"]]
            found.setdefault(row["domain_id"], []).append(mailbox_from_stored_row(dict(row), name, servers))
        return found

    async def reserve_ids(self, count: int) -> list[int]:
        """Return numbers for domains that are to be stored."""
        return await reserve_ids(self._connection, DOMAIN, count)

    async def insert(self, placed: Sequence[PlacedDomain]) -> None:
        """Store domains that are not there yet, under their reserved numbers.

        Raises:
            ConcurrentChange: When one is there by now, or what it refers to is gone.
        """
        # Always in one order, and what others are aliases of before those.
        ordered = sorted(placed, key=lambda one: (one.alias_of_id is not None, one.stored.value.name.ascii))
        rows = [{"id": one.stored.id, **_columns(one), "source": FROM_API} for one in ordered]
        await insert_rows(self._connection, DOMAIN, rows)
        await self._insert_servers(DOMAIN_OWNER, {one.stored.id: one.stored.value.servers for one in ordered})

    async def replace(self, placed: Sequence[PlacedDomain], *, servers_of_ids: frozenset[int]) -> None:
        """Store domains in place of those that were looked up, each in its next version.

        Args:
            placed: The domains.
            servers_of_ids: Those whose own servers are others than before.

        Raises:
            ConcurrentChange: When what one refers to is gone.
        """
        if not placed:
            return
        ordered = sorted(placed, key=lambda one: one.stored.value.name.ascii)
        rows = [
            {**_columns(one), "source": FROM_API, "b_id": one.stored.id, "b_version": one.stored.version - 1}
            for one in ordered
        ]
        for row in rows:
            del row["created_at"]
        statement = update(DOMAIN).where(
            DOMAIN.c.id == bindparam("b_id"), DOMAIN.c.version == bindparam("b_version")
        )
        with conflicts(_WHAT):
            await self._connection.execute(statement, rows)
        if servers_of_ids:
            owned = is_among(self._connection, SERVER.c.domain_id, sorted(servers_of_ids))
            await self._connection.execute(delete(SERVER).where(owned))
            own = {one.stored.id: one.stored.value.servers for one in ordered}
            await self._insert_servers(
                DOMAIN_OWNER, {key: servers for key, servers in own.items() if key in servers_of_ids}
            )

    async def delete(self, domains: Sequence[Stored[Domain]]) -> None:
        """Remove domains that no others are aliases of, with their mailboxes and servers.

        Raises:
            ConcurrentChange: When one is gone, or has an alias by now.
        """
        aliases = [one.id for one in domains if one.value.alias_of is not None]
        others = [one.id for one in domains if one.value.alias_of is None]
        for ids in (aliases, others):
            if ids:
                with conflicts(_WHAT):
                    condition = is_among(self._connection, DOMAIN.c.id, ids)
                    result = await self._connection.execute(delete(DOMAIN).where(condition))
                if result.rowcount != len(ids):
                    raise ConcurrentChange(_WHAT)

    async def insert_mailboxes(self, mailboxes: Sequence[tuple[int, Mailbox]], now: datetime) -> None:
        """Store mailboxes that are not there yet, each with its domain's number."""
        ids = await reserve_ids(self._connection, MAILBOX, len(mailboxes))
        rows = [
            {
                "id": mailbox_id,
                **mailbox_to_row(mailbox, domain_id),
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }
            for mailbox_id, (domain_id, mailbox) in zip(ids, mailboxes, strict=True)
        ]
        await insert_rows(self._connection, MAILBOX, rows)
        own = {mailbox_id: one[1].servers for mailbox_id, one in zip(ids, mailboxes, strict=True)}
        await self._insert_servers(MAILBOX_OWNER, own)

    async def _insert_servers(self, owner: str, servers_by_id: Mapping[int, Iterable[Server]]) -> None:
        rows = [
            server_to_row(server, position, {owner: owner_id})
            for owner_id, servers in servers_by_id.items()
            for position, server in enumerate(servers)
        ]
        await insert_rows(self._connection, SERVER, rows)


def _columns(placed: PlacedDomain) -> dict[str, Any]:
    stored = placed.stored
    return {
        **domain_to_row(stored.value, placed.provider_id, placed.alias_of_id),
        "version": stored.version,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }
