"""``make charts``: docs/performance.md and its pictures, from what a run of the benchmarks wrote down.

``python tests/benchmarks/charts.py FILE.json``. Plain SVG that any browser draws, in colours that a dark page
and a light one both leave readable; each figure is in the table, too.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.recording import Result, by_group
from benchmarks.run import number
from service_process import ROOT

PAGE = ROOT / "docs/performance.md"
PICTURES = ROOT / "docs/performance"
START, END = "<!-- figures: generated -->\n", "<!-- figures: end -->\n"
WIDTH, LEFT, LABEL, BAR, GAP, RIGHT = 760, 8, 18, 14, 14, 150
OURS, REACHED, MISSED, INK = "#4c7bd9", "#2e9e5b", "#d9534c", "#808080"


def main() -> None:
    """Write the page's generated part, and a picture for each group."""
    document = json.loads(Path(sys.argv[1]).read_text())
    results = [Result(**one) for one in document["results"]]
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    before, rest = PAGE.read_text().split(START)
    after = rest.split(END)[1]
    parts = [machine_text(document["machine"])]
    parts += [section(group, found) for group, found in by_group(results).items()]
    PAGE.write_text(before + START + "\n".join(parts) + END + after)


def section(group: str, results: list[Result]) -> str:
    """Write what was measured together: heading, picture, table."""
    name = re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-")
    (PICTURES / f"{name}.svg").write_text(chart(group, results))
    lines = [
        f"### {group}", "", f"![{group}](performance/{name}.svg)", "",
        "| what | figure | quartiles | goal |", "|---|---|---|---|",
    ]  # fmt: skip
    for one in results:
        spread = "" if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"
        sign = "≥" if one.is_more_better else "≤"
        verdict = {None: "", True: "reached", False: "missed"}[one.is_reached]
        goal = "" if one.goal is None else f"{sign} {number(one.goal)}, {verdict}"
        note = f" ({one.note})" if one.note else ""
        lines.append(f"| {one.name} | {number(one.value)} {one.unit}{note} | {spread} | {goal} |")
    return "\n".join([*lines, ""])


def machine_text(machine: dict[str, Any]) -> str:
    """Say in one paragraph what the figures are from."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    programs = ", ".join(f"{name}: {said}" for name, said in machine["programs"].items())
    return (
        f"{machine['date']}, commit {machine['commit']}. {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['kernel']}, load {machine['load']} before the run. "
        f"{machine['python']}, SQLite {machine['sqlite']}, {machine['openssl']}, {packages}. {programs}.\n"
    )


def chart(title: str, results: list[Result]) -> str:
    """Draw bars from zero, with the quartiles as a line and the goal as a mark."""
    most = max(max(one.value, one.high or 0.0, one.goal or 0.0) for one in results) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / most
    height = len(results) * (LABEL + BAR + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    style = f'font-family="sans-serif" font-size="13" fill="{INK}"'
    parts = [f"{head} {style}><title>{escape(title)}</title>"]
    for at, one in enumerate(results):
        parts += bar(one, at * (LABEL + BAR + GAP) + LABEL, scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def bar(one: Result, top: int, scale: float) -> list[str]:
    """Draw one figure."""
    middle, length = top + BAR / 2, max(one.value * scale, 1.0)
    colour = {None: OURS, True: REACHED, False: MISSED}[one.is_reached]
    parts = [
        text(LEFT, top - LABEL / 2, one.name),
        f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
    ]
    end = LEFT + length
    if one.low is not None and one.high is not None:
        low, high = (LEFT + value * scale for value in (one.low, one.high))
        parts.append(line(low, middle, high, middle))
        end = max(end, high)
    if one.goal is not None:
        at = LEFT + one.goal * scale
        parts.append(line(at, top - 4, at, top + BAR + 4))
        end = max(end, at)
    parts.append(text(end + 6, middle, f"{number(one.value)} {one.unit}"))
    return parts


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{INK}" stroke-width="2"/>'


def text(x: float, y: float, words: str) -> str:
    """Write words, their middle at a height."""
    return f'<text x="{x:.1f}" y="{y + 4.5:.1f}">{escape(words)}</text>'


if __name__ == "__main__":
    main()
