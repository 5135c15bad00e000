"""Charts as shapes: what a drawing needs to know, worked out before it is drawn. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMN_WIDTH: Final = 38
COLUMN_GAP: Final = 12
HEIGHT: Final = 150
_SMALLEST: Final = 3
"""In units: a column of one beside one of ten thousand is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a chart."""

    label: str
    count: int
    kind: str
    """What it looks like: a state's name."""
    x: int
    height: int

    @property
    def top(self) -> int:
        """Return where it begins, from above."""
        return HEIGHT - self.height

    @property
    def middle(self) -> int:
        """Return where its labels are."""
        return self.x + COLUMN_WIDTH // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChart:
    """Columns beside each other."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Return its width in units."""
        return len(self.columns) * (COLUMN_WIDTH + COLUMN_GAP) - COLUMN_GAP


def column_chart(bars: Sequence[tuple[str, int, str]]) -> ColumnChart:
    """Lay out columns, each with its label, its count and its kind."""
    most = max((count for _, count, _ in bars), default=0)
    columns = (
        Column(
            label=label,
            count=count,
            kind=kind,
            x=place * (COLUMN_WIDTH + COLUMN_GAP),
            height=max(_SMALLEST, round(count * HEIGHT / most)) if count else 0,
        )
        for place, (label, count, kind) in enumerate(bars)
    )
    return ColumnChart(columns=tuple(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, as a stretch of a bar of 1000 units."""

    label: str
    count: int
    kind: str
    x: int
    width: int


def shares(parts: Sequence[tuple[str, int, str]]) -> tuple[Share, ...]:
    """Lay out the parts of a whole in a bar; those that are nought have no width."""
    total = sum(count for _, count, _ in parts)
    found, start = [], 0
    for label, count, kind in parts:
        width = max(_SMALLEST, round(count * 1000 / total)) if count else 0
        found.append(Share(label=label, count=count, kind=kind, x=start, width=width))
        start += width
    return tuple(found)
