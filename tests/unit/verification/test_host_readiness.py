from __future__ import annotations

from datetime import UTC, datetime

import pytest
from app.core.dns_diagnosis import HostReadiness, Readiness
from app.core.dns_lookups import Lookup, LookupStatus
from app.core.dns_records import RecordType
from app.core.observations import Failure, FailureReason, Stage, TlsSession
from app.core.publications import DocumentCheck, DocumentObservation, ExpectedDocument
from app.verification.host_readiness import judge_host
from app.verification.trust import TrustStore
from cryptography.hazmat.primitives.serialization import Encoding

from certificates import a_web_chain

NAME = "autoconfig.customer.example"
URL = f"https://{NAME}/mail/config-v1.1.xml"
NOW = datetime.now(UTC)


def a_lookup(status: LookupStatus) -> Lookup:
    return Lookup(name=NAME, type=RecordType.A, status=status)


def judge(
    *names: str, failure: FailureReason | None = None, lookup: LookupStatus = LookupStatus.FOUND
) -> HostReadiness:
    """Judge a host that shows a certificate for these names, or none."""
    chain = a_web_chain(names or [NAME])
    ders = tuple(one.certificate.public_bytes(Encoding.DER) for one in (chain.leaf, chain.intermediate))
    seen = DocumentObservation(
        url=URL,
        lookups=(a_lookup(lookup),),
        tls=TlsSession(version="TLSv1.3", cipher="x", chain=ders) if names else None,
        failure=None if failure is None else Failure(stage=Stage.CONNECT, reason=failure, detail=""),
    )
    expected = ExpectedDocument(url=URL, format="autoconfig", body_sha256="")
    trust = TrustStore.from_pem(chain.root.pem)
    return judge_host(DocumentCheck(expected=expected, seen=seen), trust, NOW)


def test_a_certificate_for_the_name_is_ready_and_tells_its_end() -> None:
    found = judge(NAME)
    assert (found.hostname, found.state, found.reasons) == (NAME, Readiness.READY, ())
    assert found.not_after is not None
    assert found.not_after > NOW


def test_a_certificate_for_another_name_is_not() -> None:
    found = judge("www.customer.example")
    assert found.state is Readiness.NOT_READY
    assert NAME in found.reasons[0]


def test_a_name_without_an_address_is_not_ready() -> None:
    assert judge(lookup=LookupStatus.NO_NAME).reasons == ("the name has no address",)
    assert judge(lookup=LookupStatus.NO_DATA).state is Readiness.NOT_READY


@pytest.mark.parametrize(
    ("reason", "lookup", "state"),
    [
        (FailureReason.REFUSED, LookupStatus.FOUND, Readiness.NOT_READY),
        (FailureReason.FORBIDDEN, LookupStatus.FOUND, Readiness.UNKNOWN),
        (FailureReason.REFUSED, LookupStatus.TIMED_OUT, Readiness.UNKNOWN),
        (None, LookupStatus.FOUND, Readiness.UNKNOWN),
    ],
)
def test_without_a_handshake_it_counts_whose_fault_that_is(
    reason: FailureReason | None, lookup: LookupStatus, state: Readiness
) -> None:
    found = judge(failure=reason, lookup=lookup)
    assert found.state is state
    assert found.reasons[0].startswith("no certificate was shown: ")
