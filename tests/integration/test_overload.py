"""More than the service can do at once, against the real server; the numbers are printed with ``-s``."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from clients import KNOWN, Connection, clients, get
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service_process import Prepared

pytestmark = [pytest.mark.integration, pytest.mark.slow]

IDLE: Final = int(os.environ.get("SIGNPOST_IDLE_CONNECTIONS", "1000"))
"""``make soak`` opens ten thousand."""
MOST_BYTES_PER_IDLE: Final = 24 * 1024


@dataclass
class Managed:
    """What programs met that ask without a pause."""

    done_seconds: list[float] = field(default_factory=list)
    refused_seconds: list[float] = field(default_factory=list)
    others: list[object] = field(default_factory=list)


async def manage(port: int, token: str, seen: Managed, until: float) -> None:
    request = get("/api/v1/domains", f"Authorization: Bearer {token}")
    connection = Connection(port)
    while time.monotonic() < until:
        started = time.monotonic()
        status, fields, body = await connection.ask(request)
        seconds = time.monotonic() - started
        if status == 200:
            seen.done_seconds.append(seconds)
        elif status == 503 and fields["retry-after"] == "5" and b"/problems/overloaded" in body:
            seen.refused_seconds.append(seconds)
            # Nobody waits for as long as they are asked to here, or there would be nothing to see.
            await asyncio.sleep(0.05)
        else:
            seen.others.append((status, body))
    connection.close()


async def test_management_is_refused_before_anybody_waits_long_and_mail_clients_are_served(
    prepared: Prepared,
) -> None:
    environment = {"SIGNPOST_REQUESTS_AT_ONCE": "4", "SIGNPOST_REQUESTS_PER_MINUTE_PER_TOKEN": "0"}
    with Service(prepared.url, environment=environment) as service:
        managed, end = Managed(), time.monotonic() + 6
        async with clients(service.port, 4) as seen, asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(manage(service.port, prepared.token, managed, end))
    done, refused = sorted(managed.done_seconds), sorted(managed.refused_seconds)
    print(
        f"\nmanagement: {len(done)} done, median {done[len(done) // 2] * 1000:.0f} ms, "
        f"longest {done[-1] * 1000:.0f} ms; {len(refused)} refused, longest {refused[-1] * 1000:.0f} ms; "
        f"mail clients: {seen.total} served"
    )
    assert managed.others == []
    assert len(done) > 20
    assert len(refused) > len(done)
    assert seen.lost == []
    assert set(seen.statuses) == {200}
    assert max(done[-1], refused[-1]) < 5


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"no more than {hard} descriptors may be opened here, {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.mark.usefixtures("many_descriptors")
async def test_idle_connections_cost_little_and_keep_nobody_from_being_served(prepared: Prepared) -> None:
    with Service(prepared.url, environment={"SIGNPOST_KEEP_ALIVE_SECONDS": "600"}) as service:
        first = Connection(service.port)
        for _ in range(200):
            await first.ask(KNOWN)
        before = resident_bytes(service.process.pid)
        idle = [Connection(service.port) for _ in range(IDLE)]
        for start in range(0, IDLE, 50):
            await asyncio.gather(*(connection.ask(KNOWN) for connection in idle[start : start + 50]))
        each = (resident_bytes(service.process.pid) - before) / IDLE
        started = time.monotonic()
        for _ in range(200):
            status, _, _ = await first.ask(KNOWN)
            assert status == 200
        seconds = (time.monotonic() - started) / 200
        print(
            f"\n{IDLE} idle connections: {each:.0f} bytes each; another is answered in {seconds * 1e3:.2f} ms"
        )
        assert each < MOST_BYTES_PER_IDLE
        # All of them are still there.
        for connection in idle[:: max(1, IDLE // 20)]:
            assert connection.is_open
            assert (await connection.ask(KNOWN))[0] == 200
        for connection in (first, *idle):
            connection.close()


async def test_no_descriptors_left_is_no_reason_to_stop_serving(prepared: Prepared) -> None:
    # The service raises its own limit to what it may have, so that is what is lowered.
    few = ("sh", "-c", 'ulimit -n 128 && exec "$0" "$@"', *Service(prepared.url)._command)
    with Service(prepared.url, command=few) as service:
        known = Connection(service.port)
        assert (await known.ask(KNOWN))[0] == 200
        crowd = [Connection(service.port) for _ in range(200)]
        await asyncio.gather(*(one.open() for one in crowd), return_exceptions=True)
        for _ in range(20):
            assert (await asyncio.wait_for(known.ask(KNOWN), 10))[0] == 200
        for one in crowd:
            one.close()
        await asyncio.sleep(1)
        late = Connection(service.port)
        assert (await asyncio.wait_for(late.ask(KNOWN), 10))[0] == 200
        for connection in (known, late):
            connection.close()
