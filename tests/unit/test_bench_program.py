"""The program that runs benchmarks: what it writes down, and the page that is made of it."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks import charts
from benchmarks.machine import described
from benchmarks.recording import RESULTS, Result, of_rounds, record
from benchmarks.run import table
from service_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = Result(group="a < b & c", name='<script>"&', value=2.0, unit="x", goal=3.0)
RESULTS_OF_A_RUN = [
    HOSTILE,
    Result(group="a < b & c", name="less", value=80.0, unit="us", goal=120.0, is_more_better=False),
    of_rounds([1.0, 2.0, 4.0, 3.0], group="other", name="rounds", unit="x"),
]
SVG = "{http://www.w3.org/2000/svg}"


def test_a_figure_is_handed_on_where_somebody_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "results"
    monkeypatch.delenv(RESULTS, raising=False)
    record(HOSTILE)
    assert not file.exists()
    monkeypatch.setenv(RESULTS, str(file))
    for one in RESULTS_OF_A_RUN:
        record(one)
    assert [Result(**json.loads(line)) for line in file.read_text().splitlines()] == RESULTS_OF_A_RUN


def test_rounds_become_their_median_and_quartiles() -> None:
    found = RESULTS_OF_A_RUN[-1]
    assert (found.value, found.low, found.high) == (2.5, 1.25, 3.75)
    alone = of_rounds([7.0], group="g", name="n", unit="x")
    assert (alone.value, alone.low, alone.high) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("value", "is_more_better", "is_reached"), [(3.0, True, True), (2.9, True, False), (2.9, False, True)]
)
def test_a_goal_is_reached_from_its_own_side(value: float, *, is_more_better: bool, is_reached: bool) -> None:
    found = Result(group="g", name="n", value=value, unit="x", goal=3.0, is_more_better=is_more_better)
    assert found.is_reached is is_reached


def test_a_picture_has_a_bar_for_each_figure_and_a_mark_for_each_goal() -> None:
    root = ET.fromstring(charts.chart("a < b & c", RESULTS_OF_A_RUN))  # noqa: S314 - our own
    bars = root.findall(f"{SVG}rect")
    assert [bar.get("fill") for bar in bars] == [charts.MISSED, charts.REACHED, charts.OURS]
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert widths[1] == max(widths)
    assert len(root.findall(f"{SVG}line")) == 3
    words = [one.text for one in root.findall(f"{SVG}text")]
    assert '<script>"&' in words
    assert "80.0 us" in words


def test_the_machine_is_described_and_not_named() -> None:
    found = described()
    assert {"cpu", "cores", "kernel", "python", "date", "packages"} <= found.keys()
    assert found["cores"] >= 1
    assert socket.gethostname() not in json.dumps(found)


def test_the_table_says_what_was_missed() -> None:
    shown = [list(column.cells) for column in table(RESULTS_OF_A_RUN).columns]
    assert "[red]missed[/red]" in shown[-1]
    assert shown[3].count("≥ 3.00") == 1


def test_the_page_shows_the_pictures_that_are_there() -> None:
    page = charts.PAGE.read_text()
    shown = set(re.findall(r"\]\((performance/[a-z0-9-]+\.svg)\)", page))
    there = {str(path.relative_to(ROOT / "docs")) for path in charts.PICTURES.glob("*.svg")}
    assert shown == there
    assert there
