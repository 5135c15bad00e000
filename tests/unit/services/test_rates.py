from __future__ import annotations

from typing import Any

import pytest
from app.core.errors import QuotaExceeded
from app.core.quotas import SECOND_NS
from app.services.rates import RequestRates
from app.settings import Settings

HERE = "192.0.2.1"


class Nanoseconds:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Nanoseconds:
    return Nanoseconds()


def rates(clock: Nanoseconds, per_address: int = 3, per_token: int = 3, **options: Any) -> RequestRates:
    return RequestRates(clock, per_address=per_address, per_token=per_token, **options)


def allowed(counted: RequestRates, *addresses: str | None) -> list[bool]:
    return [not counted.count_address(address) for address in addresses]


def test_an_address_has_so_many_at_once_and_then_one_after_the_other(clock: Nanoseconds) -> None:
    counted = rates(clock)
    assert [counted.count_address(HERE) for _ in range(5)] == [0, 0, 0, 20, 20]
    clock.now = 19 * SECOND_NS
    assert counted.count_address(HERE) == 1
    clock.now = 20 * SECOND_NS
    assert [counted.count_address(HERE) for _ in range(2)] == [0, 20]


def test_each_address_has_a_quota_of_its_own(clock: Nanoseconds) -> None:
    counted = rates(clock, per_address=1)
    assert allowed(counted, HERE, "192.0.2.2", HERE, "testclient") == [True, True, False, True]


def test_a_line_of_ipv6_has_one_quota_and_an_ipv4_address_in_it_is_itself(clock: Nanoseconds) -> None:
    counted = rates(clock, per_address=1)
    assert allowed(counted, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1") == [
        True,
        False,
        True,
    ]
    assert allowed(counted, HERE, "::ffff:192.0.2.1") == [True, False]


def test_some_networks_and_sockets_of_the_machine_have_no_quota(clock: Nanoseconds) -> None:
    unlimited = Settings(unlimited_networks="198.51.100.0/24, 2001:db8::/32").unlimited_networks
    counted = rates(clock, per_address=1, unlimited=unlimited)
    for free in ("198.51.100.7", "2001:db8:9::1", "::ffff:198.51.100.7", None):
        assert all(allowed(counted, *[free] * 10))
        assert counted.standing_of_address(free) is None
    assert allowed(counted, HERE, HERE) == [True, False]


def test_what_is_left_is_told(clock: Nanoseconds) -> None:
    counted = rates(clock)
    counted.count_token("a")
    counted.count_address(HERE)
    counted.count_address(HERE)
    for standing, left in (counted.standing_of_token("a"), 2), (counted.standing_of_address(HERE), 1):
        assert standing is not None
        assert (standing.remaining, standing.wait_seconds) == (left, 20)


def test_a_token_over_its_quota_has_to_wait(clock: Nanoseconds) -> None:
    counted = rates(clock)
    for _ in range(3):
        counted.count_token("a")
    with pytest.raises(QuotaExceeded, match="from this token; try again in 20 seconds") as refused:
        counted.count_token("a")
    assert refused.value.seconds == 20
    counted.count_token("b")


def test_there_may_be_no_limits(clock: Nanoseconds) -> None:
    counted = rates(clock, 0, 0)
    assert all(allowed(counted, *[HERE] * 10_000))
    for _ in range(10_000):
        counted.count_token("a")
    assert (counted.standing_of_token("a"), counted.standing_of_address(HERE)) == (None, None)
