"""A real Postfix with one fault each; it asks a real Dovecot about passwords, as at many companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.endpoints import Listing
from app.core.servers import Authentication
from app.verification.judging import judge_listing
from app.verification.tls_questions import Scope

from postfix_lab import required_postfix
from verification_lab import CERTIFICATE_FINDINGS, a_lab, codes, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verification_lab import Lab

pytestmark = pytest.mark.integration

SERVICES = ("postfix-submission", "postfix-smtps")
CONDUCT = [
    ("plain", "postfix-submission", ("login.offered-in-clear", "starttls.not-offered")),
    *[("required", service, ()) for service in SERVICES],
    *[("old", service, ("tls.only-old-versions",)) for service in SERVICES],
    ("clear", "postfix-submission", ("login.offered-in-clear",)),
    ("clear", "postfix-smtps", ()),
    # Three seconds before the greeting.
    *[("slow", service, ()) for service in SERVICES],
    *[("refusing", service, ("conversation.not-served",)) for service in SERVICES],
    # Half a greeting at once, and the rest for who waits for it.
    ("good", "postfix-screened", ()),
    # It takes STARTTLS before it looks for them.
    ("good", "postfix-broken", ("tls.handshake-failed",)),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    required_postfix()
    with a_lab(has_postfix=True) as found:
        yield found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("tag", CERTIFICATE_FINDINGS)
async def test_the_fault_of_a_certificate_is_found_and_nothing_else(lab: Lab, tag: str, service: str) -> None:
    seen = await observed(lab, lab.endpoint(tag, service))
    assert codes(lab, seen) == sorted(CERTIFICATE_FINDINGS[tag]), seen


@pytest.mark.parametrize(("tag", "service", "expected"), CONDUCT)
async def test_what_it_does_wrong_is_found_and_nothing_else(
    lab: Lab, tag: str, service: str, expected: tuple[str, ...]
) -> None:
    seen = await observed(lab, lab.endpoint(tag, service))
    assert codes(lab, seen) == sorted(expected), seen


@pytest.mark.parametrize(
    ("tag", "expected"), [("good", ()), ("required", ()), ("nologin", ("login.none-offered",))]
)
async def test_a_promised_way_to_log_in_is_there_or_missed(
    lab: Lab, tag: str, expected: tuple[str, ...]
) -> None:
    endpoint = lab.endpoint(tag, "postfix-submission")
    seen = await observed(lab, endpoint)
    listing = Listing(endpoint=endpoint, server="x", authentication=(Authentication.PASSWORD_CLEARTEXT,))
    assert sorted(one.kind.code for one in judge_listing(listing, seen)) == sorted(expected)


@pytest.mark.parametrize(
    ("tag", "expected"),
    # Unless it is told otherwise it takes TLS 1.0, whatever the system's OpenSSL is set to.
    [("good", ["tls.old-versions-too"]), ("oldtoo", ["tls.old-versions-too"]), ("required", [])],
)
async def test_old_versions_beside_new_ones_are_found_when_asked_for(
    lab: Lab, tag: str, expected: list[str]
) -> None:
    seen = await observed(lab, lab.endpoint(tag, "postfix-submission"), scope=Scope(versions=True))
    assert codes(lab, seen) == expected


async def test_it_forgets_what_was_sent_before_tls(lab: Lab) -> None:
    endpoint = lab.endpoint("good", "postfix-submission")
    seen = await observed(lab, endpoint, seconds=3.0, scope=Scope(injection=True))
    assert not seen.addresses[0].takes_injected
    assert codes(lab, seen) == []
