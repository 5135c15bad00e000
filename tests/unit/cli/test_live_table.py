"""What people see on a terminal while domains are looked at, and on one that nothing can be drawn on."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from app.cli.live_table import LiveTable
from app.core.names import DomainName
from app.core.observations import FailureReason, Stage
from app.core.reports import DomainReport, ListingReport, State
from app.core.servers import Authentication
from app.verification.judging import judge
from app.verification.trust import TrustStore
from rich.console import Console

from judging_cases import IMAPS
from observed import a_listing, failed_at, observed
from pki import NOW, ROOT

LONG = "a-rather-long-host-name.of-some-provider.example"
REFUSED = judge(
    observed(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.REFUSED)),
    TrustStore.from_pem(ROOT.pem),
    NOW,
)


def a_console(width: int = 80, height: int = 40, *, term: str = "xterm") -> Console:
    environment = {"TERM": term}
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, _environ=environment)


def listed(hostname: str, state: State = State.GOOD) -> ListingReport:
    listing = a_listing(replace(IMAPS, hostname=hostname, port=10993), Authentication.PASSWORD_CLEARTEXT)
    return ListingReport(listing=listing, state=state, findings=REFUSED if state is State.BAD else (), at=NOW)


def a_report(*listings: ListingReport, name: str = "customer.example") -> DomainReport:
    return DomainReport(domain=DomainName(name), state=State.BAD, listings=listings, findings=(), unprobed=())


def drawn(console: Console, report: DomainReport, *waiting: ListingReport) -> list[str]:
    """Return the lines of the table as they are after one look."""
    table = LiveTable(console, [report.domain.ascii])
    table.show(report, frozenset(one.listing.endpoint.key for one in waiting))
    with console.capture() as capture:
        console.print(table.rendered())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.get())
    return [line.rstrip() for line in plain.splitlines()]


def test_what_is_waited_for_and_what_was_found_stand_beside_each_other() -> None:
    good, bad, waited = listed("good.example"), listed("bad.example", State.BAD), listed("slow.example")
    lines = drawn(a_console(), a_report(good, bad, waited), waited)
    assert [line.split() for line in lines] == [
        ["customer.example"],
        ["state", "endpoint", "findings"],
        ["good", "imap:good.example:10993:tls"],
        ["bad", "imap:bad.example:10993:tls", "connect.refused"],
        ["waiting", "imap:slow.example:10993:tls"],
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_port_is_cut_off(width: int) -> None:
    lines = drawn(a_console(width), a_report(listed(LONG, State.BAD)))
    assert max(len(line) for line in lines) <= width
    endpoint = "".join(line.split()[0 if index else 1] for index, line in enumerate(lines[2:]))
    assert endpoint == f"imap:{LONG}:10993:tls"


def test_columns_stay_where_they_are_while_findings_come_in() -> None:
    slow = listed("slow.example", State.BAD)
    before = drawn(a_console(), a_report(slow), slow)
    assert drawn(a_console(), a_report(slow))[1] == before[1]


def test_more_than_fits_is_counted_and_what_is_bad_is_shown() -> None:
    many = [listed(f"h{number}.example") for number in range(50)]
    bad, waited = listed("bad.example", State.BAD), listed("slow.example")
    lines = drawn(a_console(height=24), a_report(*many, waited, bad), waited)
    assert len(lines) < 24
    assert any("bad.example" in line for line in lines)
    assert lines[-1] == "and 42 more, 1 of them waiting"


def test_colours_are_left_out_where_nobody_wants_any() -> None:
    console = Console(
        file=io.StringIO(), force_terminal=True, width=80, _environ={"NO_COLOR": "1", "TERM": "xterm"}
    )
    table = LiveTable(console, ["customer.example"])
    table.show(a_report(listed("bad.example", State.BAD)), frozenset())
    with console.capture() as capture:
        console.print(table.rendered())
    assert not re.search(r"\x1b\[(?:[0-9]+;)*3[0-7]m", capture.get())


@pytest.mark.parametrize(("term", "is_drawn"), [("xterm", True), ("dumb", False)])
def test_nothing_is_drawn_where_nothing_can_be(term: str, *, is_drawn: bool) -> None:
    console = a_console(term=term)
    file = console.file
    assert isinstance(file, io.StringIO)
    with LiveTable(console, ["customer.example"]) as table:
        table.show(a_report(listed("good.example")), frozenset())
    assert bool(file.getvalue()) is is_drawn
