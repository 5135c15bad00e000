"""Hosts with more addresses than are looked at."""

from __future__ import annotations

from datetime import UTC, datetime

from app.core.endpoints import Protocol
from app.core.observations import FailureReason
from app.verification.judging import judge
from app.verification.trust import TrustStore

from probing import a_prober, a_resolver, an_endpoint
from service_process import free_port


async def test_of_many_addresses_both_families_are_looked_at_and_the_rest_is_told() -> None:
    old, new = [f"127.0.3.{number}" for number in range(1, 18)], "::1"
    port = free_port()
    observation = await a_prober(a_resolver(*old, new)).observe(an_endpoint(Protocol.IMAP, port))

    told = {str(seen.address): seen.failure and seen.failure.reason for seen in observation.addresses}
    assert told.keys() == {*old, new}
    assert told[new] is FailureReason.REFUSED
    assert [reason for reason in told.values() if reason is not FailureReason.REFUSED] == [
        FailureReason.TOO_MANY_ADDRESSES
    ] * 2
    findings = judge(observation, TrustStore(()), datetime.now(UTC))
    assert {finding.code for finding in findings} == {"connect.refused", "connect.some-not-tested"}


async def test_of_thousands_of_addresses_not_all_are_told() -> None:
    addresses = [f"127.1.{one}.{two}" for one in range(8) for two in range(1, 251)]
    observation = await a_prober(a_resolver(*addresses)).observe(an_endpoint(Protocol.IMAP, free_port()))

    assert len(observation.addresses) == 64
