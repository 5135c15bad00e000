"""What is drawn on standard error while something is looked at, and ends with the looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.core.reports import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console, RenderableType

    from app.core.reports import DomainReport, ListingReport

STYLES: Final = {
    State.GOOD: "green", State.UNTESTED: "yellow", State.WARNING: "yellow", State.BAD: "red",
}  # fmt: skip
_WAITING: Final = Text("waiting", style="dim")
_HEADING_LINES: Final = 3
"""Of a domain: its name, the headings, and what is said of endpoints that have no place."""


class Drawing:
    """Drawn where the console is a terminal that can be drawn on, and nowhere else."""

    def __init__(self, console: Console) -> None:
        """Take where to draw."""
        self.console = console
        is_drawn = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, transient=True) if is_drawn else None

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away what was drawn."""
        if self._live is not None:
            self._live.stop()

    def draw(self, what: Callable[[], RenderableType]) -> None:
        """Draw this in place of what was drawn before."""
        if self._live is not None:
            self._live.update(what())


class LiveTable(Drawing):
    """How domains stand."""

    def __init__(self, console: Console, names: list[str]) -> None:
        """Take where to draw, and the domains in their order."""
        super().__init__(console)
        self._shown: dict[str, tuple[DomainReport, frozenset[str]]] = {}
        self._names = names

    def show(self, report: DomainReport, waiting: frozenset[str]) -> None:
        """Draw anew with what is known of one domain."""
        self._shown[report.domain.ascii] = (report, waiting)
        self.draw(self.rendered)

    def rendered(self) -> Group:
        """Return all domains of which something is known, each with as many lines as there is room for."""
        shown = [self._shown[name] for name in self._names if name in self._shown]
        # Long names and findings take a second line; the last line is the cursor's.
        room = (self.console.height - 1) // max(1, len(shown)) - _HEADING_LINES
        return Group(*(_table(report, waiting, max(1, room // 2)) for report, waiting in shown))


def _table(report: DomainReport, waiting: frozenset[str], room: int) -> Table:
    table = Table(
        title=report.domain.ascii,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("state", min_width=len(State.UNTESTED))
    # A port that cannot be read is worse than a second line.
    table.add_column("endpoint", overflow="fold", ratio=5)
    table.add_column("findings", overflow="fold", ratio=4)
    table.expand = True
    rows = sorted(report.listings, key=lambda one: _urgency(one, waiting))
    for one in _in_their_order(report, rows[:room]):
        key = one.listing.endpoint.key
        if key in waiting:
            table.add_row(_WAITING, Text(key), "")
            continue
        codes = ", ".join(finding.code for finding in one.findings)
        table.add_row(Text(one.state.value, style=STYLES[one.state]), Text(key), Text(codes))
    left_out = rows[room:]
    if left_out:
        still = sum(one.listing.endpoint.key in waiting for one in left_out)
        table.caption = f"and {len(left_out)} more, {still} of them waiting"
    return table


def _urgency(one: ListingReport, waiting: frozenset[str]) -> tuple[bool, int]:
    """Return a place: what is bad first, and what is waited for last."""
    return one.listing.endpoint.key in waiting, -one.state.rank


def _in_their_order(report: DomainReport, chosen: list[ListingReport]) -> list[ListingReport]:
    places = {id(one) for one in chosen}
    return [one for one in report.listings if id(one) in places]
