"""Bulk over real connections: killed, broken off, slow, greedy, and several at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.core.audit import AuditFilter
from app.settings import Settings
from app.wiring import build_services

from bulk import lines_of
from bulk_stream import BulkStream
from databases import OPERATOR
from service_process import ROOT, Service, fill_with_demo, signpost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from pathlib import Path

    from app.core.audit import AuditEntry

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
DOMAINS = 3000
PATIENCE = 120


@pytest.fixture
def token(database_url: str) -> str:
    return fill_with_demo(database_url)


def a_line(number: int, generation: int) -> dict[str, Any]:
    return {"name": f"d{number}.example", "provider": "demo", "reference": f"g{generation}"}


async def told(database_url: str) -> tuple[dict[str, Any], dict[str, list[AuditEntry]]]:
    """Return the domains that are stored, and what the audit says of each, from the first entry on."""
    services = build_services(Settings(database_url=database_url))
    stored: dict[str, Any] = {}
    after = ""
    while page := await services.domains.page(OPERATOR, after=after, limit=500):
        stored |= {one.value.name.ascii: one for one in page}
        after = page[-1].value.name.ascii
    entries: dict[str, list[AuditEntry]] = {}
    async for batch in services.auditing.batches(OPERATOR, AuditFilter(kind="domain")):
        for entry in batch:
            entries.setdefault(entry.resource, []).append(entry)
    await services.close()
    return stored, entries


def check_agreement(stored: dict[str, Any], entries: dict[str, list[AuditEntry]]) -> None:
    """State and audit agree: each domain's entries lead from nothing to what is stored, none left out."""
    assert set(stored) == {name for name, found in entries.items() if found[-1].after is not None}
    for name, found in entries.items():
        version = 0
        for entry in found:
            assert (entry.before or {"version": 0})["version"] == version, (name, found)
            version = 0 if entry.after is None else entry.after["version"]
        if name in stored:
            last = found[-1].after
            assert last is not None
            assert (last["version"], last["reference"]) == (
                stored[name].version,
                stored[name].value.reference,
            )


async def send_until_killed(service: Service, token: str, generation: int, wanted: int) -> dict[str, int]:
    """Send lines without an end, kill the service after so many results; return what was acknowledged."""
    async with BulkStream(service.url, token) as stream:

        async def send() -> None:
            for turn in range(1000):
                for start in range(0, DOMAINS, 100):
                    await stream.send(
                        lines_of(*(a_line(one, generation + turn) for one in range(start, start + 100)))
                    )

        sending = asyncio.create_task(send())
        await stream.await_results(wanted)
        assert not sending.done(), sending
        service.kill()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            await stream.reading
        await asyncio.gather(sending, return_exceptions=True)
        assert not stream.is_whole
        acknowledged: dict[str, int] = {}
        for result in stream.results:
            assert result["status"] in (200, 201), result
            turn, number = divmod(result["line"] - 1, DOMAINS)
            assert result["name"] == f"d{number}.example"
            acknowledged[result["name"]] = generation + turn
        return acknowledged


def test_what_bulk_acknowledged_survives_kill_9_and_the_audit_agrees(database_url: str, token: str) -> None:
    chance = random.Random(22)  # noqa: S311 - when to kill is no secret
    lines = 0
    for number in range(ROUNDS):
        with Service(database_url) as service:
            wanted = chance.randint(1, 2 * DOMAINS)
            generation = number * 10_000
            acknowledged = asyncio.run(send_until_killed(service, token, generation, wanted))
        stored, entries = asyncio.run(told(database_url))
        check_agreement(stored, entries)
        for name, least in acknowledged.items():
            present = int(stored[name].value.reference.removeprefix("g"))
            assert present >= least, (name, present, least)
        lines += len(acknowledged)
    print(
        f"\n{database_url.partition('+')[0]}: {ROUNDS} kills in bulk, {lines} acknowledged lines, all there"
    )


async def send_whole(service: Service, token: str, generation: int, delay: float | None) -> int:
    async with BulkStream(service.url, token, "?atomic=true") as stream:
        for start in range(0, DOMAINS, 500):
            lines = (a_line(one, generation) for one in range(start, start + 500))
            await stream.send(lines_of(*lines))
        await stream.send_end()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stream.reading), delay)
        service.kill()
        await asyncio.gather(stream.reading, return_exceptions=True)
        return stream.status


def test_an_atomic_request_that_is_killed_is_done_whole_or_not_at_all(database_url: str, token: str) -> None:
    chance = random.Random(23)  # noqa: S311
    outcomes: Counter[str] = Counter()
    present: set[str] = set()
    for number in range(1, ROUNDS + 1):
        with Service(database_url) as service:
            status = asyncio.run(
                # Every second time when it is over: what was answered has to be there.
                send_whole(service, token, number, chance.uniform(0.02, 0.4) if number % 2 else None)
            )
        stored, entries = asyncio.run(told(database_url))
        check_agreement(stored, entries)
        stored.pop("demo.example")
        found = {one.value.reference for one in stored.values()}
        assert found in (present, {f"g{number}"})
        assert len(stored) in (0, DOMAINS)
        if status == 200:
            assert found == {f"g{number}"}
        outcomes["done" if found == {f"g{number}"} else "undone"] += 1
        present = found
    print(f"\n{database_url.partition('+')[0]}: atomic requests killed: {dict(outcomes)}")


async def stored_count(database_url: str, wanted: int) -> None:
    """Wait until so many domains are stored."""
    services = build_services(Settings(database_url=database_url))
    async with asyncio.timeout(PATIENCE):
        while await services.domains.count(OPERATOR) < wanted:  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.02)
    await services.close()


def test_an_import_that_is_killed_goes_on_to_the_same_end(
    database_url: str, token: str, tmp_path: Path
) -> None:
    file = tmp_path / "domains.ndjson"
    lines = 20_000
    file.write_bytes(lines_of(*(a_line(number, 1) for number in range(lines))))
    chance = random.Random(24)  # noqa: S311
    environment = {**os.environ, "SIGNPOST_DATABASE_URL": database_url}
    counts = []
    for _ in range(ROUNDS):
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "app", "import", "domains", str(file)],
            cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        asyncio.run(stored_count(database_url, chance.randint(1, lines - 4000)))
        process.kill()
        process.wait(10)
        stored, entries = asyncio.run(told(database_url))
        check_agreement(stored, entries)
        counts.append(len(stored) - 1)
        assert counts[-1] % 1000 == 0
    assert counts[-1] < lines, "too quick to be killed"
    done = signpost("import", "domains", str(file), database_url=database_url)
    assert done.returncode == 0, done.stderr
    stored, entries = asyncio.run(told(database_url))
    check_agreement(stored, entries)
    assert len(stored) == lines + 1
    assert {len(found) for found in entries.values()} == {1}
    new = lines - counts[-1]
    assert done.stdout.startswith(f"Domains: {new} new, 0 changed, {lines - new} unchanged")
    print(f"\n{database_url.partition('+')[0]}: imports killed after {counts} of {lines} lines")


@pytest.fixture
def service(database_url: str, token: str) -> Iterator[Service]:
    with Service(database_url) as started:
        yield started


async def names(database_url: str) -> set[str]:
    stored, entries = await told(database_url)
    check_agreement(stored, entries)
    return set(stored) - {"demo.example"}


@pytest.mark.parametrize("query", ["", "?atomic=true"])
async def test_a_connection_that_breaks_leaves_whole_lines_and_no_part_of_one(
    database_url: str, token: str, service: Service, query: str
) -> None:
    async with BulkStream(service.url, token, query) as stream:
        await stream.send(lines_of(*(a_line(number, 1) for number in range(1500))))
        # A line that reads as a whole one, but its end has not come.
        await stream.send(b'{"name": "part.example", "provider": "demo"}')
        if not query:
            await stream.await_results(1000)
        stream.go_away()
    await asyncio.sleep(1)
    found = await names(database_url)
    assert "part.example" not in found
    assert len(found) in ((0,) if query else (1000, 1500))
    # The service goes on.
    async with BulkStream(service.url, token) as stream:
        await stream.send(lines_of(a_line(7, 2)))
        await stream.send_end()
        await stream.reading
    assert stream.results[0]["result"] == ("created" if query else "updated")


async def test_who_waits_for_a_result_before_sending_more_is_not_kept_waiting(
    token: str, service: Service
) -> None:
    async with BulkStream(service.url, token) as stream:
        for number in range(5):
            await stream.send(lines_of(a_line(number, 1)))
            await stream.await_results(number + 1)
        await stream.send_end()
        await stream.reading
    assert stream.results[-1]["created"] == 5


async def test_who_sends_all_before_reading_anything_is_served(token: str, service: Service) -> None:
    lines = 30_000

    async def body() -> AsyncIterator[bytes]:
        # Results are longer than these lines, and more than any buffer between the two holds.
        for _ in range(0, lines, 1000):
            yield b'{"name":"x"}\n' * 1000
            await asyncio.sleep(0)

    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        response = await client.post(f"{service.url}/api/v1/domains/bulk", content=body(), headers=headers)
    found = [json.loads(line) for line in response.text.splitlines()]
    assert len(found) == lines + 1
    assert found[-1]["failed"] == lines
    assert len(response.content) > 5_000_000


async def send_all(url: str, token: str, batches: Iterable[bytes]) -> Counter[int]:
    async with BulkStream(url, token) as stream:
        for data in batches:
            await stream.send(data)
        await stream.send_end()
        async with asyncio.timeout(PATIENCE):
            await stream.reading
        assert stream.is_whole
        return Counter(result["status"] for result in stream.results[:-1])


async def test_several_at_once_on_the_same_domains_lose_nothing(database_url: str, token: str) -> None:
    """Two bulk requests in opposite orders, on PostgreSQL through two processes, beside single writes."""
    count = 600
    orders = [range(count), range(count - 1, -1, -1)]
    batches = [
        [lines_of(*(a_line(number, turn * 2 + which) for number in order)) for turn in range(4)]
        for which, order in enumerate(orders)
    ]
    headers = {"Authorization": f"Bearer {token}"}
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Service(database_url))
        is_shared = database_url.startswith("postgresql")
        second = stack.enter_context(Service(database_url)) if is_shared else first
        async with httpx.AsyncClient(base_url=first.url, headers=headers, timeout=PATIENCE) as client:

            async def singly() -> Counter[int]:
                found: Counter[int] = Counter()
                for turn in range(60):
                    body = {"provider": "demo", "reference": f"single-{turn}"}
                    response = await client.put(f"/api/v1/domains/d{turn}.example", json=body)
                    found[response.status_code] += 1
                return found

            one, other, single = await asyncio.gather(
                send_all(first.url, token, batches[0]), send_all(second.url, token, batches[1]), singly()
            )
    stored, entries = await told(database_url)
    check_agreement(stored, entries)
    assert set(stored) == {"demo.example", *(f"d{number}.example" for number in range(count))}
    assert set(one + other) <= {200, 201}
    assert (one + other)[201] + single[201] == count
    assert set(single) <= {200, 201, 409}
