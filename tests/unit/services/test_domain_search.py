from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.core.errors import NotPermitted
from app.core.queries import DomainQuery
from app.core.reports import State
from app.core.searching import SearchPlace, SearchStage
from app.services.domain_search import START, DomainSearch
from app.store.domain_search import DomainSearches
from app.store.rows import COHORT, DOMAIN
from sqlalchemy import insert, update

from builders import a_domain, a_provider
from databases import OPERATOR, a_caller, stored_domain, stored_provider

if TYPE_CHECKING:
    from app.services.callers import Caller
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

NAMES = (
    "best-pizza.example", "bistro.example", "pizza.example", "pizza-24.example", "pizza.berlin.example",
    "shop.pizza.example", "zz.example", "zzz.example",
)  # fmt: skip


@pytest.fixture
async def filled(store: Store) -> Store:
    """Two providers with the names above each, in the second's case with ``other-`` before them."""
    for slug in ("provider", "other"):
        await stored_provider(store, a_provider(slug=slug))
    for name in NAMES:
        await stored_domain(store, a_domain(name, reference=f"C-{name[0]}"))
        await stored_domain(store, a_domain(f"other-{name}", provider="other", reference="C-p"))
    return store


async def found(
    store: Store, text: str, query: DomainQuery | None = None, *, caller: Caller = OPERATOR, limit: int = 3
) -> list[str]:
    """Return all names found, page by page."""
    # However busy the machine is.
    search = DomainSearch(store, seconds=600, stretch=3)
    names: list[str] = []
    place: SearchPlace | None = START
    while place is not None:
        page = await search.find(caller, text, query or DomainQuery(), place=place, limit=limit)
        assert len(page.domains) <= limit
        assert not page.is_cut_short
        names += [one.value.name.ascii for one in page.domains]
        place = page.following
    return names


MINE = DomainQuery(provider="provider")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_names_that_begin_with_it_come_first_then_those_that_hold_it(filled: Store, limit: int) -> None:
    assert await found(filled, "pizza", MINE, limit=limit) == [
        "pizza-24.example", "pizza.berlin.example", "pizza.example", "best-pizza.example",
        "shop.pizza.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("berlin", ["pizza.berlin.example"]),
        ("-24.", ["pizza-24.example"]),
        ("ZZ", ["zz.example", "zzz.example", "best-pizza.example", "pizza-24.example",
                "pizza.berlin.example", "pizza.example", "shop.pizza.example"]),
        ("zzzz", []),
        ("nothing at all", []),
        ("pizza.example", ["pizza.example", "best-pizza.example", "shop.pizza.example"]),
    ],
)  # fmt: skip
async def test_any_part_of_a_name_finds_it(filled: Store, text: str, names: list[str]) -> None:
    assert await found(filled, text, MINE) == names


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_nothing_typed_lists_all_by_name(filled: Store, limit: int) -> None:
    assert await found(filled, " ", MINE, limit=limit) == sorted(NAMES)
    assert len(await found(filled, "", limit=limit)) == 2 * len(NAMES)


async def test_a_reference_finds_what_has_it(filled: Store) -> None:
    page = await DomainSearch(filled).find(OPERATOR, " C-b ", MINE, limit=10)
    assert [one.value.name.ascii for one in page.by_reference] == ["best-pizza.example", "bistro.example"]
    whole = await DomainSearch(filled).find(OPERATOR, "C-p", limit=10)
    assert len(whole.by_reference) == 10


async def test_a_token_of_one_provider_finds_only_its_own(filled: Store) -> None:
    limited = a_caller(provider="other")
    assert {name.partition("-")[0] for name in await found(filled, "pizza", caller=limited)} == {"other"}
    assert {name.partition("-")[0] for name in await found(filled, "", caller=limited)} == {"other"}
    assert await found(filled, "pizza", MINE, caller=limited) == []
    assert await found(filled, "", MINE, caller=limited) == []
    page = await DomainSearch(filled).find(limited, "C-b", limit=10)
    assert page.by_reference == ()


async def test_a_provider_that_is_not_there_has_none(filled: Store) -> None:
    assert await found(filled, "pizza", DomainQuery(provider="nobody")) == []


async def test_a_search_that_takes_too_long_tells_where_it_goes_on(filled: Store) -> None:
    search = DomainSearch(filled, seconds=0, stretch=1)
    page = await search.find(OPERATOR, "berlin", MINE, limit=10)
    assert page.is_cut_short
    assert page.following == SearchPlace(stage=SearchStage.WITHIN)
    on = await DomainSearch(filled).find(OPERATOR, "berlin", MINE, place=page.following, limit=10)
    assert [one.value.name.ascii for one in on.domains] == ["pizza.berlin.example"]


async def test_status_and_state_narrow_what_is_found(filled: Store, clock: FixedClock) -> None:
    async with filled.writing() as unit:
        connection = unit._connection
        row = {"provider_id": 1, "key": "k" * 64, "needs": "none", "proven": []}
        provider_id = (await unit.providers.find("provider")).id  # type: ignore[union-attr]
        cohort = insert(COHORT).values({**row, "provider_id": provider_id, "state": "bad"})
        cohort_id = (await connection.execute(cohort.returning(COHORT.c.id))).scalar_one()
        is_named = DOMAIN.c.name.in_(["pizza.example", "bistro.example"])
        await connection.execute(update(DOMAIN).where(is_named).values(cohort_id=cohort_id))
        is_suspended = DOMAIN.c.name.in_(["shop.pizza.example", "zz.example"])
        await connection.execute(update(DOMAIN).where(is_suspended).values(status="suspended"))
    bad, suspended = DomainQuery(verified=State.BAD), DomainQuery(status=DomainStatus.SUSPENDED)
    assert await found(filled, "pizza", bad) == ["pizza.example"]
    assert await found(filled, "", bad) == ["bistro.example", "pizza.example"]
    assert await found(filled, "pizza", suspended) == ["shop.pizza.example"]
    assert await found(filled, "", suspended) == ["shop.pizza.example", "zz.example"]
    assert await found(filled, "", bad, caller=a_caller(provider="provider")) == [
        "bistro.example",
        "pizza.example",
    ]
    assert await found(filled, "", bad, caller=a_caller(provider="other")) == []


async def test_a_state_that_most_are_in_is_met_on_the_way(filled: Store) -> None:
    async with filled.writing() as unit:
        provider_id = (await unit.providers.find("provider")).id  # type: ignore[union-attr]
        values: dict[str, Any] = {"provider_id": provider_id, "key": "k" * 64, "needs": "none"}
        values |= {"state": "good", "proven": []}
        cohort = insert(COHORT).values(values).returning(COHORT.c.id)
        cohort_id = (await unit._connection.execute(cohort)).scalar_one()
        is_own = DOMAIN.c.provider_id == provider_id
        await unit._connection.execute(update(DOMAIN).where(is_own).values(cohort_id=cohort_id))
    async with filled.reading() as unit:
        for few in (2, 1000):
            listed = await DomainSearches(unit._connection, few).listed(
                after="", limit=100, query=DomainQuery(verified=State.GOOD), provider_id=None
            )
            assert [one.value.name.ascii for one in listed] == sorted(NAMES)


async def test_who_may_not_read_domains_may_not_search(filled: Store) -> None:
    with pytest.raises(NotPermitted):
        await DomainSearch(filled).find(a_caller("verify"), "pizza", limit=10)
