"""Cohorts of domains, who is in them, and what they list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, delete, exists, func, insert, or_, select, text, update

from app.core.cohorts import is_given
from app.core.errors import ConcurrentChange
from app.core.reports import State
from app.store.domains import selection, stored_from_row
from app.store.endpoints import endpoint_row
from app.store.given_endpoints import wake
from app.store.mass_writing import is_among
from app.store.rows import COHORT, DOMAIN, ENDPOINT, LISTING, PROVIDER
from app.store.servers import DOMAIN_OWNER, servers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain
    from app.core.endpoints import Endpoint, Listing
    from app.core.names import DomainName
    from app.core.stored import Stored

_LOCK: Final = 720_913_555
"""Any number that nobody else uses: one at a time assigns domains and removes cohorts."""
_SETTLED, _LISTINGS, _MEMBERS, _USE = "nothing", "listings", "members", "use"
"""What a cohort needs: its listings worked out again, its domains assigned elsewhere, or a domain at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedProvider:
    """A provider that changed since its cohorts were worked out."""

    id: int
    slug: str
    version: int
    words: tuple[str, ...] | None
    """What its servers named then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDomain:
    """A domain that changed since it was put into a cohort, with what it is an alias of."""

    stored: Stored[Domain]
    provider_id: int
    target: Domain | None
    cohort_id: int | None
    """The cohort in which it was until now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListing:
    """Something that a cohort lists, and what is known of it already."""

    listing: Listing
    own_hostname: str | None
    state: State = State.UNTESTED

    def is_given(self, proven: frozenset[str]) -> bool:
        """Tell whether clients are given it while these own names are proven."""
        listing = self.listing
        return is_given(
            listing.endpoint.hostname, self.own_hostname, proven, is_published=listing.is_published
        )


class Cohorts:
    """Cohorts, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    async def lock(self) -> None:
        """Wait until nobody else assigns domains; until the end of the transaction nobody will."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    async def has_work(self) -> bool:
        """Tell whether anything changed since cohorts were worked out."""
        provider = select(PROVIDER.c.id).where(PROVIDER.c.cohort_version != PROVIDER.c.version).limit(1)
        # As the index has it, so that it is used.
        domain = select(DOMAIN.c.id).where(DOMAIN.c.cohort_version != DOMAIN.c.version).limit(1)
        dissolved = select(COHORT.c.id).where(COHORT.c.needs == _MEMBERS)
        member = select(DOMAIN.c.id).where(DOMAIN.c.cohort_id.in_(dissolved)).limit(1)
        cohort = select(COHORT.c.id).where(COHORT.c.needs == _LISTINGS).limit(1)
        for statement in (provider, domain, cohort, member):
            if (await self._connection.execute(statement)).first() is not None:
                return True
        return False

    async def changed_providers(self) -> list[ChangedProvider]:
        """Return the providers that changed."""
        statement = select(PROVIDER.c.id, PROVIDER.c.slug, PROVIDER.c.version, PROVIDER.c.cohort_words).where(
            PROVIDER.c.cohort_version != PROVIDER.c.version
        )
        return [
            ChangedProvider(
                id=row.id,
                slug=row.slug,
                version=row.version,
                words=None if row.cohort_words is None else tuple(row.cohort_words),
            )
            for row in await self._connection.execute(statement)
        ]

    async def note_provider(self, provider: ChangedProvider, words: tuple[str, ...]) -> None:
        """Have a changed provider's cohorts worked out again; dissolved, where it names other variables."""
        needs = _LISTINGS if words == provider.words else _MEMBERS
        of_provider = update(COHORT).where(COHORT.c.provider_id == provider.id)
        if needs == _LISTINGS:
            of_provider = of_provider.where(COHORT.c.needs == _SETTLED)
        await self._connection.execute(of_provider.values(needs=needs))
        await self._connection.execute(
            update(PROVIDER)
            .where(PROVIDER.c.id == provider.id)
            .values(cohort_version=provider.version, cohort_words=list(words))
        )

    async def changed_domains(self, limit: int) -> list[ChangedDomain]:
        """Return domains to be assigned, but for those that somebody is just changing, and keep them."""
        changed = selection().where(DOMAIN.c.cohort_version != DOMAIN.c.version)
        found = await self._assignable(changed, limit)
        if len(found) < limit:
            dissolved = select(COHORT.c.id).where(COHORT.c.needs == _MEMBERS)
            left = selection().where(DOMAIN.c.cohort_id.in_(dissolved))
            ids = {one.stored.id for one in found}
            more = await self._assignable(left, limit - len(found))
            found += [one for one in more if one.stored.id not in ids]
        return found

    async def changed_domain(self, name: DomainName) -> list[ChangedDomain]:
        """Return one domain, if it is to be assigned."""
        dissolved = select(COHORT.c.id).where(COHORT.c.needs == _MEMBERS)
        is_left = or_(DOMAIN.c.cohort_version != DOMAIN.c.version, DOMAIN.c.cohort_id.in_(dissolved))
        return await self._assignable(selection().where(DOMAIN.c.name == name.ascii, is_left), 1)

    async def _assignable(self, statement: Select[Any], limit: int) -> list[ChangedDomain]:
        # Passing over what others hold, we wait for no one, so that no two wait for each other.
        locked = statement.limit(limit).with_for_update(key_share=True, skip_locked=True, of=DOMAIN)
        # Read by the next one: beside a row that somebody just changed stands what was joined with it before.
        found = await self._connection.execute(locked.with_only_columns(DOMAIN.c.id))
        is_kept = is_among(self._connection, DOMAIN.c.id, list(found.scalars()))
        rows = (await self._connection.execute(selection().where(is_kept))).mappings().all()
        target_ids = {row["alias_of_id"] for row in rows if row["alias_of_id"] is not None}
        targets = await self._values(selection().where(DOMAIN.c.id.in_(target_ids))) if target_ids else {}
        values = await self._with_servers(rows)
        return [
            ChangedDomain(
                stored=values[row["id"]],
                provider_id=row["provider_id"],
                target=targets[row["alias_of_id"]].value if row["alias_of_id"] in targets else None,
                cohort_id=row["cohort_id"],
            )
            for row in rows
        ]

    async def _values(self, statement: Select[Any]) -> dict[int, Stored[Domain]]:
        return await self._with_servers((await self._connection.execute(statement)).mappings().all())

    async def _with_servers(self, rows: Sequence[Any]) -> dict[int, Stored[Domain]]:
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return {row["id"]: stored_from_row(row, servers.get(row["id"], ())) for row in rows}

    async def find_or_create(
        self, keys: Collection[tuple[int, str]]
    ) -> tuple[dict[tuple[int, str], int], frozenset[int]]:
        """Return the cohorts with these keys of these providers, and those that have no domains yet."""
        statement = select(COHORT.c.id, COHORT.c.provider_id, COHORT.c.key, COHORT.c.needs).where(
            COHORT.c.provider_id.in_({provider_id for provider_id, _ in keys}),
            is_among(self._connection, COHORT.c.key, sorted({key for _, key in keys})),
        )
        rows = (await self._connection.execute(statement)).all()
        found = {(row.provider_id, row.key): row.id for row in rows}
        revived = [
            row.id for row in rows if row.needs in (_MEMBERS, _USE) and (row.provider_id, row.key) in keys
        ]
        if revived:
            await self._connection.execute(
                update(COHORT).where(COHORT.c.id.in_(revived)).values(needs=_LISTINGS)
            )
        new = [
            {
                "provider_id": provider_id,
                "key": key,
                "needs": _LISTINGS,
                "state": State.UNTESTED,
                "proven": [],
            }
            for provider_id, key in keys
            if (provider_id, key) not in found
        ]
        known = frozenset(found.values())
        if new:
            await self._connection.execute(insert(COHORT), new)
            for row in await self._connection.execute(statement):
                found[row.provider_id, row.key] = row.id
        return found, frozenset(found.values()) - known | frozenset(revived)

    async def proven_of(self, ids: Collection[int]) -> dict[int, frozenset[str]]:
        """Return the proven own names of cohorts, and all other names that they list only proven."""
        wanted = sorted(ids)
        is_one = is_among(self._connection, COHORT.c.id, wanted)
        rows = await self._connection.execute(select(COHORT.c.id, COHORT.c.proven).where(is_one))
        found = {row.id: set(row.proven) for row in rows}
        # Where there is no choice yet, so that one begins with what is known.
        listed = (
            select(LISTING.c.cohort_id, ENDPOINT.c.hostname)
            .select_from(LISTING.join(ENDPOINT, LISTING.c.endpoint_id == ENDPOINT.c.id))
            .where(is_among(self._connection, LISTING.c.cohort_id, wanted))
            .group_by(LISTING.c.cohort_id, ENDPOINT.c.hostname)
            .having(func.min(case((ENDPOINT.c.is_proven, 1), else_=0)) == 1)
        )
        for row in await self._connection.execute(listed):
            found[row.cohort_id].add(row.hostname)
        return {cohort_id: frozenset(names) for cohort_id, names in found.items()}

    async def set_proven(self, proven: Mapping[int, frozenset[str]]) -> None:
        """Write the proven own names of cohorts."""
        statement = (
            update(COHORT)
            .where(COHORT.c.id == bindparam("cohort"))
            .values(proven=bindparam("names", type_=COHORT.c.proven.type))
        )
        values = [{"cohort": cohort_id, "names": sorted(names)} for cohort_id, names in proven.items()]
        if values:
            await self._connection.execute(statement, values)

    async def assign(self, assigned: Sequence[tuple[Stored[Domain], int | None]]) -> None:
        """Put domains into cohorts, or into none; their aliases are to be assigned after them.

        Raises:
            ConcurrentChange: When somebody is just changing one of the aliases.
        """
        await self._note_aliases([stored.id for stored, _ in assigned])
        statement = (
            update(DOMAIN)
            .where(DOMAIN.c.id == bindparam("domain"))
            .values(cohort_id=bindparam("cohort"), cohort_version=bindparam("known"))
        )
        values = [
            {"domain": stored.id, "cohort": cohort_id, "known": stored.version}
            for stored, cohort_id in assigned
        ]
        await self._connection.execute(statement, values)

    async def _note_aliases(self, ids: Sequence[int]) -> None:
        of_these = is_among(self._connection, DOMAIN.c.alias_of_id, ids)
        total = select(func.count()).select_from(DOMAIN).where(of_these)
        count: int = (await self._connection.execute(total)).scalar_one()
        if not count:
            return
        mine = select(DOMAIN.c.id).where(of_these).with_for_update(key_share=True, skip_locked=True)
        aliases = list((await self._connection.execute(mine)).scalars())
        if len(aliases) != count:
            what = "An alias"
            raise ConcurrentChange(what)
        # Versions begin at 1.
        is_alias = is_among(self._connection, DOMAIN.c.id, aliases)
        await self._connection.execute(update(DOMAIN).where(is_alias).values(cohort_version=0))

    async def without_listings(
        self, limit: int, domain: DomainName | None = None
    ) -> list[tuple[int, str | None]]:
        """Return cohorts whose listings are to be worked out, each with the name of one of its domains.

        Args:
            limit: How many at the most.
            domain: The one whose cohort alone is wanted, by its own name.
        """
        members = select(DOMAIN.c.name).where(
            DOMAIN.c.cohort_id == COHORT.c.id, DOMAIN.c.cohort_version == DOMAIN.c.version
        )
        if domain is not None:
            members = members.where(DOMAIN.c.name == domain.ascii)
        member = members.limit(1).correlate(COHORT).scalar_subquery()
        statement = select(COHORT.c.id, member.label("name")).where(COHORT.c.needs == _LISTINGS)
        if domain is not None:
            own = select(DOMAIN.c.cohort_id).where(
                DOMAIN.c.name == domain.ascii, DOMAIN.c.cohort_version == DOMAIN.c.version
            )
            statement = statement.where(COHORT.c.id == own.scalar_subquery())
        found = await self._connection.execute(statement.order_by(COHORT.c.id).limit(limit))
        return [(row.id, row.name) for row in found]

    async def set_unused(self, cohort_id: int) -> None:
        """Have a cohort list nothing until a domain comes to it."""
        await self._connection.execute(delete(LISTING).where(LISTING.c.cohort_id == cohort_id))
        await self._connection.execute(update(COHORT).where(COHORT.c.id == cohort_id).values(needs=_USE))

    async def set_listings(
        self, cohort_id: int, listings: Sequence[NewListing], proven: frozenset[str], now: datetime
    ) -> None:
        """Put listings in place of a cohort's present ones; endpoints that nobody listed are due at once.

        Args:
            cohort_id: The cohort.
            listings: What it lists.
            proven: The own names that its clients are given.
            now: When.
        """
        ids = await self._endpoint_ids([one.listing.endpoint for one in listings], now)
        given = {ids[one.listing.endpoint.key] for one in listings if one.is_given(proven)}
        await wake(self._connection, given, now)
        await self._connection.execute(delete(LISTING).where(LISTING.c.cohort_id == cohort_id))
        rows = [
            {
                "cohort_id": cohort_id,
                "endpoint_id": ids[one.listing.endpoint.key],
                "server": one.listing.server,
                "authentication": [method.value for method in one.listing.authentication],
                "is_published": one.listing.is_published,
                "own_hostname": one.own_hostname,
                "is_given": one.is_given(proven),
                "state": one.state.value,
            }
            for one in listings
        ]
        if rows:
            await self._connection.execute(insert(LISTING), rows)
        settled = update(COHORT).where(COHORT.c.id == cohort_id).values(needs=_SETTLED)
        await self._connection.execute(settled)

    async def _endpoint_ids(self, endpoints: Iterable[Endpoint], now: datetime) -> dict[str, int]:
        by_key = {endpoint.key: endpoint for endpoint in endpoints}
        if not by_key:
            return {}
        statement = select(ENDPOINT.c.key, ENDPOINT.c.id).where(ENDPOINT.c.key.in_(list(by_key)))
        found = {row.key: row.id for row in await self._connection.execute(statement)}
        new = [endpoint_row(endpoint, now) for key, endpoint in by_key.items() if key not in found]
        if new:
            await self._connection.execute(insert(ENDPOINT), new)
            found = {row.key: row.id for row in await self._connection.execute(statement)}
        return found

    async def remove_unused(self, limit: int) -> int:
        """Remove cohorts without domains and endpoints that nobody lists; return how many of both."""
        has_domain = exists().where(DOMAIN.c.cohort_id == COHORT.c.id).correlate(COHORT)
        empty = select(COHORT.c.id).where(~has_domain).limit(limit)
        is_listed = exists().where(LISTING.c.endpoint_id == ENDPOINT.c.id).correlate(ENDPOINT)
        unlisted = select(ENDPOINT.c.id).where(~is_listed).limit(limit)
        removed = 0
        for table, chosen in ((COHORT, empty), (ENDPOINT, unlisted)):
            statement = delete(table).where(table.c.id.in_(chosen.scalar_subquery()))
            removed += (await self._connection.execute(statement)).rowcount
        return removed
