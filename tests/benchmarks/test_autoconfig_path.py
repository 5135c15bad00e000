"""What a request for autoconfig costs, against a bare uvicorn constant in the same run.

Both servers are up at once, pinned to one core; wrk has the other. Rounds alternate, so that a change
of the machine's speed meets both. Printed are medians of ratios, never times alone.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

from benchmarks.load import DOMAINS, ROUNDS, SECONDS, measure, pin
from service_process import Service

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent


def test_autoconfig_against_a_bare_constant(stocked_url: str, wrk_script: Path) -> None:
    bare_command = (sys.executable, str(HERE / "bare_constant.py"))
    with (
        Service(stocked_url) as ours,
        Service(stocked_url, command=bare_command) as bare,
    ):
        pin(ours.process.pid, 0)
        pin(bare.process.pid, 0)
        cpu_ratios, rate_ratios, ours_cpu, bare_cpu = [], [], [], []
        for number in range(ROUNDS + 1):
            order = (ours, bare) if number % 2 else (bare, ours)
            windows = {service: measure(service, wrk_script) for service in order}
            if number == 0:
                continue
            cpu_ratios.append(windows[bare].cpu_microseconds / windows[ours].cpu_microseconds)
            rate_ratios.append(windows[ours].rate / windows[bare].rate)
            ours_cpu.append(windows[ours].cpu_microseconds)
            bare_cpu.append(windows[bare].cpu_microseconds)
    print(
        f"\nautoconfig GET, {DOMAINS} domains, SQLite, {ROUNDS} rounds of {SECONDS} s, medians:"
        f"\n  CPU per request, bare / ours: {statistics.median(cpu_ratios):.3f}"
        f"  (bare {statistics.median(bare_cpu):.0f} us, ours {statistics.median(ours_cpu):.0f} us)"
        f"\n  requests per second, ours / bare: {statistics.median(rate_ratios):.3f}"
    )
    assert statistics.median(cpu_ratios) > 0
