"""How the overview's drawings are laid out."""

from __future__ import annotations

from app.core.domains import DomainStatus
from app.core.overview import DomainCounts, EndpointCounts
from app.web.admin.charts import HEIGHT, column_chart, shares
from app.web.admin.overview import certificate_chart


def test_no_column_is_so_low_that_it_is_not_seen() -> None:
    chart = column_chart([("a", 1, "bad"), ("b", 0, "good"), ("c", 100_000, "good")])
    assert [column.height for column in chart.columns] == [3, 0, HEIGHT]
    assert [column.top for column in chart.columns] == [HEIGHT - 3, HEIGHT, 0]
    assert column_chart([]).columns == ()


def test_shares_fill_their_bar() -> None:
    parts = shares([("bad", 1, "bad"), ("warning", 0, "warning"), ("good", 3, "good")])
    assert [(one.x, one.width) for one in parts] == [(0, 250), (250, 0), (250, 750)]
    assert [one.width for one in shares([("none", 0, "good")])] == [0]


def test_what_ends_soonest_looks_most_pressing() -> None:
    endpoints = EndpointCounts(by_state={}, by_days_left=(1, 2, 3, 4, 5, 6, 7), findings=())
    kinds = [column.kind for column in certificate_chart(endpoints).columns]
    assert kinds == ["bad", "bad", "warning", "warning", "good", "good", "good"]
    assert endpoints.total == DomainCounts(by_status=dict.fromkeys(DomainStatus, 0), by_state={}).total == 0
