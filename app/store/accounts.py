"""What a discovery request needs, in as few statements as can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import and_, bindparam, func, or_, select

from app.core.account import ListedDomain
from app.core.names import DomainName
from app.core.provider import SUBADDRESS_SEPARATORS
from app.store.mapping import domain_from_row, mailbox_from_row, provider_from_row, server_from_row
from app.store.rows import COHORT, DOMAIN, MAILBOX, PROVIDER, SERVER
from app.store.standings import Standing, standing_statement, standings_statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, RowMapping, Select, Table, TextClause
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.selectable import FromClause

    from app.core.domains import Domain, Mailbox
    from app.core.names import EmailAddress
    from app.core.provider import Provider
    from app.core.servers import Server

MAX_LISTED_DOMAINS: Final = 500
"""No document names more domains than this: a host's customer list is nobody's business."""

_TARGET = DOMAIN.alias("target")


def _labelled(table: Table | FromClause, prefix: str) -> list[Any]:
    # What verification keeps there for itself no answer needs, and some of it is JSON to be decoded.
    wanted = (column for column in table.c if not column.name.startswith("cohort_"))
    return [column.label(f"{prefix}{column.name}") for column in wanted]


def _account_statement() -> Select[Any]:
    """Everything about one domain but servers: a row for each of the mailboxes, or one without."""
    base_id = func.coalesce(DOMAIN.c.alias_of_id, DOMAIN.c.id)
    of_keys = MAILBOX.c.key.in_(bindparam("keys", expanding=True))
    source = (
        DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id)
        .outerjoin(_TARGET, DOMAIN.c.alias_of_id == _TARGET.c.id)
        .outerjoin(MAILBOX, and_(MAILBOX.c.domain_id == base_id, of_keys))
        .outerjoin(COHORT, DOMAIN.c.cohort_id == COHORT.c.id)
    )
    columns = (
        *_labelled(DOMAIN, "d_"),
        *_labelled(_TARGET, "t_"),
        *_labelled(PROVIDER, "p_"),
        *_labelled(MAILBOX, "m_"),
        COHORT.c.proven.label("c_proven"),
    )
    return select(*columns).select_from(source).where(DOMAIN.c.name == bindparam("name"))


# Built once: putting a statement together costs more than running it.
_ACCOUNT: Final = _account_statement()
_SERVERS: Final = (
    select(SERVER)
    .where(
        or_(
            SERVER.c.provider_id == bindparam("provider"),
            SERVER.c.domain_id == bindparam("domain"),
            # Equal to nothing where there is no mailbox and the value is NULL.
            SERVER.c.mailbox_id == bindparam("mailbox"),
        )
    )
    .order_by(SERVER.c.position)
)
_LISTED: Final = (
    select(DOMAIN.c.name, DOMAIN.c.serves_mx)
    .where(DOMAIN.c.provider_id == bindparam("provider"), DOMAIN.c.status == "active")
    # By the index of names within a provider, which ends at the limit; any other order sorts them all.
    .order_by(DOMAIN.c.name)
    .limit(MAX_LISTED_DOMAINS)
)
_ACTIVE: Final = (
    select(
        DOMAIN.c.name,
        or_(
            DOMAIN.c.mta_sts.is_not(None), _TARGET.c.mta_sts.is_not(None), PROVIDER.c.mta_sts.is_not(None)
        ).label("has_mta_sts"),
    )
    .select_from(
        DOMAIN.join(PROVIDER, DOMAIN.c.provider_id == PROVIDER.c.id).outerjoin(
            _TARGET, DOMAIN.c.alias_of_id == _TARGET.c.id
        )
    )
    .where(
        DOMAIN.c.name.in_(bindparam("names", expanding=True)),
        DOMAIN.c.status == "active",
        func.coalesce(_TARGET.c.status, "active") == "active",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """A domain with all that resolving needs."""

    provider: Provider
    domain: Domain
    target: Domain | None
    mailbox: Mailbox | None
    listed_domains: tuple[ListedDomain, ...]
    proven_hostnames: frozenset[str] = frozenset()
    """Own host names whose certificate verification has proved valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveDomain:
    """A domain that is answered for, without what it resolves to."""

    has_mta_sts: bool
    """Whether there is a policy for it, its own or another's."""


class Rows(Protocol):
    """Runs a statement of a read-only transaction."""

    dialect: str
    """The database's name in SQLAlchemy."""

    async def first(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Any] | None:
        """Return the first row."""
        ...

    async def many(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Return all rows of a statement in text."""
        ...

    async def all(self, statement: Select[Any], values: dict[str, Any]) -> Sequence[RowMapping]:
        """Return all rows."""
        ...


class AsyncRows:
    """Rows of an asynchronous connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take a connection with a transaction under way."""
        self._connection = connection
        self.dialect = connection.dialect.name

    async def first(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Any] | None:
        """Return the first row."""
        return (await self._connection.execute(statement, values)).first()

    async def many(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Return all rows of a statement in text."""
        return (await self._connection.execute(statement, values)).all()

    async def all(self, statement: Select[Any], values: dict[str, Any]) -> Sequence[RowMapping]:
        """Return all rows."""
        result = await self._connection.execute(statement, values)
        rows: Sequence[RowMapping] = result.mappings().all()
        return rows


class ImmediateRows:
    """Rows of a connection that answers in this thread; nothing is ever awaited."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection with a transaction under way."""
        self._connection = connection
        self.dialect = connection.dialect.name

    async def first(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Any] | None:
        """Return the first row."""
        return self._connection.execute(statement, values).first()

    async def many(self, statement: TextClause, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Return all rows of a statement in text."""
        return self._connection.execute(statement, values).all()

    async def all(self, statement: Select[Any], values: dict[str, Any]) -> Sequence[RowMapping]:
        """Return all rows."""
        rows: Sequence[RowMapping] = self._connection.execute(statement, values).mappings().all()
        return rows


class Accounts:
    """Reads for discovery, within one read-only transaction."""

    def __init__(self, rows: Rows) -> None:
        """Take the transaction."""
        self._rows = rows

    async def find(
        self, name: DomainName, address: EmailAddress | None = None, *, listed: bool = False
    ) -> StoredAccount | None:
        """Return what is stored for a domain, whatever its status, and for one mailbox.

        Args:
            name: The domain.
            address: The address whose mailbox is wanted, in this domain.
            listed: Whether the provider's other domains are wanted.
        """
        wanted = {"name": name.ascii, "keys": possible_keys(address)}
        rows = await self._rows.all(_ACCOUNT, wanted)
        if not rows:
            return None
        parts = [_parts(dict(row)) for row in rows]
        return await self._built(parts[0], _chosen_mailbox(parts, address), listed=listed)

    async def find_standing(self, name: DomainName) -> Standing | None:
        """Return the columns that decide the domain's documents, as ``app.store.standings`` reads them."""
        row = await self._rows.first(standing_statement(self._rows.dialect), {"name": name.ascii})
        return None if row is None else Standing(*row)

    async def standings(self, after: str, limit: int) -> list[Standing]:
        """Return the same of many domains by name, those behind ``after``."""
        statement = standings_statement(self._rows.dialect)
        rows = await self._rows.many(statement, {"after": after, "limit": limit})
        return [Standing(*row) for row in rows]

    async def count(self) -> int:
        """Return how many domains are stored, whatever their status."""
        rows = await self._rows.all(select(func.count().label("domains")).select_from(DOMAIN), {})
        found: int = rows[0]["domains"]
        return found

    async def find_active(self, names: Sequence[DomainName]) -> dict[DomainName, ActiveDomain]:
        """Return those of the named domains that are active, and whose target is where they have one."""
        rows = await self._rows.all(_ACTIVE, {"names": [name.ascii for name in names]})
        return {DomainName(row["name"]): ActiveDomain(has_mta_sts=row["has_mta_sts"]) for row in rows}

    async def _built(
        self, parts: dict[str, dict[str, Any]], mailbox: dict[str, Any] | None, *, listed: bool
    ) -> StoredAccount:
        domain, provider = parts["d"], parts["p"]
        target = parts["t"] if parts["t"]["id"] is not None else None
        base = target or domain
        servers = await self._servers(provider["id"], base["id"], mailbox["id"] if mailbox else None)
        known = {"provider_slug": provider["slug"], "alias_name": None}
        own = servers["domain_id"]
        if target is None:
            value, target_value = domain_from_row({**domain, **known}, own), None
        else:
            value = domain_from_row({**domain, **known, "alias_name": target["name"]}, ())
            target_value = domain_from_row({**target, **known}, own)
        return StoredAccount(
            provider=provider_from_row(provider, servers["provider_id"]),
            domain=value,
            target=target_value,
            mailbox=None
            if mailbox is None
            else mailbox_from_row(mailbox, DomainName(base["name"]), servers["mailbox_id"]),
            listed_domains=await self._listed(provider) if listed else (),
            proven_hostnames=frozenset(parts["c"]["proven"] or ()),
        )

    async def _servers(
        self, provider_id: int, domain_id: int, mailbox_id: int | None
    ) -> dict[str, list[Server]]:
        owners = {"provider": provider_id, "domain": domain_id, "mailbox": mailbox_id}
        found: dict[str, list[Server]] = {"provider_id": [], "domain_id": [], "mailbox_id": []}
        for row in await self._rows.all(_SERVERS, owners):
            owner = next(name for name in found if row[name] is not None)
            found[owner].append(server_from_row(dict(row)))
        return found

    async def _listed(self, provider: dict[str, Any]) -> tuple[ListedDomain, ...]:
        if not provider["list_domains"]:
            return ()
        rows = await self._rows.all(_LISTED, {"provider": provider["id"]})
        return tuple(ListedDomain(name=DomainName(row["name"]), serves_mx=row["serves_mx"]) for row in rows)


def _parts(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = {"d": {}, "t": {}, "p": {}, "m": {}, "c": {}}
    for name, value in row.items():
        parts[name[0]][name[2:]] = value
    return parts


def possible_keys(address: EmailAddress | None) -> tuple[str, ...]:
    """Return all that the mailbox may be called; which separator counts is the provider's to say."""
    if address is None:
        return ()
    bases = (address.without_tag(separator).key for separator in SUBADDRESS_SEPARATORS)
    return tuple(dict.fromkeys((address.key, *bases)))


def _chosen_mailbox(
    parts: list[dict[str, dict[str, Any]]], address: EmailAddress | None
) -> dict[str, Any] | None:
    """Prefer the address as it was typed to the one without its sub-address."""
    if address is None:
        return None
    by_key = {row["m"]["key"]: row["m"] for row in parts if row["m"]["id"] is not None}
    separator = parts[0]["p"]["subaddress_separator"]
    base = address.without_tag(separator).key if separator else address.key
    return by_key.get(address.key) or by_key.get(base)
