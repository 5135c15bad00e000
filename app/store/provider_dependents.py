"""Who relies on a provider's servers and variables: sets of values, and owners of servers that name some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, String, Text, and_, case, cast, exists, func, not_, or_, select

from app.core.domains import PublishedName
from app.core.names import DomainName
from app.core.provider_changes import Dependent, ValueSet
from app.store.domains import selection, stored_from_row
from app.store.mailboxes import mailbox_from_stored_row
from app.store.mass_writing import is_among
from app.store.rows import DOMAIN, MAILBOX, SERVER
from app.store.servers import DOMAIN_OWNER, MAILBOX_OWNER, SERVER_TEXTS, servers_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Subquery
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.domains import Domain
    from app.core.provider_changes import ValueQuery
    from app.core.servers import ServerType
    from app.core.stored import Stored

_BATCH: Final = 200
_ANY: Final[Mapping[str, str | None]] = {}
_TARGET: Final = DOMAIN.alias("target")
_DOMAINS: Final = DOMAIN.outerjoin(_TARGET, DOMAIN.c.alias_of_id == _TARGET.c.id)
_MAILBOXES: Final = MAILBOX.join(DOMAIN, MAILBOX.c.domain_id == DOMAIN.c.id)
# An alias has the servers of its target.
_HOLDER: Final = func.coalesce(DOMAIN.c.alias_of_id, DOMAIN.c.id)
# Before a name of at most 253 characters; of all such texts the longest name's is the greatest.
_LENGTH_OFFSET: Final = 1000
_LENGTH_DIGITS: Final = 4


class ProviderDependents:
    """Those that rely on a provider, within one transaction, in batches."""

    def __init__(self, connection: AsyncConnection, leaving: Collection[str] = ()) -> None:
        """Take the transaction's connection, and domains that do not count, nor do their mailboxes."""
        self._connection = connection
        self._leaving = leaving

    def without(self, leaving: Collection[str]) -> ProviderDependents:
        """Return those that stay once the domains of these names leave, which have no aliases."""
        return ProviderDependents(self._connection, leaving)

    def _is_of(self, provider_id: int) -> ColumnElement[bool]:
        """Return the condition that a domain counts."""
        is_its = DOMAIN.c.provider_id == provider_id
        if not self._leaving:
            return is_its
        return and_(is_its, not_(is_among(self._connection, DOMAIN.c.name, sorted(self._leaving))))

    async def domain_values(
        self, provider_id: int, query: ValueQuery, *, limit: int, like: Mapping[str, str | None] = _ANY
    ) -> AsyncGenerator[list[ValueSet], None]:
        """Yield the distinct sets of values of a provider's domains, those that most have first.

        Args:
            provider_id: The provider.
            query: What tells sets apart.
            limit: How many sets at the most.
            like: Values, None where there is none: only sets that have these, whatever else they have.
        """
        own = _own_types(provider_id, DOMAIN_OWNER, query.types)
        values = {name: func.coalesce(_value(DOMAIN, name), _value(_TARGET, name)) for name in query.names}
        columns = [
            *(values[name].label(f"value_{place}") for place, name in enumerate(query.names)),
            *(func.coalesce(own.c[name], 0).label(name) for name in _flags(query.types)),
        ]
        found = (
            select(DOMAIN.c.name, DOMAIN.c.published_name, *columns)
            .select_from(_DOMAINS.outerjoin(own, own.c.owner == _HOLDER))
            .where(self._is_of(provider_id), *_lacks(query, values))
        )
        async for batch in self._value_sets(found.subquery(), query, limit, like):
            yield batch

    async def mailbox_values(
        self, provider_id: int, query: ValueQuery, *, limit: int, like: Mapping[str, str | None] = _ANY
    ) -> AsyncGenerator[list[ValueSet], None]:
        """Yield the same of mailboxes that have a value of their own for one of the variables."""
        own = _own_types(provider_id, MAILBOX_OWNER, query.types)
        of_domain = _own_types(provider_id, DOMAIN_OWNER, query.types)
        values = {name: func.coalesce(_value(MAILBOX, name), _value(DOMAIN, name)) for name in query.names}
        has_own = or_(*(_value(MAILBOX, name).is_not(None) for name in query.names))
        columns = [
            *(values[name].label(f"value_{place}") for place, name in enumerate(query.names)),
            *(func.coalesce(own.c[name], of_domain.c[name], 0).label(name) for name in _flags(query.types)),
            case((MAILBOX.c.login.is_not(None), 1), else_=0).label("has_login"),
        ]
        found = (
            select(DOMAIN.c.name, DOMAIN.c.published_name, *columns)
            .select_from(
                _MAILBOXES.outerjoin(own, own.c.owner == MAILBOX.c.id).outerjoin(
                    of_domain, of_domain.c.owner == DOMAIN.c.id
                )
            )
            .where(self._is_of(provider_id), has_own, *_lacks(query, values))
        )
        async for batch in self._value_sets(found.subquery(), query, limit, like):
            yield batch

    async def _value_sets(
        self, found: Subquery, query: ValueQuery, limit: int, like: Mapping[str, str | None]
    ) -> AsyncGenerator[list[ValueSet], None]:
        # Grouped outside: to PostgreSQL, two uses of one parameter are two expressions.
        parts = [column for column in found.c if column.name != "name"]
        example = func.min(found.c.name).label("example")
        longest = func.max(
            cast(_LENGTH_OFFSET + func.length(found.c.name, type_=Integer), String) + found.c.name
        ).label("longest")
        names = [example, longest] if query.by_length else [example]
        statement = (
            select(*parts, *names).group_by(*parts).order_by(func.count().desc(), example).limit(limit)
        )
        for place, name in enumerate(query.names):
            if name in like:
                # None is compared by IS NULL.
                statement = statement.where(found.c[f"value_{place}"] == like[name])
        async with self._connection.stream(statement) as result:
            async for rows in result.mappings().partitions(_BATCH):
                yield [_value_set(row, query) for row in rows]

    async def owners_naming(
        self, provider_id: int, variables: Collection[str], *, limit: int
    ) -> AsyncGenerator[list[Dependent], None]:
        """Yield domains whose own servers name one of the variables that they have no value for.

        Args:
            provider_id: The provider.
            variables: The names.
            limit: How many at the most.
        """
        statement = (
            select(DOMAIN.c.id, DOMAIN.c.name, DOMAIN.c.alias_of_id)
            .select_from(_DOMAINS)
            .where(self._is_of(provider_id), _domain_names(variables))
            .order_by(DOMAIN.c.name)
        )
        after = ""
        for size in _sizes(limit):
            page = statement.where(DOMAIN.c.name > after).limit(size)
            rows = (await self._connection.execute(page)).all()
            if not rows:
                return
            after = rows[-1].name
            targets = {row.alias_of_id for row in rows} - {None}
            domains = await self._domains({row.id for row in rows} | targets)
            yield [
                Dependent(domain=domains[row.id].value, target=_target(domains, row.alias_of_id))
                for row in rows
            ]

    async def _domains(self, ids: Iterable[int]) -> dict[int, Stored[Domain]]:
        statement = selection().where(DOMAIN.c.id.in_(sorted(set(ids))))
        rows = (await self._connection.execute(statement)).mappings().all()
        servers = await servers_of(self._connection, DOMAIN_OWNER, [row["id"] for row in rows])
        return {row["id"]: stored_from_row(row, servers.get(row["id"], ())) for row in rows}

    async def mailboxes_naming(
        self, provider_id: int, variables: Collection[str], *, limit: int
    ) -> AsyncGenerator[list[Dependent], None]:
        """Yield mailboxes whose login or servers, or whose domain's, name what they have no value for."""
        statement = (
            select(MAILBOX, DOMAIN.c.name.label("domain_name"))
            .select_from(_MAILBOXES)
            .where(self._is_of(provider_id), or_(*map(_mailbox_names, variables)))
            .order_by(DOMAIN.c.name, MAILBOX.c.key)
        )
        name, key = "", ""
        for size in _sizes(limit):
            is_behind = or_(DOMAIN.c.name > name, MAILBOX.c.key > key)
            page = statement.where(DOMAIN.c.name >= name, is_behind).limit(size)
            rows = (await self._connection.execute(page)).mappings().all()
            if not rows:
                return
            name, key = rows[-1]["domain_name"], rows[-1]["key"]
            domains = await self._domains(row["domain_id"] for row in rows)
            servers = await servers_of(self._connection, MAILBOX_OWNER, [row["id"] for row in rows])
            yield [
                Dependent(
                    domain=domain, mailbox=mailbox_from_stored_row(dict(row), domain.name, servers).value
                )
                for row in rows
                for domain in (domains[row["domain_id"]].value,)
            ]


def _target(domains: Mapping[int, Stored[Domain]], alias_of_id: int | None) -> Domain | None:
    return None if alias_of_id is None else domains[alias_of_id].value


def _value(table: Any, name: str) -> ColumnElement[str]:  # noqa: ANN401 - a table or an alias of one
    value: ColumnElement[str] = table.c.variables[name].as_string()
    return value


def _lacks(query: ValueQuery, values: dict[str, Any]) -> list[ColumnElement[bool]]:
    if not query.lacking:
        return []
    return [or_(*(values[name].is_(None) for name in query.lacking))]


def _flags(types: Sequence[ServerType]) -> list[str]:
    return [f"has_{server_type.value}" for server_type in types]


def _own_types(provider_id: int, owner: str, types: Sequence[ServerType]) -> Subquery:
    """Return who has servers of these types, with a column for each: 1 for those that it has, or NULL."""
    flags = [
        func.max(case((SERVER.c.type == server_type.value, 1))).label(flag)
        for server_type, flag in zip(types, _flags(types), strict=True)
    ]
    column = SERVER.c[owner]
    owned = (
        SERVER.join(DOMAIN, column == DOMAIN.c.id)
        if owner == DOMAIN_OWNER
        else SERVER.join(MAILBOX, column == MAILBOX.c.id).join(DOMAIN, MAILBOX.c.domain_id == DOMAIN.c.id)
    )
    is_counted = SERVER.c.type.in_([server_type.value for server_type in types])
    return (
        select(column.label("owner"), *flags)
        .select_from(owned)
        .where(DOMAIN.c.provider_id == provider_id, is_counted)
        .group_by(column)
        .subquery()
    )


def _names(variable: str) -> ColumnElement[bool]:
    """Return the condition that a server's texts hold a variable."""
    return or_(*(text.contains(f"%{variable}%", autoescape=True) for text in SERVER_TEXTS))


def _domain_names(variables: Iterable[str]) -> ColumnElement[bool]:
    lacks_named = (
        and_(_value(DOMAIN, name).is_(None), _value(_TARGET, name).is_(None), _names(name))
        for name in variables
    )
    return exists().where(SERVER.c.domain_id == _HOLDER, or_(*lacks_named)).correlate(DOMAIN, _TARGET)


def _mailbox_names(variable: str) -> ColumnElement[bool]:
    own = exists().where(SERVER.c.mailbox_id == MAILBOX.c.id, _names(variable))
    of_domain = exists().where(SERVER.c.domain_id == DOMAIN.c.id, _names(variable))
    # Without variables of its own a mailbox has its domain's servers as the domain has them.
    differs = cast(MAILBOX.c.variables, Text) != "{}"
    return and_(
        _value(MAILBOX, variable).is_(None),
        _value(DOMAIN, variable).is_(None),
        or_(
            MAILBOX.c.login.contains(f"%{variable}%", autoescape=True),
            own.correlate(MAILBOX, DOMAIN),
            and_(differs, of_domain.correlate(MAILBOX, DOMAIN)),
        ),
    )


def _sizes(limit: int) -> Iterable[int]:
    """Return the sizes of batches that come to the limit."""
    return (min(_BATCH, limit - start) for start in range(0, limit, _BATCH))


def _value_set(row: Any, query: ValueQuery) -> ValueSet:  # noqa: ANN401 - a row's mapping
    values = {name: row[f"value_{place}"] for place, name in enumerate(query.names)}
    names = [row["example"]]
    if query.by_length:
        names.append(row["longest"][_LENGTH_DIGITS:])
    flags = zip(query.types, _flags(query.types), strict=True)
    return ValueSet(
        values={name: value for name, value in values.items() if value is not None},
        published_name=PublishedName(row["published_name"]),
        own_types=frozenset(server_type for server_type, flag in flags if row[flag]),
        is_of_mailboxes="has_login" in row,
        has_login=bool(row.get("has_login")),
        names=tuple(map(DomainName, dict.fromkeys(names))),
    )
