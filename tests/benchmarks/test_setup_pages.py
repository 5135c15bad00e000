"""What the first setup page of a cold process takes, against the first answer of a bare constant.

The processes alternate, each is asked once and again. Printed are medians and ratios: times are the
machine's.
"""

from __future__ import annotations

import statistics
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from benchmarks.load import ROUNDS
from benchmarks.recording import Result, record
from service_process import Service, signpost

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
PAGE = "/setup?address=jane@demo.example"
LATER = 20


def seconds(service: Service) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(service.url + PAGE, timeout=30) as answer:  # noqa: S310 - loopback
        assert answer.read()
    return time.perf_counter() - started


def test_the_first_page_against_a_bare_constant(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/bench.db"
    for command in ("migrate", "demo"):
        assert signpost(command, database_url=url).returncode == 0
    first: dict[str, list[float]] = {"ours": [], "bare": []}
    later: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        for name, own in (("ours", ()), ("bare", (sys.executable, str(HERE / "bare_constant.py")))):
            with Service(url, command=own) as service:
                first[name].append(seconds(service))
                later[name].append(statistics.median(seconds(service) for _ in range(LATER)))
    told = {
        when: (statistics.median(one["ours"]), statistics.median(one["bare"]))
        for when, one in (("first", first), ("later", later))
    }
    print(f"\nA setup page ({PAGE}), {ROUNDS} processes each, medians:")
    for when, (ours, bare) in told.items():
        found = Result(group="A setup page", name=when, value=ours * 1000, unit="ms", is_more_better=False)
        record(found)
        print(f"  {when}: {ours * 1000:.1f} ms, {ours / bare:.0f} x a constant ({bare * 1000:.1f} ms)")
    # Reading and compiling templates must not be felt by whoever comes first.
    assert told["first"][0] < 2
