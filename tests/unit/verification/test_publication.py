"""What a domain publishes gives exactly the findings that it should."""

from __future__ import annotations

import pytest
from app.verification.publication import judge_publication
from app.verification.trust import TrustStore

from pki import NOW, ROOT
from publication_cases import CASES

TRUST = TrustStore.from_pem(ROOT.pem)


@pytest.mark.parametrize("name", CASES)
def test_what_is_published_gives_exactly_its_findings(name: str) -> None:
    records, documents, expected = CASES[name]
    findings = judge_publication(records, iter(documents), TRUST, NOW)
    assert sorted(finding.code for finding in findings) == sorted(expected)
    for finding in findings:
        assert finding.subject.startswith(("dns:", "document:"))
        assert "{" not in finding.statement + finding.advice


def test_what_is_to_be_published_is_named_once_with_all_its_values() -> None:
    records, _, _ = CASES["a name of two addresses missing"]
    (finding,) = judge_publication(records, [], TRUST, NOW)
    assert finding.advice == "Publish the record autoconfig.customer.example A 203.0.113.80, 203.0.113.81."
