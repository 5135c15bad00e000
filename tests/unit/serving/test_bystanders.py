"""Who has no part in signatures is not made to wait for them."""

from __future__ import annotations

from app.serving.bystanders import Bystanders

SIGNATURE = 0.000_05


def test_a_few_are_not_many() -> None:
    bystanders = Bystanders()
    bystanders.count = 10
    assert not bystanders.are_many(1.0, SIGNATURE)


def test_many_are_many_until_fewer_come() -> None:
    bystanders = Bystanders()
    bystanders.are_many(1.0, SIGNATURE)
    bystanders.count = 100
    assert bystanders.are_many(1.02, SIGNATURE)
    # In the middle of a window what was found in the one before it holds.
    assert bystanders.are_many(1.025, SIGNATURE)
    bystanders.count = 1
    assert not bystanders.are_many(1.04, SIGNATURE)


def test_a_burst_of_signatures_does_not_make_them_forgotten() -> None:
    bystanders = Bystanders()
    bystanders.are_many(1.0, SIGNATURE)
    bystanders.count = 100
    assert all(bystanders.are_many(1.02 + at / 1e6, SIGNATURE) for at in range(100))


def test_more_are_many_where_signatures_take_longer() -> None:
    for seconds, expected in ((0.000_01, False), (0.000_2, True)):
        bystanders = Bystanders()
        bystanders.are_many(1.0, seconds)
        bystanders.count = 20
        assert bystanders.are_many(1.02, seconds) is expected
