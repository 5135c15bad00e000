"""What it costs that there are millions of domains: a look-up, the start, and the memory of a process.

``SIGNPOST_BENCH_STORED`` is how many (5,000,000). Databases of a thousand and of that many are measured in
turns; printed are medians and ratios: times alone are the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import shutil
import sqlite3
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
import uvloop
from app.services.known_domains import KnownDomains
from app.store.change_watching import Reach
from app.store.standings import PostgresStandings, SqliteStandings

from benchmarks.load import ROUNDS, ask, cpu_nanoseconds
from benchmarks.recording import of_rounds, record
from builders import a_domain
from databases import opened, stored_domain, stored_provider
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postgres import PostgresCluster

pytestmark = pytest.mark.benchmark

MANY = int(os.environ.get("SIGNPOST_BENCH_STORED", "5000000"))
FEW = 1000
HOT = 100_000
AT_ONCE = 250_000
MOST_MEGABYTES = 150
ENVIRONMENT = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}
SAME = "variables, status, published_name, serves_mx, source, version, created_at, updated_at"
PARAMETERS = pytest.mark.parametrize(
    "sizes", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


async def begin(url: str) -> None:
    async with opened(url) as store:
        await stored_provider(store)
        await stored_domain(store, a_domain("first.example"))


def fill(url: str, count: int) -> None:
    """Store so many domains, named ``b0.example`` and so on, past the program: its triggers run."""
    asyncio.run(begin(url))
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.partition("///")[2], isolation_level=None)) as file:
            file.execute("PRAGMA synchronous=OFF")
            file.execute("PRAGMA cache_size=-200000")
            for start in range(0, count, AT_ONCE):
                file.execute(
                    "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "  # noqa: S608
                    f"INSERT INTO domain (name, provider_id, {SAME}) SELECT 'b' || i || '.example', "
                    f"provider_id, {SAME} FROM n, (SELECT * FROM domain WHERE name = 'first.example')",
                    (start, min(start + AT_ONCE, count)),
                )
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    asyncio.run(fill_postgresql(url, count))


async def fill_postgresql(url: str, count: int) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for start in range(0, count, AT_ONCE):
        await connection.execute(
            f"INSERT INTO domain (name, provider_id, {SAME}) SELECT 'b' || i || '.example', d.provider_id, "  # noqa: S608
            f"{', '.join(f'd.{name}' for name in SAME.split(', '))} FROM domain d, "
            f"generate_series({start}, {min(start + AT_ONCE, count) - 1}) i WHERE d.name = 'first.example'",
        )
    await connection.execute("VACUUM ANALYZE domain")
    await connection.close()


@pytest.fixture(scope="module")
def sizes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, str]]:
    """Databases with few domains, and with many."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("sizes")
        template: Path = request.getfixturevalue("sqlite_template")
        urls = {}
        for count in (FEW, MANY):
            urls[count] = f"sqlite+aiosqlite:///{shutil.copy(template, folder / f'{count}.db')}"
            fill(urls[count], count)
        yield urls
        shutil.rmtree(folder)
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    with cluster.database() as few, cluster.database() as many:
        fill(few, FEW)
        fill(many, MANY)
        yield {FEW: few, MANY: many}


async def warm_up(known: KnownDomains, count: int) -> None:
    """Look up one of a hundred: afterwards every page near any domain's is in this process's memory."""
    for number in range(0, count, 100):
        await known.find(f"b{number}.example")


async def look_up(urls: dict[int, str]) -> dict[int, list[float]]:
    """Return what a look-up of a domain took of the processor, in turns."""
    costs: dict[int, list[float]] = {count: [] for count in urls}
    async with contextlib.AsyncExitStack() as stack:
        known: dict[int, KnownDomains] = {}
        for count, url in urls.items():
            store = await stack.enter_async_context(opened(url))
            is_sqlite = url.startswith("sqlite")
            standings = SqliteStandings(url) if is_sqlite else PostgresStandings(store.engine)
            known[count] = KnownDomains(store, standings, limit=10 * FEW)
            stack.push_async_callback(known[count].close)
            known[count].trust()
            await warm_up(known[count], count)
        for turn in range(2 * ROUNDS + 1):
            for count, domains in known.items():
                domains.forget(Reach.DOMAINS)
                names = [f"b{random.randrange(count)}.example" for _ in range(FEW)]  # noqa: S311
                began = time.process_time()
                for name in dict.fromkeys(names):
                    await domains.find(name)
                if turn:
                    costs[count].append((time.process_time() - began) / len(set(names)) * 1e6)
    return costs


@PARAMETERS
def test_a_look_up_costs_little_more_among_millions(sizes: dict[int, str]) -> None:
    costs = uvloop.run(look_up(sizes))
    ratios = [many / few for few, many in zip(costs[FEW], costs[MANY], strict=True)]
    few, many = (statistics.median(costs[count]) for count in (FEW, MANY))
    print(
        f"\na look-up among {MANY} domains: {many:.0f} us of CPU, {few:.0f} us among {FEW}: "
        f"{statistics.median(ratios):.2f} times"
    )
    kind = "PostgreSQL" if sizes[FEW].startswith("postgresql") else "SQLite"
    described = {"group": "CPU time of a look-up among many domains", "unit": "x", "is_more_better": False}
    record(of_rounds(ratios, name=f"{kind}, {MANY:,} domains to {FEW:,}", goal=1.5, **described))
    assert statistics.median(ratios) <= 1.5


def first_answer(url: str, bytecode: Path, command: tuple[str, ...] = ()) -> tuple[float, float]:
    """Return the seconds that it took, and those of the processor.

    With bytecode, as installed programs have it, in a folder of its own: nobody else's tree is written to.
    """
    began = time.perf_counter()
    environment = {**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(bytecode)}
    with Service(url, command=command, environment=environment) as service:
        path = "/?text=b7.example" if command else "/mail/config-v1.1.xml?emailaddress=jane@b7.example"
        answer = httpx.get(f"{service.url}{path}")
        assert answer.status_code == 200
        return time.perf_counter() - began, cpu_nanoseconds(service.process.pid) / 1e9


@PARAMETERS
def test_the_first_answer_comes_as_soon_among_millions(sizes: dict[int, str], tmp_path: Path) -> None:
    bare = "a bare FastAPI"
    starts: dict[str, Callable[[], tuple[float, float]]] = {
        f"among {count} domains": partial(first_answer, url, tmp_path) for count, url in sizes.items()
    }
    few, many = starts
    command = (sys.executable, str(Path(__file__).with_name("bare_fastapi.py")))
    starts[bare] = partial(first_answer, sizes[FEW], tmp_path, command)
    # The first one writes the bytecode.
    turns = [{name: start() for name, start in starts.items()} for _ in range(ROUNDS + 1)][1:]
    print("\nfrom the start to the first answer, medians (aim: 1.5 s on a machine with nothing else to do):")
    for name in starts:
        wall, used = (statistics.median(turn[name][kind] for turn in turns) for kind in (0, 1))
        times_bare = statistics.median(turn[name][1] / turn[bare][1] for turn in turns)
        print(f"  {name:>22}: {wall:.2f} s, {used:.2f} s of CPU, {times_bare:.2f} times that of {bare}")
    ratios = [turn[many][1] / turn[few][1] for turn in turns]
    of_start = [turn[many][1] / turn[bare][1] for turn in turns]
    described = {"group": "Start to the first answer", "is_more_better": False}
    kind = "PostgreSQL" if sizes[FEW].startswith("postgresql") else "SQLite"
    seconds = [turn[many][0] for turn in turns]
    record(
        of_rounds(seconds, name=f"{kind}, {MANY:,} domains, by the clock", unit="s", goal=1.5, **described)
    )
    record(of_rounds(of_start, name=f"{kind}, to a bare FastAPI application", unit="x", **described))
    record(of_rounds(ratios, name=f"{kind}, {MANY:,} domains to {FEW:,}", unit="x", goal=1.2, **described))
    # What a process needs to begin with must not grow with what is stored.
    assert statistics.median(ratios) < 1.2


def resident_megabytes(service: Service) -> float:
    """Return what a process has in memory, but for the database's file, which all processes share."""
    kibibytes, is_counted = 0, True
    for line in Path(f"/proc/{service.process.pid}/smaps").read_text().splitlines():
        if re.match("[0-9a-f]+-[0-9a-f]+ ", line):
            is_counted = not line.endswith((".db", ".db-shm"))
        elif line.startswith("Rss:") and is_counted:
            kibibytes += int(line.split()[1])
    return kibibytes / 1024


@PARAMETERS
def test_known_domains_take_little_memory(sizes: dict[int, str], tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    count = min(HOT, MANY)
    script = tmp_path / "hot.lua"
    script.write_text(
        "local n = 0\n"
        f"request = function()\n  n = (n + 1) % {count}\n"
        '  return wrk.format("GET", "/mail/config-v1.1.xml?emailaddress=u%40b" .. n .. ".example")\nend\n'
    )
    with Service(sizes[MANY], environment=ENVIRONMENT) as service:
        asked = 0
        while asked < 2 * count:
            asked += int(ask(service, script, 5).partition(" requests in")[0].split()[-1])
        resident = resident_megabytes(service)
    print(f"\n{count} domains hot among {MANY}: {resident:.0f} MB resident (aim: at most {MOST_MEGABYTES})")
    assert resident <= MOST_MEGABYTES
