from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from app.services.idempotency import KEPT_FOR
from app.services.upkeep import Upkeep
from app.store.rows import IDEMPOTENCY_RECORD
from sqlalchemy import update

from fakes.clock import FixedClock
from management import a_provider_body, is_problem

if TYPE_CHECKING:
    import httpx

    from management import ApiClient

DOMAINS = "/api/v1/domains"
NEW = {"name": "new.example", "provider": "a"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


async def audited(api: ApiClient, resource: str) -> int:
    found = await api.get("/api/v1/audit", params={"resource": resource, "total": "true"})
    total: int = found.json()["total"]
    return total


def same(first: httpx.Response, second: httpx.Response) -> bool:
    names = ("etag", "location", "content-type")
    return (first.status_code, first.content, [first.headers.get(name) for name in names]) == (
        second.status_code, second.content, [second.headers.get(name) for name in names],
    )  # fmt: skip


async def test_a_retry_is_answered_as_the_first_was_and_does_nothing(hosted: ApiClient) -> None:
    first = await hosted.post(DOMAINS, json=NEW, headers=KEY)
    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    await hosted.put(f"{DOMAINS}/new.example", json={"provider": "a", "reference": "changed since"})
    second = await hosted.post(DOMAINS, json=NEW, headers=KEY)
    assert second.headers["idempotency-replayed"] == "true"
    assert same(first, second)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert await audited(hosted, "new.example") == 2


async def test_a_key_in_quotes_is_the_same_key(hosted: ApiClient) -> None:
    first = await hosted.post(DOMAINS, json=NEW, headers=KEY)
    quoted = {"Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'}
    assert same(first, await hosted.post(DOMAINS, json=NEW, headers=quoted))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DOMAINS, {"name": "other.example", "provider": "a"}),
        (DOMAINS, {**NEW, "reference": "K"}),
        (f"{DOMAINS}?x=1", NEW),
        ("/api/v1/providers", a_provider_body(slug="new")),
    ],
)
async def test_a_key_that_named_another_request_is_refused(
    hosted: ApiClient, path: str, body: dict[str, Any]
) -> None:
    await hosted.post(DOMAINS, json=NEW, headers=KEY)
    refused = await hosted.post(path, json=body, headers=KEY)
    assert is_problem(refused, 409, "idempotency-key-reused")


async def test_without_a_key_or_with_another_a_request_is_a_new_one(hosted: ApiClient) -> None:
    await hosted.post(DOMAINS, json=NEW, headers=KEY)
    for headers in ({}, {"Idempotency-Key": "another"}):
        assert is_problem(await hosted.post(DOMAINS, json=NEW, headers=headers), 409, "domain-taken")


async def test_each_token_has_keys_of_its_own(hosted: ApiClient) -> None:
    await hosted.post(DOMAINS, json=NEW, headers=KEY)
    other = await hosted.as_token()
    assert is_problem(await other.post(DOMAINS, json=NEW, headers=KEY), 409, "domain-taken")


async def test_what_was_refused_may_be_sent_again_with_the_same_key(hosted: ApiClient) -> None:
    unknown = {"name": "new.example", "provider": "c"}
    refused = await hosted.post(DOMAINS, json=unknown, headers=KEY)
    assert is_problem(refused, 404, "provider-not-found")
    await hosted.put("/api/v1/providers/c", json=a_provider_body())
    assert (await hosted.post(DOMAINS, json=unknown, headers=KEY)).status_code == 201


async def test_a_trial_neither_takes_a_key_nor_is_answered_from_one(hosted: ApiClient) -> None:
    tried = await hosted.post(f"{DOMAINS}?dry_run=true", json=NEW, headers=KEY)
    assert tried.status_code == 201
    assert (await hosted.post(DOMAINS, json=NEW, headers=KEY)).status_code == 201
    again = await hosted.post(f"{DOMAINS}?dry_run=true", json=NEW, headers=KEY)
    assert is_problem(again, 409, "domain-taken")
    assert again.headers["signpost-dry-run"] == "true"


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there"])
async def test_a_key_that_is_none_is_refused(hosted: ApiClient, key: str) -> None:
    response = await hosted.post(DOMAINS, json=NEW, headers={"Idempotency-Key": key})
    assert is_problem(response, 422, "invalid-input")


async def test_twenty_retries_at_the_same_moment_create_one_thing(hosted: ApiClient) -> None:
    requests = [hosted.post(DOMAINS, json=NEW, headers=KEY) for _ in range(20)]
    answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await audited(hosted, "new.example") == 1


async def grow_older(api: ApiClient, span: timedelta) -> None:
    async with api.services.store.engine.begin() as connection:
        created_at = IDEMPOTENCY_RECORD.c.created_at
        rows = (await connection.execute(IDEMPOTENCY_RECORD.select())).all()
        for row in rows:
            await connection.execute(
                update(IDEMPOTENCY_RECORD)
                .where(IDEMPOTENCY_RECORD.c.id == row.id)
                .values({created_at: row.created_at - span})
            )


async def test_a_key_is_remembered_for_a_day(hosted: ApiClient) -> None:
    await hosted.post(DOMAINS, json=NEW, headers=KEY)
    await grow_older(hosted, KEPT_FOR - timedelta(minutes=1))
    await hosted.services.upkeep.run()
    assert (await hosted.post(DOMAINS, json=NEW, headers=KEY)).headers["idempotency-replayed"]
    await grow_older(hosted, timedelta(minutes=1))
    assert is_problem(await hosted.post(DOMAINS, json=NEW, headers=KEY), 409, "domain-taken")


async def test_answers_past_their_time_are_forgotten(hosted: ApiClient) -> None:
    clock = FixedClock()
    await hosted.post(DOMAINS, json=NEW, headers=KEY)
    async with hosted.services.store.reading() as unit:
        assert await unit.idempotency.find(hosted.token.split("_")[1], KEY["Idempotency-Key"])
    upkeep = Upkeep(hosted.services.store, clock, audit_retention=None)
    assert await upkeep.forget_answers() == 0
    clock.advance(days=36_500)
    assert await upkeep.forget_answers() == 1


# The one is not one transaction, and its lines can be sent again as they are; the others store nothing.
WITHOUT_KEY = {"/api/v1/domains/bulk", "/api/v1/discoveries", "/api/v1/discoveries/events"}


async def test_every_post_takes_a_key(api: ApiClient) -> None:
    document = (await api.http.get("/openapi.json")).json()
    found = 0
    for path, operations in document["paths"].items():
        if path.startswith("/api/") and "post" in operations:
            found += 1
            names = {parameter["name"] for parameter in operations["post"].get("parameters", ())}
            assert ("Idempotency-Key" in names) == (path not in WITHOUT_KEY), path
    assert found
