"""What a domain promises of an endpoint is judged by what the endpoint offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.verification.judging import judge_listing

from listing_cases import CASES

if TYPE_CHECKING:
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation


def shown(finding: Finding, observation: EndpointObservation) -> str:
    everywhere = {str(seen.address) for seen in observation.addresses}
    return (
        finding.code if set(finding.addresses) == everywhere else f"{finding.code} @ {finding.addresses[0]}"
    )


@pytest.mark.parametrize("name", CASES)
def test_a_promise_gives_exactly_its_findings(name: str) -> None:
    (listing, observation), expected = CASES[name]
    findings = judge_listing(listing, observation)
    assert sorted(shown(finding, observation) for finding in findings) == sorted(expected)
    for finding in findings:
        assert "{" not in finding.statement + finding.advice


def test_a_missing_way_to_log_in_is_named_with_what_is_offered() -> None:
    (listing, observation), _ = CASES["OAuth2 not offered"]
    (finding,) = judge_listing(listing, observation)
    assert finding.statement == (
        "oauth2 is listed for mail.customer.example on port 993, but not offered there; "
        "offered: LOGIN, PLAIN."
    )
