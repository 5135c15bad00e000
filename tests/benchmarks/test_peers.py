"""Requests a second and CPU time against automx2 and Monogramm's autodiscover, in the same run.

automx2 runs as its documentation has it (``flask run`` behind a proxy), with 1,000 domains: one in each of as
many providers, and all of them in one. Ours has the very same file, imported. Both are pinned to one core.
"""

from __future__ import annotations

import http.client
import itertools
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from automx2_files import a_database
from benchmarks.load import ROUNDS, pin
from benchmarks.recording import of_rounds, record
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.benchmark

DOMAINS = 1000
SECONDS = 2
CONNECTIONS = 8
GOALS = {"many": 60.0, "one": 500.0}
SHAPES = {"many": "a domain in each of 1,000 providers", "one": "1,000 domains in one provider"}
UNLIMITED = {
    "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0",
    "SIGNPOST_PUBLIC_URL": "https://signpost.example",
}


def reference(variable: str) -> Path:
    """Return where a reference is; without it the benchmark is passed over, and says so."""
    named = os.environ.get(variable)
    if not named:
        pytest.skip(f"{variable} names no folder")
    return Path(named)


def rows(shape: str) -> str:
    """Write the tables of automx2: three servers for each domain."""
    numbers = range(1, DOMAINS + 1)
    providers = numbers if shape == "many" else (1,)
    of_domain = {number: number if shape == "many" else 1 for number in numbers}
    tables: dict[str, list[tuple[object, ...]]] = {
        "provider": [(number, f"Provider {number}", f"P{number}") for number in providers],
        "server": [
            (
                3 * number + at,
                10,
                f"mail{number}.provider.example",
                port,
                kind,
                "SSL",
                "%EMAILADDRESS%",
                "plain",
            )
            for number in providers
            for at, (kind, port) in enumerate((("imap", 993), ("pop", 995), ("smtp", 465)))
        ],
        "domain": [(number, f"d{number - 1}.example", of_domain[number], None) for number in numbers],
        "server_domain": [(3 * of_domain[number] + at, number) for number in numbers for at in range(3)],
    }
    return "\n".join(
        f"INSERT INTO {table} VALUES ({', '.join(map(_literal, row))});"  # noqa: S608 - our own numbers
        for table, found in tables.items()
        for row in found
    )


def _literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def imported(file: Path, folder: Path) -> str:
    url = f"sqlite+aiosqlite:///{folder}/ours.db"
    for command in (["migrate"], ["import", "automx2", str(file)]):
        done = signpost(*command, database_url=url)
        assert done.returncode == 0, done.stderr + done.stdout
    return url


def by_wrk(service: Service, script: Path) -> float:
    """Return requests a second of what answers thousands."""
    wrk = [
        shutil.which("wrk") or "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        "-s",
        str(script),
        service.url,
    ]
    done = subprocess.run(  # noqa: S603 - on loopback
        wrk, capture_output=True, text=True, check=True, preexec_fn=lambda: pin(0, 1)
    ).stdout
    assert "Non-2xx" not in done, done
    found = re.search(r"Requests/sec:\s+([\d.]+)", done)
    assert found is not None
    return float(found[1])


def by_threads(service: Service, _script: Path) -> float:
    """Return the same of what answers tens, and may die over it: it counts for as long as it lives."""
    began, numbers, ends = time.monotonic(), itertools.count(), list[float]()

    def ask() -> None:
        while time.monotonic() < began + SECONDS:
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
            try:
                connection.request("GET", path_of(next(numbers)))
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return
            finally:
                connection.close()
            ends.append(time.monotonic())

    before = os.sched_getaffinity(0)
    pin(0, 1)
    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    os.sched_setaffinity(0, before)
    for thread in threads:
        thread.join()
    assert ends, "not one answer"
    return len(ends) / (max(ends) - began)


def path_of(number: int) -> str:
    return f"/mail/config-v1.1.xml?emailaddress=u%40d{number % DOMAINS}.example"


def compare(
    ours: Service, make_theirs: Callable[[], Service], script: Path, ask: Callable[[Service, Path], float]
) -> list[tuple[float, float]]:
    """Measure both in turns; return ours to theirs in requests a second, theirs to ours in CPU time."""
    pin(ours.process.pid, 0)
    with httpx.Client(base_url=ours.url) as client:
        # Until all are known, and their documents prepared.
        for number in range(3 * DOMAINS):
            client.get(path_of(number))
    pairs = []
    for _ in range(ROUNDS):
        with make_theirs() as theirs:
            pin(theirs.process.pid, 0)
            for number in range(3):
                httpx.get(theirs.url + path_of(number), timeout=30)
            found = {}
            for service, asked in ((ours, by_wrk), (theirs, ask)):
                before = cpu_seconds(service)
                rate = asked(service, script)
                found[service] = rate, (cpu_seconds(service) - before) / SECONDS / rate
            cpu = found[theirs][1] / found[ours][1]
            pairs.append((found[ours][0] / found[theirs][0], max(cpu, 0.0)))
    return pairs


def cpu_seconds(service: Service) -> float:
    """Return what a process has used, with its threads that are gone; 0 where it is gone itself."""
    try:
        fields = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(name: str, goal: float, pairs: list[tuple[float, float]]) -> None:
    group = "Against others, autoconfig GET"
    rates = of_rounds(
        [rate for rate, _ in pairs], group=group, name=f"{name}: requests a second", unit="x", goal=goal
    )
    found = [rates]
    # Of a process that died nobody knows what it used.
    if cpu := [ratio for _, ratio in pairs if ratio]:
        found.append(of_rounds(cpu, group=group, name=f"{name}: CPU time", unit="x less"))
    for one in found:
        record(one)
        print(f"\n  {one.name}: {one.value:.1f} {one.unit} ({one.low:.1f}-{one.high:.1f})")
    assert rates.value > 1


@pytest.mark.parametrize("shape", SHAPES)
def test_against_automx2(shape: str, tmp_path: Path, wrk_script: Path) -> None:
    environment = reference("SIGNPOST_BENCH_AUTOMX2")
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    file = a_database(tmp_path / "automx2.db", rows(shape))
    (tmp_path / "automx2.conf").write_text(f"[automx2]\ndb_uri = sqlite:///{file}\nloglevel = WARNING\n")
    url = imported(file, tmp_path)
    command = [environment / "bin/flask", "--app", "automx2.server:app", "run", "--host", "127.0.0.1"]

    def make_theirs() -> Service:
        # It logs each request, and nobody reads that here.
        quiet = ("/bin/sh", "-c", 'exec "$0" "$@" 2>/dev/null', *map(str, command))
        return Service(url, command=quiet, environment={"AUTOMX2_CONF": str(tmp_path / "automx2.conf")})

    with Service(url, environment=UNLIMITED) as ours:
        pairs = compare(ours, make_theirs, wrk_script, by_threads)
    tell(f"automx2, {SHAPES[shape]}", GOALS[shape], pairs)


def test_against_monogramm(stocked_url: str, wrk_script: Path) -> None:
    """It knows one domain, from its environment, and answers for all with that."""
    folder = reference("SIGNPOST_BENCH_MONOGRAMM")
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    values = {
        "COMPANY_NAME": "Provider",
        "SUPPORT_URL": "https://provider.example",
        "DOMAIN": "provider.example",
    }
    for name, port in (("IMAP", "993"), ("POP", "995"), ("SMTP", "465")):
        values |= {f"{name}_HOST": "mail.provider.example", f"{name}_PORT": port, f"{name}_SOCKET": "SSL"}

    def make_theirs() -> Service:
        theirs = Service(stocked_url, command=(node, str(folder / "index.js")), environment=values)
        theirs.set_environment(PORT=str(theirs.port))
        return theirs

    with Service(stocked_url, environment=UNLIMITED) as ours:
        pairs = compare(ours, make_theirs, wrk_script, by_wrk)
    tell("Monogramm, which has no data", 1.5, pairs)
