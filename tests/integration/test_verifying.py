"""Workers that probe real sockets: together, killed in the middle, told to stop.

``SIGNPOST_KILL_ROUNDS`` is the number of rounds per database; ``make soak`` takes 20.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from app.core.servers import SocketType
from app.services.callers import CONSOLE
from app.services.verifying import EndpointReading
from app.store.rows import ENDPOINT
from sqlalchemy import select, update

from builders import a_domain, a_provider, an_imap_server
from databases import ON_SQLITE, opened, stored_domain, stored_provider
from fakes.dns import FakeDns
from mail_farm import MailFarm
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.core.servers import Server

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
ENDPOINTS = 40
LEASE_SECONDS = 3
NODE = "127.0.0.1"


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers may connect to loopback, and ask no name server beyond this machine."""
    with FakeDns() as dns:
        monkeypatch.setenv("SIGNPOST_RESOLVER", f"127.0.0.1:{dns.port}")
        monkeypatch.setenv("SIGNPOST_ALLOW_NETWORKS", "127.0.0.0/8")
        monkeypatch.setenv("SIGNPOST_PROBE_PORTS", "any")
        monkeypatch.setenv("SIGNPOST_VERIFY_LEASE_SECONDS", str(LEASE_SECONDS))
        monkeypatch.setenv("SIGNPOST_VERIFY_AT_ONCE", "8")
        monkeypatch.setenv("SIGNPOST_PROBE_CONNECTIONS_PER_ADDRESS", "50")
        monkeypatch.setenv("SIGNPOST_PROBE_CONNECTIONS_PER_NETWORK", "50")
        yield


@pytest.fixture
def farm() -> Iterator[MailFarm]:
    with MailFarm(ENDPOINTS, seconds=0.3) as found:
        yield found


def servers(farm: MailFarm) -> tuple[Server, ...]:
    return tuple(
        an_imap_server(key=f"imap-{n}", hostname=NODE, port=port, socket_type=SocketType.PLAIN)
        for n, port in enumerate(farm.ports)
    )


async def fill(database_url: str, farm: MailFarm) -> None:
    """Store domains that list all servers of the farm."""
    listed = servers(farm)
    async with opened(database_url) as store:
        await stored_provider(store, a_provider(servers=(listed[0],)))
        await stored_domain(store)
        for start in range(0, len(listed), 10):
            some = listed[start : start + 10]
            await stored_domain(store, a_domain(f"d{start}.example", servers=some))


async def make_all_due(database_url: str, now: datetime) -> None:
    async with opened(database_url) as store, store.engine.begin() as connection:
        await connection.execute(update(ENDPOINT).values(due_at=now))


async def lease_end(database_url: str) -> datetime | None:
    """Return until when the only endpoint is held."""
    async with opened(database_url) as store, store.engine.connect() as connection:
        found: datetime | None = (await connection.execute(select(ENDPOINT.c.leased_until))).scalar_one()
    return found


async def checked(database_url: str) -> list[datetime | None]:
    async with opened(database_url) as store:
        page = await EndpointReading(store).page(CONSOLE, limit=500)
    return [one.standing.checked_at for one in page]


def a_worker(database_url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", "worker"],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": database_url, "SIGNPOST_LOG_LEVEL": "WARNING"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def wait_for(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.1)


def wait_for_conversations(farm: MailFarm, count: int) -> None:
    wait_for(lambda: farm.begun >= count)


def wait_until_checked(database_url: str, since: datetime) -> None:
    """Wait until all endpoints were looked at after a moment."""

    def are_checked() -> bool:
        moments = asyncio.run(checked(database_url))
        return len(moments) == ENDPOINTS and all(one is not None and one >= since for one in moments)

    wait_for(are_checked)


def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert b"Traceback" not in said, said.decode()
    return process.returncode


def test_of_two_workers_one_is_killed_and_nothing_is_probed_twice_at_a_time_or_forgotten(
    database_url: str, farm: MailFarm
) -> None:
    asyncio.run(fill(database_url, farm))
    chance = random.Random(7)  # noqa: S311 - when to kill is no secret
    for _ in range(ROUNDS):
        since = datetime.now(UTC)
        asyncio.run(make_all_due(database_url, since))
        begun = farm.begun
        workers = [a_worker(database_url) for _ in range(2)]
        try:
            wait_for_conversations(farm, begun + chance.randint(4, ENDPOINTS // 2))
            workers[0].kill()
            workers[0].communicate(timeout=20)
            wait_until_checked(database_url, since)
            assert stop(workers[1]) == 0
        finally:
            for worker in workers:
                if worker.poll() is None:
                    worker.kill()
                    worker.communicate()
    assert farm.clashes == []
    assert all(farm.conversations[port] >= ROUNDS for port in farm.ports)
    total = farm.conversations.total()
    print(
        f"\n{database_url.partition('+')[0]}: {ROUNDS} kills, {ENDPOINTS} endpoints, {total} conversations,"
    )
    print("  no endpoint probed twice at a time, none forgotten")


def test_who_talks_when_the_lease_ends_has_left_and_another_takes_over(database_url: str) -> None:
    with MailFarm(1, seconds=0.3, first_seconds=600) as farm:
        asyncio.run(fill(database_url, farm))
        (port,) = farm.ports
        workers = [a_worker(database_url)]
        try:
            wait_for(lambda: farm.talking[port] == 1)
            wait_for(lambda: farm.talking[port] == 0)
            # It lives and may not go on, so that it can only be another who does.
            workers[0].send_signal(signal.SIGSTOP)
            end = asyncio.run(lease_end(database_url))
            assert farm.begun == 1
            assert end is not None
            assert farm.left_at[port] <= end.timestamp()
            workers.append(a_worker(database_url))
            wait_for(lambda: farm.conversations[port] == 1)
            wait_for(lambda: asyncio.run(checked(database_url)) != [None])
            workers[0].send_signal(signal.SIGCONT)
            assert [stop(worker) for worker in workers] == [0, 0]
        finally:
            for worker in workers:
                if worker.poll() is None:
                    worker.kill()
                    worker.communicate()
        assert (farm.begun, farm.clashes) == (2, [])


@ON_SQLITE
def test_serve_verifies_by_itself_and_is_followed_live(database_url: str, farm: MailFarm) -> None:
    asyncio.run(fill(database_url, farm))
    created = signpost("token", "create", "--name", "t", "--scope", "verify", database_url=database_url)
    headers = {"Authorization": f"Bearer {created.stdout.strip()}"}
    with Service(database_url, environment={"SIGNPOST_VERIFY": "auto"}) as service:
        path = f"{service.url}/api/v1/domains/d10.example/verifications"
        started = httpx.post(path, headers=headers, timeout=30).json()
        events: list[tuple[str, dict[str, object]]] = []
        with httpx.stream("GET", f"{path}/{started['id']}/events", headers=headers, timeout=60) as live:
            assert live.headers["content-type"].startswith("text/event-stream")
            event = ""
            for line in live.iter_lines():
                word, _, rest = line.partition(": ")
                if word == "event":
                    event = rest
                elif word == "data":
                    events.append((event, json.loads(rest)))
        metrics = httpx.get(f"{service.url}/api/v1/verification/metrics", headers=headers).text
    assert [event for event, _ in events] == ["endpoint"] * 10 + ["finished"]
    # In the clear is bad, whatever else works.
    assert events[-1][1]["state"] == "bad"
    key = f"imap:{NODE}:{farm.ports[10]}:plain"
    assert f'signpost_endpoint_state{{endpoint="{key}",hostname="{NODE}"' in metrics


def test_the_command_line_probes_at_once_and_tells_by_its_exit_status(
    database_url: str, farm: MailFarm
) -> None:
    asyncio.run(fill(database_url, farm))
    found = signpost("verify", "d10.example", "d20.example", "--format", "json", database_url=database_url)
    assert found.returncode == 1, found.stderr
    reports = json.loads(found.stdout)
    assert [report["domain"] for report in reports] == ["d10.example", "d20.example"]
    assert all(one["checked_at"] for report in reports for one in report["endpoints"])
    assert farm.conversations.total() == 20
