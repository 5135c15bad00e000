"""What a request for autoconfig costs, against a bare uvicorn constant in the same run.

Both servers are up at once, pinned to one core; wrk has the other. Rounds alternate, so that a change
of the machine's speed meets both. Printed are medians of ratios, never times alone.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from service_process import Service, signpost

pytestmark = pytest.mark.benchmark

ROUNDS = int(os.environ.get("SIGNPOST_BENCH_ROUNDS", "7"))
SECONDS = 2
DOMAINS = 1000
TICKS = os.sysconf("SC_CLK_TCK")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Window:
    requests: int
    rate: float
    cpu_microseconds: float


def pin(process_id: int, core: int) -> None:
    os.sched_setaffinity(process_id, {core % (os.cpu_count() or 1)})


def cpu_ticks(process_id: int) -> int:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measure(service: Service, script: Path) -> Window:
    before = cpu_ticks(service.process.pid)
    done = subprocess.run(  # noqa: S603 - wrk, on loopback
        [shutil.which("wrk") or "wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", str(script), service.url],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: pin(0, 1),
    ).stdout
    ticks = cpu_ticks(service.process.pid) - before
    assert "Non-2xx" not in done, done
    requests = int(re.search(r"(\d+) requests in", done)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])  # type: ignore[index]
    return Window(requests, rate, ticks / TICKS / requests * 1e6)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    url = f"sqlite+aiosqlite:///{tmp_path}/bench.db"
    folder = tmp_path / "files"
    folder.mkdir()
    listed = "".join(f"<domain>d{number}.example</domain>" for number in range(DOMAINS))
    server = (
        "<hostname>mail.provider.example</hostname><port>993</port><socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
    )
    (folder / "provider.example.xml").write_text(
        f'<clientConfig version="1.1"><emailProvider id="provider.example">{listed}'
        "<displayName>Provider</displayName><displayShortName>Provider</displayShortName>"
        f'<incomingServer type="imap">{server}</incomingServer>'
        f'<incomingServer type="pop3">{server}</incomingServer>'
        f'<outgoingServer type="smtp">{server}</outgoingServer>'
        "</emailProvider></clientConfig>"
    )
    for command in (["migrate"], ["import", "ispdb", str(folder)]):
        finished = signpost(*command, database_url=url)
        assert finished.returncode == 0, finished.stderr
    return url


@pytest.fixture
def wrk_script(tmp_path: Path) -> Path:
    script = tmp_path / "autoconfig.lua"
    script.write_text(
        "local n = 0\n"
        "request = function()\n"
        f"  n = (n + 1) % {DOMAINS}\n"
        '  return wrk.format("GET", "/mail/config-v1.1.xml?emailaddress=u%40d" .. n .. ".example")\n'
        "end\n"
    )
    return script


def test_autoconfig_against_a_bare_constant(database_url: str, wrk_script: Path) -> None:
    bare_command = (sys.executable, str(HERE / "bare_constant.py"))
    with (
        Service(database_url) as ours,
        Service(database_url, command=bare_command) as bare,
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
