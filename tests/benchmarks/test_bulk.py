"""Domains by the hundred thousand, through the API and by command.

The reference is a bare executemany of the same rows into the same database. Printed are ratios, rates
and the memory that the service needed.
``SIGNPOST_BENCH_DOMAINS`` is how many (200,000).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from typing_extensions import override

from benchmarks import recording
from bulk_stream import BulkStream
from receivers import Receiver
from service_process import ROOT, Service, signpost

pytestmark = pytest.mark.benchmark

DOMAINS = int(os.environ.get("SIGNPOST_BENCH_DOMAINS", "200000"))
FEW = DOMAINS // 10
BATCH = 1000
COLUMNS = (
    "name", "provider_id", "variables", "node", "status", "published_name", "reference", "serves_mx",
    "source", "version", "created_at", "updated_at",
)  # fmt: skip


def record(kind: str, number: int) -> dict[str, Any]:
    node = {"NODE": f"srv{number % 200}"}
    return {
        "name": f"{kind}-{number}.example",
        "provider": "demo",
        "variables": node,
        "reference": f"K-{number}",
    }


def row(kind: str, number: int, now: Any) -> tuple[Any, ...]:
    given = record(kind, number)
    variables = json.dumps(given["variables"])
    fixed = ("active", "automatic", given["reference"], False, "api", 1, now, now)
    return given["name"], 1, variables, given["variables"]["NODE"], *fixed


def write_file(path: Path, kind: str, count: int) -> Path:
    with path.open("w") as file:
        file.writelines(f"{json.dumps(record(kind, number))}\n" for number in range(count))
    return path


class CountedStream(BulkStream):
    """Counts results instead of reading them, so that the reader is not what is measured."""

    @override
    async def _read(self) -> None:
        await self._reader.readuntil(b"\r\n\r\n")
        self.lines, last = 0, b""
        while size := int(await self._reader.readline(), 16):
            part = await self._reader.readexactly(size)
            await self._reader.readexactly(2)
            self.lines += part.count(b"\n")
            last = (last + part)[-1000:]
        self.results = [json.loads(last.splitlines()[-1])]


async def post(service: Service, token: str, file: Path, *, until: int = 0) -> tuple[float, dict[str, Any]]:
    """Send a file; kill the service after so many results where that is wanted."""
    started = time.perf_counter()
    async with CountedStream(service.url, token) as stream:

        async def send() -> None:
            with file.open("rb") as data:
                while part := data.read(65_536):
                    await stream.send(part)
            await stream.send_end()

        sending = asyncio.create_task(send())
        if until:
            while getattr(stream, "lines", 0) < until:  # noqa: ASYNC110 - as good as an event here
                await asyncio.sleep(0.01)
            service.kill()
        await asyncio.gather(sending, stream.reading, return_exceptions=bool(until))
        return time.perf_counter() - started, (stream.results or [{}])[-1]


def peak_kilobytes(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


async def bare_postgresql(url: str, rows: list[tuple[Any, ...]]) -> float:
    places = ", ".join(f"${position}" for position in range(1, len(COLUMNS) + 1))
    statement = f"INSERT INTO domain ({', '.join(COLUMNS)}) VALUES ({places})"  # noqa: S608 - our own names
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        async with connection.transaction():
            await connection.executemany(statement, rows[start : start + BATCH])
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


def bare_sqlite(url: str, rows: list[tuple[Any, ...]]) -> float:
    places = ", ".join("?" * len(COLUMNS))
    statement = f"INSERT INTO domain ({', '.join(COLUMNS)}) VALUES ({places})"  # noqa: S608 - our own names
    with contextlib.closing(sqlite3.connect(url.partition("///")[2], isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        started = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows[start : start + BATCH])
            connection.execute("COMMIT")
        return time.perf_counter() - started


def bare(url: str) -> float:
    """Store the rows, all columns and indexes as they are, and nothing else."""
    if url.startswith("sqlite"):
        return bare_sqlite(
            url, [row("bare", number, "2026-01-01 00:00:00.000000") for number in range(DOMAINS)]
        )
    now = datetime.now(UTC)
    return asyncio.run(bare_postgresql(url, [row("bare", number, now) for number in range(DOMAINS)]))


def by_command(url: str, file: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", "import", "domains", str(file)],
        cwd=ROOT, env={**os.environ, "SIGNPOST_DATABASE_URL": url}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(f"  {done.stdout.strip()}")
    return time.perf_counter() - started


@dataclass
class Measured:
    url: str
    token: str

    def tell(self, what: str, seconds: float, reference: float, note: str = "") -> None:
        kind = self.url.partition("+")[0]
        name, unit = f"{kind}, {what}", "of a bare executemany"
        group = f"Bulk, {DOMAINS:,} domains"
        note_of_rate = f"{DOMAINS / seconds:,.0f} a second"
        found = recording.Result(
            group=group, name=name, value=reference / seconds, unit=unit, note=note_of_rate
        )
        recording.record(found)
        print(f"  {kind} {what}: {DOMAINS / seconds:,.0f}/s, ratio {reference / seconds:.2f}{note}")


@pytest.fixture
def measured(database_url: str) -> Measured:
    assert signpost("demo", database_url=database_url).returncode == 0
    created = signpost("token", "create", "--name", "t", "--scope", "admin", database_url=database_url)
    return Measured(database_url, created.stdout.strip())


def test_bulk_against_a_bare_executemany(measured: Measured, tmp_path: Path) -> None:
    print(f"\n{DOMAINS:,} domains:")
    few, many = (
        write_file(tmp_path / "few.ndjson", "few", FEW),
        write_file(tmp_path / "api.ndjson", "api", DOMAINS),
    )
    command = write_file(tmp_path / "command.ndjson", "command", DOMAINS)
    with Service(measured.url) as service:
        asyncio.run(post(service, measured.token, few))
        least = peak_kilobytes(service)
    reference = bare(measured.url)
    print(f"  bare executemany: {DOMAINS / reference:,.0f}/s")
    with Service(measured.url) as service:
        seconds, summary = asyncio.run(post(service, measured.token, many))
        assert summary["created"] == DOMAINS
        most = peak_kilobytes(service)
        note = f"; peak memory {most / 1024:.1f} MB, for {FEW:,} {least / 1024:.1f} MB"
        measured.tell("API", seconds, reference, note)
        again, summary = asyncio.run(post(service, measured.token, many))
        assert summary["unchanged"] == DOMAINS
        measured.tell("API, all there already", again, reference)
    measured.tell("signpost import domains", by_command(measured.url, command), reference)
    measured.tell("the same again", by_command(measured.url, command), reference)
    assert most < least * 1.25 + 8 * 1024


def test_bulk_that_is_interrupted_goes_on_without_loss_or_duplicates(
    measured: Measured, tmp_path: Path
) -> None:
    file = write_file(tmp_path / "api.ndjson", "api", DOMAINS)
    with Service(measured.url) as service:
        asyncio.run(post(service, measured.token, file, until=DOMAINS // 2))
    with Service(measured.url) as service:
        _seconds, summary = asyncio.run(post(service, measured.token, file))
    assert summary["unchanged"] >= DOMAINS // 2
    assert summary["created"] + summary["unchanged"] == DOMAINS
    counts = asyncio.run(counted(measured.url))
    assert counts == (DOMAINS + 1, DOMAINS + 1, DOMAINS + 1)
    there, came = summary["unchanged"], summary["created"]
    print(f"\n  killed; then {there:,} were there, {came:,} came; none lost or twice")


def test_bulk_with_a_subscriber_against_none(
    measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is written and, at the same time, sent: the subscriber's share of the work is both."""
    monkeypatch.setenv("SIGNPOST_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("SIGNPOST_WEBHOOK_ALLOW_HTTP", "true")
    seconds, peaks = [], []
    with Receiver() as receiver:
        for kind, types in (("none", []), ("unheard", ["host.bad"]), ("heard", ["domain.created"])):
            if types:
                subscribe(measured, receiver.url(), types)
            file = write_file(tmp_path / f"{kind}.ndjson", kind, FEW)
            with Service(measured.url) as service:
                spent, summary = asyncio.run(post(service, measured.token, file))
                peaks.append(peak_kilobytes(service) / 1024)
            assert summary["created"] == FEW
            seconds.append(spent)
    alone, unheard, heard = (FEW / spent for spent in seconds)
    kind = measured.url.partition("+")[0]
    group, unit = "Bulk with a subscriber", "of the rate with none"
    recording.record(recording.Result(group=group, name=kind, value=heard / alone, unit=unit))
    print(f"\n  {kind}, {FEW:,} domains: {alone:,.0f}/s, {peaks[0]:.1f} MB with no subscriber")
    print(
        f"  with one that hears of nothing: {unheard:,.0f}/s, ratio {unheard / alone:.2f}, {peaks[1]:.1f} MB"
    )
    print(f"  with one that hears of all: {heard:,.0f}/s, ratio {heard / alone:.2f}, {peaks[2]:.1f} MB")
    assert max(peaks) < peaks[0] * 1.25 + 8


def subscribe(measured: Measured, url: str, types: list[str]) -> None:
    body = {"name": "t", "url": url, "event_types": types}
    headers = {"Authorization": f"Bearer {measured.token}"}
    with Service(measured.url) as service:
        answer = httpx.post(f"{service.url}/api/v1/webhooks", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def counted(url: str) -> tuple[int, int, int]:
    """Return how many domains there are, entries of the audit about domains, and domains in these."""
    statements = (
        "SELECT count(*) FROM domain",
        "SELECT count(*) FROM audit_entry WHERE kind = 'domain'",
        "SELECT count(DISTINCT resource) FROM audit_entry WHERE kind = 'domain'",
    )
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.partition("///")[2])) as connection:
            found = [connection.execute(statement).fetchone()[0] for statement in statements]
    else:
        opened = await asyncpg.connect(url.replace("+asyncpg", ""))
        found = [await opened.fetchval(statement) for statement in statements]
        await opened.close()
    return found[0], found[1], found[2]
