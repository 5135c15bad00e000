"""Every observation gives exactly the findings that it should, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.endpoints import Protocol
from app.core.servers import ServerType, SocketType
from app.verification.judging import find_expiry, judge
from app.verification.trust import TrustStore

from certificate_cases import CERTIFICATES, DANE
from judging_cases import CASES, HOST_OF_TWO_CERTIFICATES, IMAPS
from observed import SECOND, a_session, a_web_endpoint, an_answer, an_endpoint, observed, seen_at
from pki import INTERMEDIATE, NOW, ROOT, chain, issue

if TYPE_CHECKING:
    from app.core.findings import Finding
    from app.core.observations import EndpointObservation

TRUST = TrustStore.from_pem(ROOT.pem)
ALL = {**CASES, **CERTIFICATES, **DANE}


def shown(finding: Finding, observation: EndpointObservation) -> str:
    everywhere = {str(seen.address) for seen in observation.addresses}
    if not finding.addresses or set(finding.addresses) == everywhere:
        return finding.code
    return f"{finding.code} @ {', '.join(finding.addresses)}"


@pytest.mark.parametrize("name", ALL)
def test_an_observation_gives_exactly_its_findings(name: str) -> None:
    observation, expected = ALL[name]
    findings = judge(observation, TRUST, NOW)
    assert sorted(shown(finding, observation) for finding in findings) == sorted(expected)
    for finding in findings:
        assert finding.subject == observation.endpoint.key
        for sentence in (finding.statement, finding.advice):
            assert "{" not in sentence
            assert len(sentence) > 10


def test_findings_come_worst_first() -> None:
    findings = judge(ALL["STARTTLS not offered"][0], TRUST, NOW)
    assert [finding.code for finding in findings] == ["starttls.not-offered", "login.offered-in-clear"]


def test_advice_names_the_day() -> None:
    sent = (issue(issuer=INTERMEDIATE, days=(-87, 3)).der, INTERMEDIATE.der)
    (finding,) = judge(observed(IMAPS, seen_at(IMAPS, tls=a_session(sent))), TRUST, NOW)
    assert finding.advice == (
        "Renew the certificate of mail.customer.example before 4 June 2026, and let the IMAP service load it."
    )


def test_one_cause_at_both_addresses_is_one_finding() -> None:
    expired: Any = a_session((issue(issuer=INTERMEDIATE, days=(-90, -1)).der, INTERMEDIATE.der))
    both = observed(IMAPS, seen_at(IMAPS, SECOND, tls=expired), seen_at(IMAPS, tls=expired))
    (finding,) = judge(both, TRUST, NOW)
    assert finding.addresses == ("203.0.113.1", SECOND)


def test_the_first_certificate_to_expire_counts() -> None:
    soon = (issue(issuer=INTERMEDIATE, days=(-87, 3)).der, INTERMEDIATE.der)
    two = observed(IMAPS, seen_at(IMAPS), seen_at(IMAPS, SECOND, tls=a_session(soon)))
    expires_at = find_expiry(two)
    assert expires_at is not None
    assert (expires_at - NOW).days == 3
    assert find_expiry(observed(IMAPS, seen_at(IMAPS, tls=a_session((b"x",))))) is None


@pytest.mark.parametrize("socket_type", [SocketType.TLS, SocketType.PLAIN])
def test_the_certificate_of_the_host_to_which_a_redirect_leads_counts_as_well(
    socket_type: SocketType,
) -> None:
    soon = (issue("there.example", INTERMEDIATE, days=(-87, 3)).der, INTERMEDIATE.der)
    endpoint = a_web_endpoint(ServerType.CALDAV, socket_type)
    answer = an_answer(url="https://there.example/", tls=a_session(soon))
    observation = observed(endpoint, seen_at(endpoint, http=answer))
    assert "certificate.expires-at-once" in {finding.code for finding in judge(observation, TRUST, NOW)}
    expires_at = find_expiry(observation)
    assert expires_at is not None
    assert (expires_at - NOW).days == 3


def test_a_certificate_that_clients_are_not_shown_does_not_count() -> None:
    endpoint = an_endpoint(Protocol.IMAP, SocketType.PLAIN)
    assert find_expiry(observed(endpoint, seen_at(endpoint, tls=a_session()))) is None


def test_a_missing_intermediate_is_named() -> None:
    leaf = issue(issuer=INTERMEDIATE, fetch_issuer_at="http://authority.example/intermediate.der")
    (finding,) = judge(observed(IMAPS, seen_at(IMAPS, tls=a_session(chain(leaf)))), TRUST, NOW)
    assert finding.code == "certificate.intermediate-missing"
    assert finding.facts["authority"] == "Test Intermediate"


def test_a_wrong_certificate_at_one_address_is_bad() -> None:
    (finding,) = judge(HOST_OF_TWO_CERTIFICATES, TRUST, NOW)
    assert (finding.severity, finding.addresses) == ("bad", (SECOND,))
