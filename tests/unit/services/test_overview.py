from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from app.core.domains import DomainStatus
from app.core.findings import Severity
from app.core.overview import CERTIFICATE_SPANS
from app.core.reports import State
from app.services.lifecycle import LifecycleService
from app.services.overview import Overview
from app.store.rows import ENDPOINT, FINDING
from sqlalchemy import insert, select, update

from builders import a_domain, a_provider, an_imap_server
from databases import OPERATOR, a_caller, stored_domain, stored_provider
from verifying import Verifier

if TYPE_CHECKING:
    from app.core.overview import Counts
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

BAD, WARNING, INFO = "certificate.expired", "certificate.expires-soon", "starttls.not-offered"


@pytest.fixture
async def house(store: Store, clock: FixedClock) -> Verifier:
    """Two providers with a server each, the first with three domains and the second with one."""
    for slug in ("provider", "other"):
        server = an_imap_server(hostname=f"imap.{slug}.example")
        await stored_provider(store, a_provider(slug=slug, servers=(server,)))
    for name in ("a", "b", "c"):
        await stored_domain(store, a_domain(f"{name}.example"))
    await stored_domain(store, a_domain("other.example", provider="other"))
    return Verifier(store, clock)


async def counted(house: Verifier, provider: str | None = None) -> Counts:
    found = await Overview(house.store, house.clock).counts(a_caller(provider=provider))
    assert found is not None
    return found


async def test_nothing_is_counted_of_an_empty_service(store: Store, clock: FixedClock) -> None:
    found = await Overview(store, clock).counts(OPERATOR)
    assert found is not None
    assert found.domains is not None
    assert found.domains.total == 0
    assert found.endpoints is not None
    assert (found.endpoints.total, found.endpoints.findings) == (0, ())
    assert found.endpoints.by_days_left == (0,) * len(CERTIFICATE_SPANS)


async def test_domains_are_counted_by_status_and_state(house: Verifier) -> None:
    await house.check()
    await stored_domain(house.store, a_domain("new.example"))
    lifecycle = LifecycleService(house.store, house.clock)
    await lifecycle.suspend(OPERATOR, a_domain("b.example").name)
    domains = (await counted(house)).domains
    assert domains is not None
    assert domains.by_status == {DomainStatus.ACTIVE: 4, DomainStatus.SUSPENDED: 1}
    assert domains.total == sum(domains.by_state.values()) == 5
    assert domains.by_state[State.UNTESTED] >= 1


async def test_a_token_of_one_provider_sees_its_own_numbers(house: Verifier) -> None:
    await house.check()
    mine, theirs, both = [await counted(house, provider) for provider in ("provider", "other", None)]
    assert [one.domains.total for one in (mine, theirs, both) if one.domains] == [3, 1, 4]
    assert [one.endpoints.total for one in (mine, theirs, both) if one.endpoints] == [1, 1, 2]
    found = await Overview(house.store, house.clock).counts(a_caller(provider="nobody"))
    assert found is None


async def test_certificates_are_counted_by_the_days_that_they_have_left(house: Verifier) -> None:
    await house.check()
    now = house.clock()
    expected = [0] * len(CERTIFICATE_SPANS)
    async with house.store.writing() as unit:
        rows = (await unit._connection.execute(select(ENDPOINT))).mappings().all()
        await unit._connection.execute(update(ENDPOINT).values(certificate_expires_at=None))
        days = [-400, -0.5, 0, 6.9, 7, 13, 14, 29.9, 30, 60, 89, 90, 5000]
        places = [0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6]
        for number, (left, place) in enumerate(zip(days, places, strict=True)):
            end = now + timedelta(days=left)
            values = {**rows[0], "key": f"k{number}", "certificate_expires_at": end}
            values.pop("id")
            await unit._connection.execute(insert(ENDPOINT).values(values))
            expected[place] += 1
    endpoints = (await counted(house)).endpoints
    assert endpoints is not None
    assert list(endpoints.by_days_left) == expected
    mine = (await counted(house, "provider")).endpoints
    assert mine is not None
    assert sum(mine.by_days_left) == 0, "none of these is listed by a domain"
    first = await house.endpoints.ending_first(OPERATOR, limit=2)
    assert [one.endpoint.port for one in first] == [993, 993]
    assert first[0].standing.certificate_expires_at == now - timedelta(days=400)


async def test_findings_are_counted_the_worst_first(house: Verifier) -> None:
    await house.check()
    async with house.store.writing() as unit:
        ids = list((await unit._connection.execute(select(ENDPOINT.c.id).order_by(ENDPOINT.c.id))).scalars())
        codes = [(ids[0], WARNING), (ids[1], WARNING), (ids[0], BAD), (ids[0], "of.another-version")]
        rows = [
            {"endpoint_id": endpoint, "code": code, "severity": "bad", "addresses": [], "facts": {},
             "since": house.clock()}
            for endpoint, code in codes
        ]  # fmt: skip
        await unit._connection.execute(FINDING.delete())
        await unit._connection.execute(insert(FINDING), rows)
    endpoints = (await counted(house)).endpoints
    assert endpoints is not None
    assert [(one.code, one.endpoints) for one in endpoints.findings] == [(BAD, 1), (WARNING, 2)]
    assert [endpoints.at_severity(severity) for severity in Severity] == [0, 0, 2, 1]


async def test_counts_are_kept_for_a_while_and_say_of_when_they_are(house: Verifier) -> None:
    overview = Overview(house.store, house.clock)
    first = await overview.counts(OPERATOR)
    await stored_domain(house.store, a_domain("new.example"))
    house.clock.advance(seconds=14)
    assert await overview.counts(OPERATOR) == first
    house.clock.advance(minutes=15)
    later = await overview.counts(OPERATOR)
    assert later is not None
    assert later.domains is not None
    assert later.domains.total == 5
    assert later.counted_at == house.clock()


async def test_what_a_token_may_not_see_is_not_in_its_counts(house: Verifier) -> None:
    overview = Overview(house.store, house.clock)
    await overview.counts(OPERATOR)
    domains = await overview.counts(a_caller("domains:read"))
    assert domains is not None
    assert domains.domains is not None
    assert (domains.domains.total, domains.domains.by_state, domains.endpoints) == (4, {}, None)
    verify = await overview.counts(a_caller("verify"))
    assert verify is not None
    assert verify.domains is None
    assert verify.endpoints is not None
    neither = await overview.counts(a_caller("audit:read"))
    assert neither is not None
    assert (neither.domains, neither.endpoints) == (None, None)


async def test_a_provider_of_a_slug_that_was_there_before_starts_anew(house: Verifier) -> None:
    overview = Overview(house.store, house.clock)
    caller = a_caller(provider="other")
    before = await overview.counts(caller)
    assert before is not None
    async with house.store.writing() as unit:
        await unit._connection.exec_driver_sql("DELETE FROM domain WHERE name = 'other.example'")
        provider = await unit.providers.find("other")
        assert provider is not None
        await unit.providers.delete(provider)
        house.clock.advance(seconds=1)
        await unit.providers.insert(a_provider(slug="other"), house.clock())
    after = await overview.counts(caller)
    assert after is not None
    assert after.domains is not None
    assert after.domains.total == 0
