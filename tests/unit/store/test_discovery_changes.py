"""What documents are made of is compared, and its changes are told of: each column, or a reason why not."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.store.accounts import Accounts, AsyncRows
from app.store.change_watching import CHANNEL, Reach, reach_between, read_generation, teller
from app.store.detached import open_detached
from app.store.rows import COHORT, DOMAIN, MAILBOX, PROVIDER, SERVER
from app.store.standings import Standing, open_sqlite
from sqlalchemy import func, select, text, update
from sqlalchemy.engine import make_url

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import ON_POSTGRESQL, opened, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    import asyncpg
    from app.store.unit_of_work import Store
    from sqlalchemy import Column, Table, Update

TIMES: Final = {"created_at", "updated_at"}
# Documents are made of all other columns; of a mailbox and a server any change is told.
UNSEEN: Final[dict[str, set[str]]] = {
    "domain": {"reference", "source", "node", "cohort_version", *TIMES},
    "provider": {"source", "cohort_version", "cohort_words", *TIMES},
    "cohort": {"provider_id", "key", "needs", "state"},
    "mailbox": set(),
    "server": set(),
}
OWNERS: Final = {"provider_id", "domain_id", "mailbox_id"}
NAME: Final = "customer.example"


REFERENCES: Final = {"provider_id": PROVIDER, "alias_of_id": DOMAIN, "domain_id": DOMAIN, "cohort_id": COHORT}


def other_value(column: Column[Any]) -> Any:
    """Return one that the first row of a table has not."""
    if column.name in REFERENCES:
        return select(func.max(REFERENCES[column.name].c.id)).scalar_subquery()
    if column.name in TIMES:
        return datetime(2030, 1, 1, tzinfo=UTC)
    return {str: "x", int: 99, bool: True}.get(column.type.python_type, {"X": "y"})


def columns_of(table: Table) -> list[Column[Any]]:
    """Return what may change; a server's one owner never does."""
    fixed = {"id", *(OWNERS if table is SERVER else ())}
    return [column for column in table.columns if column.name not in fixed]


class Told(NamedTuple):
    """What was told since it was asked last."""

    reach: Reach
    names: set[str]
    """Empty where all domains are meant."""
    times: int


NOTHING: Final = Told(Reach.NOTHING, set(), 0)


@asynccontextmanager
async def telling(store: Store, database_url: str) -> AsyncIterator[Callable[[], Awaitable[Told]]]:
    """Give what tells what a watch would hear."""
    if database_url.startswith("sqlite"):
        path = make_url(database_url).database or ""
        with contextlib.closing(open_sqlite(path)) as file:
            last = read_generation(file)

            async def risen() -> Told:
                nonlocal last
                before, last = last, read_generation(file)
                return NOTHING if last == before else Told(reach_between(before, last), set(), 1)

            yield risen
        return
    heard: list[tuple[Reach, set[str]]] = []

    class Hearing:
        def forget(self, reach: Reach, names: Iterable[str] = ()) -> None:
            heard.append((reach, set(names)))

        def trust(self) -> None: ...

        def doubt(self, *, may_change: bool) -> None: ...

    connection: asyncpg.Connection[Any] = await open_detached(store.engine)
    await connection.add_listener(CHANNEL, teller(Hearing()))

    async def came() -> Told:
        # What was told before an answer comes before it.
        await connection.fetchval("SELECT 1")
        await asyncio.sleep(0)
        came, heard[:] = tuple(heard), ()
        names = set().union(*(names for _, names in came)) if all(names for _, names in came) else set()
        return Told(max((reach for reach, _ in came), default=Reach.NOTHING), names, len(came))

    try:
        yield came
    finally:
        await connection.close()


async def fill(store: Store) -> None:
    first = await stored_provider(store)
    await stored_provider(store, a_provider(slug="second"))
    await stored_domain(store, a_domain(NAME, servers=(an_imap_server(),)))
    await stored_domain(store, a_domain("second.example"))
    await stored_domain(store, a_domain("alias.example", alias_of=DomainName("second.example")))
    await stored_mailbox(store, a_mailbox(f"jane@{NAME}", login="x"))
    async with store.engine.begin() as connection:
        for key in ("k", "l"):
            values = f"({first.id}, '{key}', 'nothing', 'good', '[\"{key}.example\"]')"
            insert = f"INSERT INTO cohort (provider_id, key, needs, state, proven) VALUES {values}"  # noqa: S608
            await connection.execute(text(insert))
        await connection.execute(text("UPDATE domain SET cohort_id = (SELECT min(id) FROM cohort)"))


def changing(table: Table, column: Column[Any]) -> Update:
    first = select(func.min(table.c.id)).scalar_subquery()
    return update(table).where(table.c.id == first).values({column.name: other_value(column)})


@pytest.mark.parametrize("table", [DOMAIN, PROVIDER, COHORT, MAILBOX, SERVER], ids=lambda table: table.name)
async def test_a_change_is_told_of_where_documents_are_made_of_it(database_url: str, table: Table) -> None:
    async with opened(database_url) as store, telling(store, database_url) as told:
        await fill(store)
        assert (await told()).reach is Reach.PROVIDERS
        for column in columns_of(table):
            async with store.engine.begin() as connection:
                await connection.execute(changing(table, column))
            reach = Reach.PROVIDERS if table in {PROVIDER, SERVER} else Reach.DOMAINS
            is_seen = column.name not in UNSEEN[table.name]
            assert (await told()).reach is (reach if is_seen else Reach.NOTHING), column.name


SAME: Final = (
    "provider_id, variables, status, published_name, serves_mx, source, version, created_at, updated_at"
)
COPY: Final = f"INSERT INTO domain (name, {SAME}) SELECT %s, {SAME} FROM domain d %s"  # noqa: S608 - our own
MAILBOX_COPY: Final = (
    "INSERT INTO mailbox (domain_id, local_part, key, variables, version, created_at, updated_at) "
    "SELECT domain_id, 'joe', 'joe', variables, version, created_at, updated_at FROM mailbox"
)
SERVER_COPY: Final = (
    "INSERT INTO server "
    "(domain_id, type, hostname, port, socket_type, authentication, username, position, key) "
    "SELECT domain_id, type, hostname, port, socket_type, authentication, username, position, 'more' "
    "FROM server WHERE domain_id IS NOT NULL LIMIT 1"
)
MAILBOX_MOVE: Final = (
    "UPDATE mailbox SET domain_id = (SELECT id FROM domain WHERE name = 'second.example') WHERE key = 'joe'"
)
TWENTY: Final = {f"n{number}.example" for number in range(20)}
RENAMED: Final = {"new.example", "r.example"}
LISTED: Final = {NAME, "second.example", "alias.example"}


def copies(count: int) -> str:
    names = " UNION ALL ".join(f"SELECT 'n{number}.example' AS new" for number in range(count))
    return COPY % ("new", f"JOIN ({names}) n ON d.name = '{NAME}'")


STEPS: Final[tuple[tuple[str, Reach, set[str]], ...]] = (
    (COPY % ("'new.example'", f"WHERE name = '{NAME}'"), Reach.DOMAINS, {"new.example"}),
    ("UPDATE domain SET name = 'r.example' WHERE name = 'new.example'", Reach.DOMAINS, RENAMED),
    ("UPDATE domain SET status = 'suspended' WHERE name = 'r.example'", Reach.DOMAINS, {"r.example"}),
    ("DELETE FROM domain WHERE name = 'r.example'", Reach.DOMAINS, {"r.example"}),
    (copies(20), Reach.DOMAINS, TWENTY),
    ("DELETE FROM domain WHERE name LIKE 'n%'", Reach.DOMAINS, TWENTY),
    (copies(21), Reach.DOMAINS, set()),
    (MAILBOX_COPY, Reach.DOMAINS, {NAME}),
    (MAILBOX_MOVE, Reach.DOMAINS, {NAME, "second.example"}),
    ("DELETE FROM mailbox WHERE key = 'joe'", Reach.DOMAINS, {"second.example"}),
    (SERVER_COPY, Reach.PROVIDERS, set()),
    ("UPDATE server SET hostname = 'more.example' WHERE key = 'more'", Reach.PROVIDERS, set()),
    ("DELETE FROM server WHERE key = 'more'", Reach.PROVIDERS, set()),
    ("UPDATE cohort SET proven = '[\"mail.customer.example\"]' WHERE key = 'k'", Reach.DOMAINS, LISTED),
    ("UPDATE cohort SET proven = '[]' WHERE key = 'l'", Reach.DOMAINS, set()),
    ("DELETE FROM cohort WHERE key = 'k'", Reach.DOMAINS, LISTED),
    ("DELETE FROM provider WHERE slug = 'bare'", Reach.PROVIDERS, set()),
)  # fmt: skip


async def test_a_change_is_told_to_those_whom_it_may_concern(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        await stored_provider(store, a_provider(slug="bare", servers=()))
        async with telling(store, database_url) as told:
            for statement, reach, names in STEPS:
                async with store.engine.begin() as connection:
                    await connection.exec_driver_sql(statement)
                heard = await told()
                if store.engine.dialect.name == "sqlite":
                    assert heard.reach is reach, statement
                elif not names and reach is Reach.DOMAINS and "cohort" in statement:
                    # Nobody's.
                    assert heard == NOTHING
                else:
                    assert heard == Told(reach, names, 1), statement


@ON_POSTGRESQL
@pytest.mark.postgresql
async def test_many_statements_of_a_transaction_are_told_of_as_one(database_url: str) -> None:
    async with opened(database_url) as store, telling(store, database_url) as told:
        await fill(store)
        await told()
        async with store.engine.begin() as connection:
            for number in range(150):
                await connection.exec_driver_sql(COPY % (f"'n{number}.example'", f"WHERE name = '{NAME}'"))
        heard = await told()
        assert (heard.reach, heard.names) == (Reach.DOMAINS, set())
        assert heard.times < 110


@ON_POSTGRESQL
@pytest.mark.postgresql
@pytest.mark.parametrize("table", UNSEEN)
async def test_that_a_table_was_emptied_is_told_of(database_url: str, table: str) -> None:
    async with opened(database_url) as store, telling(store, database_url) as told:
        await fill(store)
        await told()
        async with store.engine.begin() as connection:
            await connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
        heard = await told()
        assert heard.reach is (Reach.PROVIDERS if table != "cohort" else Reach.DOMAINS)
        assert heard.names == set()


async def test_what_documents_are_made_of_decides_where_a_domain_stands(database_url: str) -> None:
    async with opened(database_url) as store:
        await fill(store)
        for column in columns_of(DOMAIN):
            if column.name == "name":
                continue
            async with store.engine.connect() as connection:
                accounts = Accounts(AsyncRows(connection))
                before = await accounts.find_standing(DomainName(NAME))
                await connection.execute(changing(DOMAIN, column))
                after = await accounts.find_standing(DomainName(NAME))
            assert before is not None
            assert after is not None
            is_same = (before.kind, before.is_active) == (after.kind, after.is_active)
            assert is_same is (column.name in UNSEEN["domain"]), column.name


# What of a standing is its domain's alone.
OF_ITS_OWN: Final = {"name", "target", "status", "target_status", "joined_keys"}


@pytest.mark.parametrize("field", Standing._fields)
def test_domains_are_of_one_kind_only_if_they_differ_in_nothing_that_counts(field: str) -> None:
    standing = Standing(
        name=NAME, target="target.example", status=DomainStatus.ACTIVE, target_status=DomainStatus.ACTIVE,
        published_name="own", serves_mx=False, variables="{}", target_variables="{}", mta_sts=None,
        tls_reporting=None, target_mta_sts=None, target_tls_reporting=None, proven=f'["mail.{NAME}"]',
        provider_id=1, provider_version=1, own_servers_of=1, version=1, joined_keys=None,
    )  # fmt: skip
    changes: dict[str, Any] = {field: "another"}
    if field == "name":
        changes["proven"] = '["mail.another"]'
    other = standing._replace(**changes)
    assert (other.kind == standing.kind) is (field in OF_ITS_OWN)
    assert standing._replace(target=None).kind != standing.kind
