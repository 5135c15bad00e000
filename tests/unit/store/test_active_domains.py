from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.names import DomainName
from app.store.accounts import Accounts, ActiveDomain, ImmediateRows
from app.store.engine import create_engine, create_reader
from app.store.migrating import migrate
from app.store.unit_of_work import Store
from sqlalchemy import event, text

from builders import a_domain, a_provider
from databases import ON_SQLITE, stored_domain, stored_provider

if TYPE_CHECKING:
    from typing import Any

POLICY = MtaSts(mode=StsMode.TESTING, mx=("mx.host.example",))
NAMES = ("customer", "own", "strict", "alias", "alias-own", "away", "alias-of-away", "unknown")


async def fill(store: Store) -> None:
    await stored_provider(store)
    await stored_provider(store, a_provider(slug="strict", mta_sts=POLICY))
    await stored_domain(store)
    await stored_domain(store, a_domain("own.example", mta_sts=POLICY))
    await stored_domain(store, a_domain("strict.example", provider="strict"))
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED, mta_sts=POLICY))
    for name, target in (("alias", "own"), ("alias-of-away", "away"), ("alias-own", "customer")):
        policy = POLICY if name == "alias-own" else None
        alias = a_domain(f"{name}.example", alias_of=DomainName(f"{target}.example"), mta_sts=policy)
        await stored_domain(store, alias)


async def test_active_domains_are_found_with_whether_a_policy_holds_for_them(store: Store) -> None:
    await fill(store)
    async with store.discovering() as accounts:
        found = await accounts.find_active([DomainName(f"{name}.example") for name in NAMES])
    assert {str(name): domain for name, domain in found.items()} == {
        "customer.example": ActiveDomain(has_mta_sts=False),
        "own.example": ActiveDomain(has_mta_sts=True),
        "strict.example": ActiveDomain(has_mta_sts=True),
        "alias.example": ActiveDomain(has_mta_sts=True),
        "alias-own.example": ActiveDomain(has_mta_sts=True),
    }


async def test_no_names_find_nothing(store: Store) -> None:
    await fill(store)
    async with store.discovering() as accounts:
        assert await accounts.find_active(()) == {}


# PostgreSQL reads small tables whole whatever indexes there are.
@ON_SQLITE
async def test_active_domains_are_found_in_one_statement_by_the_index(
    store: Store, database_url: str
) -> None:
    await fill(store)
    reader = create_reader(database_url)
    assert reader is not None
    run: list[tuple[str, Any]] = []
    with reader.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *ran: run.append((ran[2], ran[3])))
        await Accounts(ImmediateRows(connection)).find_active([DomainName("alias.example")])
        _begin, (statement, values) = run
        plan = [
            str(row.detail) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    reader.dispose()
    assert [step for step in plan if step.startswith("SCAN")] == [], plan


async def test_rows_of_the_schema_before_have_no_policy(bare_database_url: str) -> None:
    """What the program before this one wrote, and goes on writing while this one starts, is read."""
    engine = create_engine(bare_database_url)
    await migrate(engine, "0001")
    await migrate(engine)
    columns = {
        "slug": "'old'", "display_name": "'Old'", "short_name": "'Old'", "variables": "'{}'",
        "list_domains": "false", "lowercase_login": "false", "source": "'api'", "version": "1",
        "created_at": "'2026-01-01 00:00:00+00:00'", "updated_at": "'2026-01-01 00:00:00+00:00'",
        "details": """'{"documentation": [], "instructions": [], "enable": [], "support": {},
                        "logo_url": null, "oauth2": null, "input_fields": []}'""",
    }  # fmt: skip
    names, values = ", ".join(columns), ", ".join(columns.values())
    async with engine.begin() as connection:
        await connection.execute(text(f"INSERT INTO provider ({names}) VALUES ({values})"))  # noqa: S608
    store = Store(engine)
    async with store.reading() as unit:
        found = await unit.providers.find("old")
    await store.close()
    assert found is not None
    assert (found.value.mta_sts, found.value.tls_reporting) == (None, None)
