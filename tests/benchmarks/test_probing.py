"""What probes cost, against the least that a look at a TLS server can cost, in the same run.

The reference is a bare asyncio protocol that shakes hands, with verification, and reads the greeting. A
probe asks for the capabilities and logs out besides. Rounds alternate between the two.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import ssl
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pytest
from app.core.endpoints import Protocol
from app.net.dialer import ConnectionLimits
from app.net.streams import TimeLimits
from app.verification.judging import judge
from app.verification.trust import TrustStore
from typing_extensions import override

from benchmarks.load import pin
from benchmarks.recording import Result, of_rounds, record
from certificates import write_web_certificate
from fakes.peers import HOST
from fakes.resolver import ScriptedResolver
from probing import a_prober, an_endpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from app.verification.running import Prober

pytestmark = pytest.mark.benchmark

GROUP = "Verification"

ROUNDS = int(os.environ.get("SIGNPOST_BENCH_ROUNDS", "5"))
PROBES = 600
CONCURRENT = 50
FIRST_ADDRESS = int(ip_address("127.8.0.1"))
SLOW_ENDPOINTS = 5000
SLOW_CONCURRENT = 300
SLOW_SECONDS = 0.5
WAITING = 1000
SCANS = 200
SSLYZE_FLOOR = 3
"""Of CPU seconds: half of what was seen."""

Item = TypeVar("Item")
Look: TypeAlias = "Callable[[str], Coroutine[object, object, None]]"


@contextmanager
def an_imap_server(folder: Path, delay: float = 0.0) -> Iterator[tuple[int, Path]]:
    """Start the server on one core and be on another; gives its port and the root to trust."""
    own = os.sched_getaffinity(0)
    root, certificate = write_web_certificate(folder, [HOST])
    program = Path(__file__).with_name("imap_server.py")
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, str(program), str(certificate), str(delay)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        pin(process.pid, 0)
        # What this process starts is there too.
        pin(0, 1)
        yield int(process.stdout.readline()), root
    finally:
        os.sched_setaffinity(0, own)
        process.terminate()
        process.communicate(timeout=10)


async def spread(items: list[Item], concurrent: int, use: Callable[[Item], Awaitable[None]]) -> None:
    """Use the items, so many at a time."""
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await use(item)

    await asyncio.gather(*(work() for _ in range(concurrent)))


def addresses(count: int) -> list[str]:
    return [str(ip_address(FIRST_ADDRESS + number)) for number in range(count)]


class Bare(asyncio.Protocol):
    """The reference: done when the greeting is there."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.facts: tuple[object, ...] = ()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        connection = self._transport.get_extra_info("ssl_object")
        self.facts = (connection.version(), connection.cipher(), connection.getpeercert(True))  # noqa: FBT003
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError())


def bare_look(port: int, context: ssl.SSLContext) -> Look:
    async def look(address: str) -> None:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(Bare, address, port, ssl=context, server_hostname=HOST)
        await protocol.done

    return look


def a_bench_prober(concurrent: int) -> Prober:
    times = TimeLimits(connect=30, reply=30, total=60)
    limits = ConnectionLimits(in_total=concurrent, per_network=concurrent, times=times)
    return a_prober(ScriptedResolver(), limits=limits)


def probing_look(port: int, prober: Prober) -> Look:
    async def look(address: str) -> None:
        endpoint = replace(an_endpoint(Protocol.IMAP, port), hostname=address)
        observation = await prober.observe(endpoint)
        seen = observation.addresses[0]
        assert seen.failure is None, seen.failure
        assert seen.in_tls is not None

    return look


def cpu_seconds(look: Look) -> float:
    async def run() -> float:
        started = time.process_time()
        await spread(addresses(PROBES), CONCURRENT, look)
        return time.process_time() - started

    return asyncio.run(run())


def test_a_probe_costs_little_more_than_a_handshake(tmp_path: Path) -> None:
    with an_imap_server(tmp_path) as (port, root):
        context = ssl.create_default_context(cafile=root)
        bare = bare_look(port, context)
        prober = a_bench_prober(CONCURRENT)
        cpu_seconds(bare), cpu_seconds(probing_look(port, prober))
        rounds = [(cpu_seconds(bare), cpu_seconds(probing_look(port, prober))) for _ in range(ROUNDS)]
    ratio = statistics.median(bare / probed for bare, probed in rounds)
    microseconds = [statistics.median(one) / PROBES * 1e6 for one in zip(*rounds, strict=True)]
    ratios = [bare / probed for bare, probed in rounds]
    record(of_rounds(ratios, group=GROUP, name="probes per CPU second", unit="of bare handshakes", goal=0.7))
    print(f"\nCPU per look, {PROBES} looks, {CONCURRENT} at a time, medians of {ROUNDS} rounds:")
    print(f"  bare handshake with verification and greeting {microseconds[0]:>6.0f} us")
    print(f"  probe                                         {microseconds[1]:>6.0f} us")
    print(f"  probes per CPU second: {ratio:.2f} of the bare loop (aim: 0.7)")
    assert ratio > 0.6


def test_slow_servers_hold_up_only_themselves(tmp_path: Path) -> None:
    ideal = SLOW_ENDPOINTS * SLOW_SECONDS / SLOW_CONCURRENT

    async def probe(port: int) -> None:
        look = probing_look(port, a_bench_prober(SLOW_CONCURRENT))
        # All are handed over at once, and the prober holds them back.
        await asyncio.gather(*(look(address) for address in addresses(SLOW_ENDPOINTS)))

    def seconds(work: Coroutine[object, object, None]) -> float:
        started = time.monotonic()
        asyncio.run(work)
        return time.monotonic() - started

    with an_imap_server(tmp_path, SLOW_SECONDS) as (port, root):
        bare = bare_look(port, ssl.create_default_context(cafile=root))
        bare_took = seconds(spread(addresses(SLOW_ENDPOINTS), SLOW_CONCURRENT, bare))
        took = seconds(probe(port))
    late, unit = "servers that greet late", "x the ideal"
    record(Result(group=GROUP, name=late, value=took / ideal, unit=unit, goal=2.0, is_more_better=False))
    print(f"\n{SLOW_ENDPOINTS} endpoints that greet after {SLOW_SECONDS} s, {SLOW_CONCURRENT} at a time:")
    print(f"  {took:.1f} s, {took / ideal:.2f} of the ideal {ideal:.1f} s (aim: below 2)")
    print(f"  {took / bare_took:.2f} of the bare loop's {bare_took:.1f} s")
    if bare_took > 2 * ideal:
        pytest.skip("the machine is busy: handshakes alone take longer than the aim allows")
    assert took < 2 * ideal


def test_looks_are_quicker_than_sslyze(tmp_path: Path) -> None:
    scanner = Path(".venv/scanner/bin/python")
    if not scanner.exists():
        pytest.skip("sslyze is not installed (make bench installs it)")
    program = str(Path(__file__).with_name("sslyze_scan.py"))
    with an_imap_server(tmp_path) as (port, root):
        trust = TrustStore.from_pem(root.read_bytes())
        prober = a_bench_prober(CONCURRENT)

        async def look(address: str) -> None:
            # sslyze says what the certificate is worth, so we do too.
            endpoint = replace(an_endpoint(Protocol.IMAP, port), hostname=address)
            observation = await prober.observe(endpoint)
            assert observation.addresses[0].tls is not None
            judge(observation, trust, datetime.now(UTC))

        async def ours() -> tuple[float, float]:
            started, used = time.monotonic(), time.process_time()
            await spread(addresses(SCANS), CONCURRENT, look)
            return time.monotonic() - started, time.process_time() - used

        def theirs() -> tuple[float, float]:
            command = [str(scanner), program, HOST, addresses(1)[0], str(port), str(SCANS)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            wall, used = done.stdout.split()
            return float(wall), float(used)

        rounds = [(asyncio.run(ours()), theirs()) for _ in range(ROUNDS)]
    walls, processors = (
        statistics.median(their[kind] / our[kind] for our, their in rounds) for kind in (0, 1)
    )
    for kind, name, goal in ((0, "on one core", 8.0), (1, "per CPU second", None)):
        ratios = [theirs[kind] / ours[kind] for ours, theirs in rounds]
        record(of_rounds(ratios, group=GROUP, name=f"against sslyze, {name}", unit="x", goal=goal))
    print(
        f"\n{SCANS} servers, {CONCURRENT} at a time, against sslyze's certificate scan (median of {ROUNDS}):"
    )
    print(f"  {walls:.1f} times as many a second (aim: 8), {processors:.1f} times as many a CPU second")
    assert processors > SSLYZE_FLOOR


def resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def test_a_connection_takes_little_memory(tmp_path: Path) -> None:
    async def run(port: int) -> tuple[int, int]:
        look = probing_look(port, a_bench_prober(WAITING))
        await look("127.7.0.1")
        gc.collect()
        # What measurements before this one left free would be taken first.
        ctypes.CDLL(None).malloc_trim(0)
        before = resident_kib()
        running = [asyncio.create_task(look(address)) for address in addresses(WAITING)]
        most = before
        while not all(task.done() for task in running):
            most = max(most, resident_kib())
            await asyncio.sleep(0.05)
        await asyncio.gather(*running)
        return before, most

    with an_imap_server(tmp_path, 5.0) as (port, _):
        before, most = asyncio.run(run(port))
    each = (most - before) / WAITING
    name = "memory of a connection"
    record(Result(group=GROUP, name=name, value=each, unit="KiB", goal=80.0, is_more_better=False))
    print(f"\n{WAITING} connections at a time: {each:.0f} KiB each (aim: at most 80)")
    assert each <= 80
