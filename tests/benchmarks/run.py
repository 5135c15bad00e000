"""``make bench``: runs the benchmarks, prints what they found as a table and writes it down with the machine.

``python tests/benchmarks/run.py [FILE.json] [pytest's options]``. What is measured beside ours is measured in
the same run, and in turns with it, so that a machine that changes its speed meets both. A reference that is
not there is named at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.machine import described
from benchmarks.recording import RESULTS, Result, by_group
from service_process import ROOT

REFERENCES = {
    "SIGNPOST_BENCH_AUTOMX2": "a virtual environment with automx2",
    "SIGNPOST_BENCH_MONOGRAMM": "a checkout of Monogramm/autodiscover-email-settings after npm install",
}


def main() -> int:
    """Run, print, write; the exit status is the benchmarks'."""
    arguments = sys.argv[1:]
    has_file = bool(arguments) and arguments[0].endswith(".json")
    file = Path(arguments.pop(0)) if has_file else ROOT / "benchmarks.json"
    machine = described()
    status, results = measure(arguments)
    document = {"machine": machine, "results": [vars(one) for one in results]}
    file.write_text(json.dumps(document, indent=2) + "\n")
    console = Console(soft_wrap=True)
    console.print(table(results))
    console.print(
        ", ".join(
            f"{name} {value}" for name, value in machine.items() if isinstance(value, str | int | float)
        )
    )
    for variable, what in REFERENCES.items():
        if not os.environ.get(variable):
            console.print(f"Not compared: {variable} names no folder ({what}).")
    console.print(f"Written to {file}.")
    return status


def measure(arguments: list[str]) -> tuple[int, list[Result]]:
    """Run the benchmarks with further options for pytest."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "results"
        lines.touch()
        options = arguments or ["tests/benchmarks"]
        process = subprocess.Popen(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", "-s", "-m", "benchmark", *options],
            cwd=ROOT,
            env={**os.environ, RESULTS: str(lines)},
        )
        # Whoever breaks it off gets what there is by then; the tests end their servers themselves.
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
        signal.signal(signal.SIGINT, lambda *_: None)
        status = process.wait()
        found: list[dict[str, Any]] = [json.loads(line) for line in lines.read_text().splitlines()]
    return status, [Result(**one) for one in found]


def table(results: list[Result]) -> Table:
    """Lay out the figures by what was measured together."""
    shown = Table(title="Benchmarks", title_justify="left", show_lines=False)
    for heading in ("what", "figure", "quartiles", "goal", ""):
        shown.add_column(heading, justify="left" if heading == "what" else "right", overflow="fold")
    for group, found in by_group(results).items():
        shown.add_row(f"[bold]{group}[/bold]", "", "", "", "")
        for one in found:
            shown.add_row(*cells(one))
    return shown


def cells(one: Result) -> tuple[str, ...]:
    """Write one figure: its name, its value, the quartiles, the goal and whether that is reached."""
    spread = "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"
    goal = "" if one.goal is None else f"{'≥' if one.is_more_better else '≤'} {number(one.goal)}"
    verdict = {None: "", True: "[green]reached[/green]", False: "[red]missed[/red]"}[one.is_reached]
    return f"  {one.name}", f"{number(one.value)} {one.unit}", spread, goal, verdict


def number(value: float) -> str:
    """Write a figure with three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
