"""``signpost dns doctor``: what a run comes to; what is diagnosed has tests of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.dns_doctor import DoctorFormat, Report
from app.core.names import DomainName
from app.services.dns_doctor import Undiagnosed

if TYPE_CHECKING:
    import pytest


def test_a_domain_that_could_not_be_looked_at_is_our_failure(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(DoctorFormat.JSON)
    report.add_failed(Undiagnosed(DomainName("customer.example")))
    report.finish(is_many=True)
    written = capsys.readouterr()
    assert report.exit_code == 3
    assert written.out == "[]\n"
    assert "customer.example could not be looked at" in written.err
