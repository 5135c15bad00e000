"""Metrics of several processes as one."""

from __future__ import annotations

import re

from app.services.exposition import LEAST, add_up, keep_lasting

ONE = """\
# HELP a_total Counted.
# TYPE a_total counter
a_total{of="x y"} 2
a_total{of="z"} 1
# HELP b_seconds How long.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.1"} 1
b_seconds_bucket{le="+Inf"} 3
b_seconds_sum 0.250000
b_seconds_count 3
# HELP c Present.
# TYPE c gauge
c 5
"""
OTHER = """\
# HELP a_total Counted.
# TYPE a_total counter
a_total{of="x y"} 40
a_total{of="new"} 7
# HELP b_seconds How long.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.1"} 10
b_seconds_bucket{le="+Inf"} 10
b_seconds_sum 0.500000
b_seconds_count 10
# HELP c Present.
# TYPE c gauge
c 6
"""
BOTH = """\
# HELP a_total Counted.
# TYPE a_total counter
a_total{of="x y"} 42
a_total{of="z"} 1
a_total{of="new"} 7
# HELP b_seconds How long.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.1"} 11
b_seconds_bucket{le="+Inf"} 13
b_seconds_sum 0.750000
b_seconds_count 13
# HELP c Present.
# TYPE c gauge
c 11
"""


def test_equal_names_with_equal_labels_are_added_up() -> None:
    assert add_up((ONE, OTHER)) == BOTH


def test_one_alone_stays_as_it_is() -> None:
    assert add_up((ONE,)) == ONE
    assert add_up(("", ONE, "")) == ONE


def test_what_is_gone_leaves_what_it_counted_and_not_how_it_was() -> None:
    lasting = keep_lasting(ONE)
    assert "a_total" in lasting
    assert "b_seconds_bucket" in lasting
    assert "gauge" not in lasting
    assert add_up((lasting, OTHER)) == BOTH.replace("c 11", "c 6")


def test_all_are_trusted_only_where_each_is() -> None:
    texts = [f"# HELP {name} x\n# TYPE {name} gauge\n{name} {value}\n" for name in LEAST for value in (1, 0)]
    assert re.findall(r"^\w+ (\d+)$", add_up(texts), re.MULTILINE) == ["0"] * len(LEAST)
