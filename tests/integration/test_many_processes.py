"""``signpost serve --workers``: several processes on one port, seen from outside."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from clients import KNOWN, Connection, clients, get
from processes import members, there_are, until
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from service_process import Prepared

pytestmark = pytest.mark.integration

PATIENCE_SECONDS: Final = 30


def serving(prepared: Prepared, workers: int = 2, **environment: str) -> Service:
    command = (sys.executable, "-m", "app", "serve", "--workers", str(workers))
    return Service(prepared.url, command=command, environment=environment)


@pytest.fixture
def service(prepared: Prepared) -> Iterator[Service]:
    with serving(prepared) as started:
        yield started


async def counted(port: int, token: str) -> int:
    """Return how many requests for autoconfig files were counted, as told on a connection of its own."""
    connection = Connection(port)
    asked = get("/api/v1/verification/metrics", f"Authorization: Bearer {token}")
    status, _, body = await connection.ask(asked)
    connection.close()
    assert status == 200, body
    found = re.findall(
        rb'^signpost_discovery_requests_total\{format="autoconfig".*\} (\d+)$', body, re.MULTILINE
    )
    return sum(map(int, found))


async def test_the_metrics_of_any_process_are_the_sums_of_all(service: Service, prepared: Prepared) -> None:
    await there_are(service, 2)
    sent = 0
    for _ in range(40):
        connection = Connection(service.port)
        await connection.ask(KNOWN)
        connection.close()
        sent += 1

    async def all_are_told() -> bool:
        return await counted(service.port, prepared.token) == sent

    await until(all_are_told)
    # Whoever answers.
    assert {await counted(service.port, prepared.token) for _ in range(10)} == {sent}


async def test_what_a_killed_process_counted_is_not_lost(service: Service, prepared: Prepared) -> None:
    await there_are(service, 2)
    for _ in range(30):
        connection = Connection(service.port)
        await connection.ask(KNOWN)
        connection.close()

    async def all_are_told() -> bool:
        return await counted(service.port, prepared.token) == 30

    await until(all_are_told)
    for victim in members(service):
        os.kill(victim, signal.SIGKILL)
        await there_are(service, 2, without=victim)
    assert await counted(service.port, prepared.token) == 30


async def test_a_killed_process_is_replaced(service: Service) -> None:
    await there_are(service, 2)
    for victim in members(service):
        os.kill(victim, signal.SIGKILL)
    connection = Connection(service.port)
    # The port was there all the time: whoever knocked meanwhile is let in.
    status, _, _ = await asyncio.wait_for(connection.ask(KNOWN), PATIENCE_SECONDS)
    connection.close()
    assert status == 200


async def test_no_request_is_lost_when_one_process_is_told_to_stop(service: Service) -> None:
    await there_are(service, 2)
    async with clients(service.port) as seen:
        for _ in range(2):
            before = seen.total
            victim = members(service)[0]
            os.kill(victim, signal.SIGTERM)
            await there_are(service, 2, without=victim)

            async def asked_on(before: int = before) -> bool:
                return seen.total > before + 200

            await until(asked_on)
    assert seen.lost == []
    assert set(seen.statuses) == {200}
    assert len(seen.bodies) == 1
    assert seen.connections > 8, "nobody was told to go"


async def test_idle_connections_have_their_usual_time_when_a_process_stops(prepared: Prepared) -> None:
    with serving(prepared, workers=1, SIGNPOST_KEEP_ALIVE_SECONDS="4") as service:
        idle = Connection(service.port)
        await idle.ask(KNOWN)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        status, fields, _ = await idle.ask(KNOWN)
        assert (status, fields["connection"]) == (200, "close")
        assert await asyncio.to_thread(service.process.wait, 10) == 0


async def test_whoever_is_told_to_stop_says_so_before_it_closes_the_door(prepared: Prepared) -> None:
    with serving(prepared, SIGNPOST_DRAIN_SECONDS="3") as service:
        assert await readiness(service.port) == (200, b"ready")
        service.process.send_signal(signal.SIGTERM)

        async def is_leaving() -> bool:
            return await readiness(service.port) == (503, b"leaving")

        await until(is_leaving)
        assert await readiness(service.port, "/health/serving") == (503, b"leaving")
        connection = Connection(service.port)
        status, fields, _ = await connection.ask(KNOWN)
        assert (status, fields["connection"]) == (200, "close")
        assert await asyncio.to_thread(service.process.wait, 15) == 0
    with pytest.raises(OSError, match="Connect call failed"):
        await connection.open()


async def readiness(port: int, path: str = "/health/ready") -> tuple[int, bytes]:
    connection = Connection(port)
    status, _, body = await connection.ask(get(path))
    connection.close()
    found = re.search(rb'"status":"([^"]+)"', body)
    assert found is not None, body
    return status, found[1]


async def test_processes_do_not_outlive_the_one_that_sees_to_them(prepared: Prepared) -> None:
    with serving(prepared) as service:
        await there_are(service, 2)
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait(5)
        await there_are(service, 0)


@pytest.fixture
async def stuck(prepared: Prepared) -> AsyncIterator[Service]:
    """A service of which one process stands still."""
    with serving(prepared, SIGNPOST_SHUTDOWN_SECONDS="1") as started:
        await there_are(started, 2)
        victim = members(started)[0]
        os.kill(victim, signal.SIGSTOP)
        yield started


async def test_a_process_that_stands_still_does_not_keep_the_others_from_ending(stuck: Service) -> None:
    started = time.monotonic()
    stuck.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(stuck.process.wait, 20) == 0
    assert time.monotonic() - started < 15
