"""Findings of verification as advice for people."""

from __future__ import annotations

import pytest
from app.core.endpoints import Endpoint, Protocol
from app.core.findings import Finding, Severity
from app.core.reports import EndpointReport, State
from app.core.servers import SocketType
from app.instructions.languages import load_language
from app.instructions.troubles import NOT_YET, TROUBLES_BY_AREA, UNREACHABLE, troubles_of
from app.verification.catalogue import KINDS_BY_CODE

from fakes.clock import NOW

ELSEWHERE = {"dns", "document", "dane"}
"""Areas that are not about servers which people connect to."""


def reported(*codes: str, hostname: str = "imap.provider.example") -> EndpointReport:
    endpoint = Endpoint(protocol=Protocol.IMAP, hostname=hostname, port=993, socket_type=SocketType.TLS)
    findings = tuple(Finding(kind=KINDS_BY_CODE[code], subject=endpoint.key) for code in codes)
    return EndpointReport(
        endpoint=endpoint, at=NOW, state=State.BAD, findings=findings, certificate_expires_at=None
    )


@pytest.mark.parametrize(
    "code", [code for code, kind in KINDS_BY_CODE.items() if kind.severity is Severity.BAD]
)
def test_every_finding_that_is_bad_for_people_has_advice(code: str) -> None:
    found = list(troubles_of([reported(code)], "The Provider"))
    if code in NOT_YET or code.partition(".")[0] in ELSEWHERE:
        assert found == []
        return
    (note,) = found
    assert note.code == TROUBLES_BY_AREA[code.partition(".")[0]]
    text = load_language("de").text(note.text)
    assert "imap.provider.example" in text
    assert "The Provider" in text


def test_every_code_and_area_is_one_of_verifications() -> None:
    assert set(KINDS_BY_CODE) >= NOT_YET
    assert {code.partition(".")[0] for code in KINDS_BY_CODE} == set(TROUBLES_BY_AREA) | ELSEWHERE


def test_a_trouble_of_a_server_is_told_once() -> None:
    reports = [
        reported("host.unknown", "connect.refused", "tls.without-1-3"),
        reported("connect.refused"),
        reported("connect.refused", hostname="smtp.provider.example"),
    ]
    assert [note.code for note in troubles_of(reports, "P")] == [UNREACHABLE, UNREACHABLE]
