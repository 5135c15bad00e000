"""What benchmarks found, for the program that runs them all: one line of JSON each."""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = "SIGNPOST_BENCH_RESULTS"
"""The variable that names the file; without it nothing is written."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A figure."""

    group: str
    """What was measured together."""
    name: str
    value: float
    unit: str
    goal: float | None = None
    """What is aimed at."""
    is_more_better: bool = True
    low: float | None = None
    """The first quartile, where there were rounds."""
    high: float | None = None
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is; None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.is_more_better else self.value <= self.goal


def record(result: Result) -> None:
    """Hand on a figure."""
    path = os.environ.get(RESULTS)
    if path is not None:
        with Path(path).open("a") as file:
            file.write(f"{json.dumps(asdict(result))}\n")


def of_rounds(values: Sequence[float], **described: object) -> Result:
    """Make a result of the median of several rounds, with its quartiles."""
    low, high = min(values), max(values)
    if len(values) > 1:
        low, _, high = statistics.quantiles(values, n=4)
    return Result(value=statistics.median(values), low=low, high=high, **described)  # type: ignore[arg-type]


def by_group(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return results by what was measured together, in the order in which groups were begun."""
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(one.group, []).append(one)
    return groups
