"""What documents are made of is compared, and its changes are told of: each column, or a reason why not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.store.accounts import Accounts, AsyncRows
from app.store.change_watching import CHANNEL
from app.store.detached import open_detached
from app.store.rows import COHORT, DOMAIN, MAILBOX, PROVIDER, SERVER
from app.store.standings import Standing
from sqlalchemy import func, select, text, update

from builders import a_domain, a_mailbox, a_provider, an_imap_server
from databases import opened, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import asyncpg
    from app.store.unit_of_work import Store
    from sqlalchemy import Column, Table, Update

    Told = Callable[[], Awaitable[bool]]

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


@asynccontextmanager
async def telling(store: Store, database_url: str) -> AsyncIterator[Told]:
    """Give what tells whether a change was told of since it was asked last."""
    if database_url.startswith("sqlite"):
        last: Any = None

        async def has_risen() -> bool:
            nonlocal last
            async with store.engine.connect() as connection:
                row = (await connection.execute(text("SELECT * FROM discovery_generation"))).one()
            last, before = row, last
            return bool(row != before)

        yield has_risen
        return
    heard: list[object] = []
    connection: asyncpg.Connection[Any] = await open_detached(store.engine)
    await connection.add_listener(CHANNEL, lambda *_: heard.append(_))

    async def has_come() -> bool:
        # What was told before an answer comes before it.
        await connection.fetchval("SELECT 1")
        await asyncio.sleep(0)
        told = bool(heard)
        heard.clear()
        return told

    try:
        yield has_come
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
    async with opened(database_url) as store, telling(store, database_url) as was_told:
        await fill(store)
        assert await was_told()
        for column in columns_of(table):
            async with store.engine.begin() as connection:
                await connection.execute(changing(table, column))
            assert await was_told() is (column.name not in UNSEEN[table.name]), column.name


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
