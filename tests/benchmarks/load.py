"""One server under load from one core, and what that costs it on the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service_process import Service

ROUNDS = int(os.environ.get("SIGNPOST_BENCH_ROUNDS", "7"))
DOMAINS = 1000
KNOWN = 100_000


@dataclass(frozen=True)
class Window:
    requests: int
    rate: float
    cpu_microseconds: float
    p99_milliseconds: float


def pin(process_id: int, core: int) -> None:
    os.sched_setaffinity(process_id, {core % (os.cpu_count() or 1)})


def cpu_nanoseconds(process_id: int) -> int:
    """What all threads have used, to the nanosecond: windows are short, and ticks are long."""
    threads = Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)


def measure_briefly(service: Service, script: Path, seconds: int = 1, *, is_refused: bool = False) -> Window:
    """Ask for a short while, of which many go into a run."""
    before = cpu_nanoseconds(service.process.pid)
    done = ask(service, script, seconds, is_refused=is_refused)
    used = cpu_nanoseconds(service.process.pid) - before
    requests = requests_in(done)
    return Window(requests, requests / seconds, used / 1000 / requests, _p99_milliseconds(done))


def requests_in(told: str) -> int:
    """Return how many there were, from what ``ask`` returned."""
    return int(re.search(r"(\d+) requests in", told)[1])  # type: ignore[index]


def _p99_milliseconds(told: str) -> float:
    number, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)", told).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def ask_for_all(service: Service, script: Path, seconds: int = 12) -> None:
    """Ask for all known domains in order, for as long as it takes, so that each is a hit afterwards."""
    while requests_in(ask(service, script, seconds)) < KNOWN:
        seconds *= 2


@contextmanager
def asking(service: Service, script: Path) -> Iterator[None]:
    """Ask all the while."""
    command = [shutil.which("wrk") or "wrk", "-t1", "-c32", "-d600s", "-s", str(script), service.url]
    wrk = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - wrk, on loopback
    pin(wrk.pid, 1)
    try:
        yield
    finally:
        wrk.kill()
        wrk.wait()


def ask(service: Service, script: Path, seconds: int, *, is_refused: bool = False) -> str:
    done = subprocess.run(  # noqa: S603 - wrk, on loopback
        [
            shutil.which("wrk") or "wrk",
            *("-t1", "-c32", "--latency", f"-d{seconds}s", "-s", str(script), service.url),
        ],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: pin(0, 1),
    ).stdout
    assert ("Non-2xx" in done) is is_refused, done
    return done
