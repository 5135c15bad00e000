"""Clients ask at 70 % of what the service can, while domains are changed and its processes replaced."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import sys
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from clients import Connection, get
from processes import members, there_are
from service_process import Service, fill_with_demo

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.integration

SECONDS: Final = int(os.environ.get("SIGNPOST_SOAK_SECONDS", "8"))
WORKERS: Final = 2
CLIENTS: Final = 16
DOMAINS: Final = 500
LONG_SECONDS: Final = 300
"""From when on rates, latencies and memory are judged: what is shorter says more of the machine."""
PEAK_SECONDS: Final = 20 if SECONDS >= LONG_SECONDS else 3
SHARE_OF_PEAK: Final = 0.7
CHANGES_A_SECOND: Final = 4
REPLACEMENTS: Final = max(1, SECONDS // 30)
STALE_SECONDS: Final = 1.0 if SECONDS >= LONG_SECONDS else 5.0
"""How soon every process is promised to serve a change; beside other tests, a multiple."""


@dataclass
class Kept:
    """What was changed when, and what was answered."""

    told: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """By domain: when the answer to a change came, and which number it was."""
    latencies: array[float] = field(default_factory=lambda: array("d"))
    changes: int = 0
    renewed: int = 0
    """Connections that were closed under a request that nobody had read."""

    def oldest(self, name: str, asked_at: float) -> int:
        """Return the oldest number that may still be served to who asked at that moment."""
        numbers = [number for moment, number in self.told.get(name, ()) if moment < asked_at - STALE_SECONDS]
        return numbers[-1] if numbers else 0


def request_for(name: str) -> bytes:
    return get(f"/mail/config-v1.1.xml?emailaddress=jane%40{name}")


async def answered(connection: Connection, request: bytes, kept: Kept) -> tuple[int, bytes]:
    """Ask, and once more where the connection was closed before it was asked, as every client does."""
    is_used = connection.is_open
    try:
        status, _, body = await connection.ask(request)
    except (EOFError, ConnectionError) as error:
        connection.close()
        is_cut = isinstance(error, asyncio.IncompleteReadError) and bool(error.partial)
        if not is_used or is_cut:
            raise
        kept.renewed += 1
        status, _, body = await connection.ask(request)
    return status, body


async def ask_without_end(port: int, kept: Kept, end: float, pause: float) -> None:
    """Ask for domains at random, in a rhythm of so many seconds, and look at each answer."""
    connection = Connection(port)
    chance = random.Random()  # noqa: S311 - which domain is no secret
    due = time.monotonic() + chance.random() * pause
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        name = f"d{chance.randrange(DOMAINS)}.example"
        asked_at = time.monotonic()
        status, body = await answered(connection, request_for(name), kept)
        kept.latencies.append(time.monotonic() - asked_at)
        assert status == 200, (status, body)
        assert f'<emailProvider id="{name}">'.encode() in body, body
        number = int(body.partition(b"<hostname>n")[2].partition(b".")[0])
        assert number >= kept.oldest(name, asked_at), (name, number)
        due = max(due + pause, time.monotonic() - 1)
    connection.close()


async def change_without_end(service: Service, token: str, kept: Kept, end: float) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"}
    chance = random.Random()  # noqa: S311 - which domain is no secret
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=60) as client:
        while time.monotonic() < end:
            name, number = f"d{chance.randrange(DOMAINS)}.example", kept.changes + 1
            body = json.dumps({"variables": {"NODE": f"n{number}"}})
            # What a process that ends had not begun is sent again: it was not done.
            with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
                changed = await client.patch(f"/api/v1/domains/{name}", content=body)
                assert changed.is_success, changed.text
                kept.changes = number
                kept.told.setdefault(name, []).append((time.monotonic(), number))
            await asyncio.sleep(1 / CHANGES_A_SECOND)


async def replace_now_and_then(service: Service, end: float) -> None:
    pause = (end - time.monotonic()) / (REPLACEMENTS + 1)
    for _ in range(REPLACEMENTS):
        await asyncio.sleep(pause)
        victim = members(service)[0]
        os.kill(victim, signal.SIGTERM)
        await there_are(service, WORKERS, without=victim)


def megabytes(process_ids: Iterable[int]) -> float:
    """Return what the largest has in memory."""
    sizes = [0]
    for process_id in process_ids:
        with contextlib.suppress(FileNotFoundError):
            sizes.append(int(Path(f"/proc/{process_id}/statm").read_text().split()[1]))
    return max(sizes) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure_memory(service: Service, end: float) -> list[float]:
    found = []
    while time.monotonic() < end:
        await asyncio.sleep(SECONDS / 40)
        found.append(megabytes(members(service)))
    return found


async def fill(service: Service, token: str) -> None:
    lines = (
        {"name": f"d{number}.example", "provider": "demo", "variables": {"NODE": "n0"}}
        for number in range(DOMAINS)
    )
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        content = "".join(f"{json.dumps(line)}\n" for line in lines)
        done = await client.post("/api/v1/domains/bulk", content=content, headers=headers)
        assert '"failed":0' in done.text, done.text[-500:]


async def measure_peak(service: Service, token: str, kept: Kept) -> float:
    """Return how many requests a second are answered at the most, while domains are changed too."""
    began = time.monotonic()
    end = began + PEAK_SECONDS
    clients = (ask_without_end(service.port, kept, end, 0) for _ in range(CLIENTS))
    await asyncio.gather(change_without_end(service, token, kept, end), *clients)
    answers, kept.latencies = len(kept.latencies), array("d")
    return answers / (time.monotonic() - began)


async def soak(service: Service, token: str) -> tuple[Kept, list[float], float]:
    await fill(service, token)
    await there_are(service, WORKERS)
    kept = Kept()
    peak = await measure_peak(service, token, kept)
    end = time.monotonic() + SECONDS
    pause = CLIENTS / (peak * SHARE_OF_PEAK)
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(ask_without_end(service.port, kept, end, pause))
        group.create_task(change_without_end(service, token, kept, end))
        # To look for processes takes a while, in which clients would not be heard.
        group.create_task(asyncio.to_thread(asyncio.run, replace_now_and_then(service, end)))
        memory = group.create_task(measure_memory(service, end))
    return kept, memory.result(), peak


def test_nothing_fails_grows_or_is_stale_for_a_long_time(database_url: str) -> None:
    token = fill_with_demo(database_url)
    command = (sys.executable, "-m", "app", "serve", "--workers", str(WORKERS))
    environment = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}
    if SECONDS < LONG_SECONDS:
        # Beside other tests nobody is to be sent away for what these take of the machine.
        environment["SIGNPOST_MAX_LAG_MILLISECONDS"] = "10000"
    with Service(database_url, command=command, environment=environment) as service:
        kept, memory, peak = asyncio.run(soak(service, token))
    rate, median = len(kept.latencies) / SECONDS, statistics.median(kept.latencies)
    p99 = statistics.quantiles(kept.latencies, n=100)[-1]
    fifth = len(memory) // 5
    early, late = (statistics.median(part) for part in (memory[fifth : 2 * fifth], memory[-fifth:]))
    print(
        f"\n{database_url.partition('+')[0]}, {SECONDS} s: {len(kept.latencies)} answers, {rate:.0f} a "
        f"second of {peak:.0f} at the most; {kept.changes} changes, {REPLACEMENTS} processes replaced, "
        f"{kept.renewed} connections renewed; median {median * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms, "
        f"{early:.0f} MB in the largest process early, {late:.0f} late"
    )
    assert kept.changes > 0
    if SECONDS >= LONG_SECONDS:
        assert kept.changes > SECONDS
        assert rate > peak * SHARE_OF_PEAK * 0.9
        assert p99 < 10 * median
        assert late < early * 1.1
