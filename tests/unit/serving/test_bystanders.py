"""Who has no part in signatures is not made to wait for them."""

from __future__ import annotations

import pytest
from app.serving.bystanders import Bystanders

SIGNATURE = 0.000_05


@pytest.fixture
def bystanders() -> Bystanders:
    """Those of a window that began after one second."""
    found = Bystanders()
    assert not found.are_many(1.0, SIGNATURE)
    return found


@pytest.mark.parametrize(
    ("count", "seconds", "are_many"),
    [(30, SIGNATURE, False), (50, SIGNATURE, True), (150, SIGNATURE / 5, False), (20, SIGNATURE * 4, True)],
)
def test_they_are_many_by_how_often_they_come_and_how_long_signatures_take(
    bystanders: Bystanders, count: int, seconds: float, *, are_many: bool
) -> None:
    bystanders.count = count
    assert bystanders.are_many(1.02, seconds) is are_many


def test_many_are_many_until_fewer_come(bystanders: Bystanders) -> None:
    bystanders.count = 100
    assert bystanders.are_many(1.02, SIGNATURE)
    # In the middle of a window what was found in the one before it holds.
    assert bystanders.are_many(1.025, SIGNATURE)
    bystanders.count = 1
    assert not bystanders.are_many(1.04, SIGNATURE)


def test_a_burst_of_signatures_does_not_make_them_forgotten(bystanders: Bystanders) -> None:
    bystanders.count = 100
    assert all(bystanders.are_many(1.02 + at / 1e6, SIGNATURE) for at in range(100))
