"""Fifty writers on the same domains, through two processes on PostgreSQL and one on SQLite."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx
import pytest

from service_process import Service, fill_with_demo

pytestmark = pytest.mark.integration

WRITERS = 50
ROUNDS = 4
UNLIMITED = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_TOKEN": "0"}
DOMAINS = [f"d{number}.example" for number in range(5)]


async def count_up(client: httpx.AsyncClient, name: str, seen: Counter[int]) -> None:
    """Raise a domain's number by one, however often somebody else is quicker."""
    while True:
        present = await client.get(f"/api/v1/domains/{name}")
        number = int(present.json()["variables"].get("COUNT", "0"))
        changed = await client.patch(
            f"/api/v1/domains/{name}",
            json={"variables": {"COUNT": str(number + 1)}},
            headers={
                "If-Match": present.headers["etag"],
                "Content-Type": "application/merge-patch+json",
            },
        )
        seen[changed.status_code] += 1
        if changed.status_code == 200:
            return
        assert changed.status_code in (409, 412, 503), changed.text
        if changed.status_code == 503:
            assert changed.headers["retry-after"]


async def history(client: httpx.AsyncClient, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = (await client.get("/api/v1/audit", params={"resource": name, "after": after})).json()
        found += page["items"]
        after = page["next"]
    return found[::-1]


def test_no_acknowledged_write_is_lost_and_each_is_in_the_audit(database_url: str) -> None:
    headers = {"Authorization": f"Bearer {fill_with_demo(database_url)}"}
    processes = 2 if database_url.startswith("postgresql") else 1
    seen: Counter[int] = Counter()

    async def scenario(urls: list[str]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers=headers, timeout=120))
                for url in urls
            ]
            for name in DOMAINS:
                put = await clients[0].put(f"/api/v1/domains/{name}", json={"provider": "demo"})
                assert put.status_code == 201, put.text

            async def write(writer: int) -> None:
                client = clients[writer % len(clients)]
                for turn in range(ROUNDS):
                    await count_up(client, DOMAINS[(writer + turn) % len(DOMAINS)], seen)

            await asyncio.gather(*map(write, range(WRITERS)))
            total = 0
            for name in DOMAINS:
                stored = (await clients[0].get(f"/api/v1/domains/{name}")).json()
                entries = await history(clients[0], name)
                count = int(stored["variables"]["COUNT"])
                total += count
                assert [entry["after"]["version"] for entry in entries] == list(range(1, count + 2))
                assert all(later["before"] == earlier["after"] for earlier, later in pairwise(entries))
                assert entries[-1]["after"]["variables"] == stored["variables"]
            assert total == seen[200] == WRITERS * ROUNDS

    with contextlib.ExitStack() as stack:
        services = [
            stack.enter_context(Service(database_url, environment=UNLIMITED)) for _ in range(processes)
        ]
        asyncio.run(scenario([service.url for service in services]))
    print(f"answers to {sum(seen.values())} writes: {dict(seen)}")
