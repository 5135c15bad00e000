"""Retries with an Idempotency-Key across kill -9 and across processes: one thing, one answer.

``SIGNPOST_KILL_ROUNDS`` is the number of rounds per database; ``make soak`` takes 20.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from typing import Any

import httpx
import pytest

from service_process import Service, fill_with_demo

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
WRITERS = 6


def a_request(name: str) -> dict[str, Any]:
    return {"json": {"name": name, "provider": "demo"}, "headers": {"Idempotency-Key": f"key of {name}"}}


async def create_until_the_end(client: httpx.AsyncClient, prefix: str, answers: dict[str, Any]) -> None:
    """Create domains until nobody answers; ``answers`` has the last few, None for the very last."""
    for number in range(10_000):
        name = f"{prefix}-{number}.example"
        answers.pop(f"{prefix}-{number - 5}.example", None)
        answers[name] = None
        try:
            response = await client.post("/api/v1/domains", **a_request(name))
        except httpx.TransportError:
            return
        assert response.status_code == 201, response.text
        answers[name] = response.json()


async def check(client: httpx.AsyncClient, answers: dict[str, Any]) -> int:
    """Send every request again; return how many turned out to be done though nobody was told."""
    done_untold = 0
    for name, answer in answers.items():
        again = await client.post("/api/v1/domains", **a_request(name))
        assert again.status_code == 201, again.text
        replayed = "idempotency-replayed" in again.headers
        if answer is not None:
            assert replayed
            assert again.json() == answer
        done_untold += replayed and answer is None
        audit = await client.get("/api/v1/audit", params={"resource": name})
        assert [entry["action"] for entry in audit.json()["items"]] == ["domain.create"]
    return done_untold


def test_a_retry_after_kill_9_is_done_once(database_url: str) -> None:
    headers = {"Authorization": f"Bearer {fill_with_demo(database_url)}"}
    chance = random.Random(22)  # noqa: S311 - when to kill is no secret

    async def one_round(number: int) -> int:
        answers: dict[str, Any] = {}
        with Service(database_url) as service:
            async with httpx.AsyncClient(base_url=service.url, headers=headers) as client:
                writers = [
                    asyncio.create_task(create_until_the_end(client, f"r{number}-w{writer}", answers))
                    for writer in range(WRITERS)
                ]
                await asyncio.sleep(chance.uniform(0.3, 1.0))
                service.kill()
                await asyncio.gather(*writers)
        with Service(database_url) as service:
            async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
                return await check(client, answers)

    untold = [asyncio.run(one_round(number)) for number in range(ROUNDS)]
    print(f"done though nobody was told: {sum(untold)} of {ROUNDS * WRITERS}")


def test_retries_through_two_processes_create_one_thing(database_url: str) -> None:
    headers = {"Authorization": f"Bearer {fill_with_demo(database_url)}"}

    async def retry(url: str, name: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            return await client.post("/api/v1/domains", **a_request(name))

    async def scenario(urls: tuple[str, str]) -> None:
        for number in range(3):
            name = f"d{number}.example"
            answers = await asyncio.gather(*(retry(urls[sender % 2], name) for sender in range(20)))
            assert [answer.status_code for answer in answers] == [201] * 20
            assert len({answer.content for answer in answers}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1

    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(Service(database_url)) for _ in range(2))
        asyncio.run(scenario((first.url, second.url)))
