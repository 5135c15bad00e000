"""Examples of verification, written as the service itself writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.api.schemas.dns_doctor import (
    DiagnosedRecordShape,
    DiagnosisRead,
    FixShape,
    HostShape,
    RecordPlace,
    RecordToPut,
)
from app.api.schemas.shapes import Shape
from app.api.schemas.verification import (
    check_to_read,
    endpoint_to_detail,
    endpoint_to_read,
    found_to_read,
    verification_to_detail,
    verification_to_read,
)
from app.core.checks import Standing, StoredEndpoint
from app.core.dns_diagnosis import DiagnosedState, Readiness, ZoneSigning
from app.core.endpoints import Endpoint, Listing, Protocol
from app.core.events import EventType, News
from app.core.findings import Finding
from app.core.names import DomainName
from app.core.reports import DomainReport, ListingReport, State
from app.core.servers import Authentication, SocketType
from app.core.verified import StoredCheck, StoredFinding, StoredVerification
from app.services.domain_reports import report_record, told_finding
from app.services.finding_records import finding_record
from app.verification.certificate_kinds import EXPIRES_SOON

_AT: Final = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
_ENDPOINT: Final = Endpoint(
    protocol=Protocol.IMAP, hostname="srv12.hosting.example", port=993, socket_type=SocketType.TLS
)
_FINDING: Final = Finding(
    kind=EXPIRES_SOON,
    subject=_ENDPOINT.key,
    addresses=("203.0.113.12",),
    facts={
        "hostname": _ENDPOINT.hostname,
        "port": "993",
        "service": "IMAP",
        "not_after": "22 March 2026",
        "subject": _ENDPOINT.hostname,
    },
)
_STORED: Final = StoredEndpoint(
    id=17,
    endpoint=_ENDPOINT,
    standing=Standing(
        state=State.WARNING,
        checked_at=_AT,
        runs_in_state=4,
        successes=212,
        is_proven=True,
        certificate_expires_at=_AT + timedelta(days=13),
    ),
    due_at=_AT + timedelta(hours=5, minutes=12),
    seconds=0.148,
    is_given=True,
)
_REPORT: Final = DomainReport(
    domain=DomainName("customer.example"),
    state=State.WARNING,
    listings=(
        ListingReport(
            listing=Listing(
                endpoint=_ENDPOINT, server="imap", authentication=(Authentication.PASSWORD_CLEARTEXT,)
            ),
            state=State.WARNING,
            findings=(_FINDING,),
            at=_AT,
        ),
    ),
    findings=(),
    unprobed=(),
)
_DONE: Final = StoredVerification(
    id=3,
    public_id="5f2b7d3c9e1a4b6d",
    domain_id=1,
    domain="customer.example",
    requested_at=_AT,
    finished_at=_AT + timedelta(seconds=2),
    state=State.WARNING,
    report=report_record(_REPORT),
)


def _shown(shape: Shape) -> dict[str, Any]:
    return shape.model_dump(mode="json")


def _page(shape: Shape) -> dict[str, Any]:
    return {"items": [_shown(shape)], "next": None, "total": None}


def verification_examples() -> dict[str, tuple[Any, Any]]:
    """Return a request's and an answer's example by operation."""
    found = StoredFinding(
        id=4711,
        endpoint_id=_STORED.id,
        subject=_FINDING.subject,
        code=_FINDING.code,
        severity=_FINDING.severity,
        addresses=_FINDING.addresses,
        facts=_FINDING.facts,
        since=_AT - timedelta(days=1),
    )
    run = StoredCheck(
        id=90210, at=_AT, state=State.WARNING, seconds=0.148, findings=(finding_record(_FINDING),)
    )
    started = replace(_DONE, finished_at=None, state=State.UNTESTED, report=None)
    return {
        "get_verification_report": (None, report_record(_REPORT)),
        "start_verification": (None, _shown(verification_to_read(started))),
        "list_verifications": (None, _page(verification_to_read(_DONE))),
        "get_verification": (None, _shown(verification_to_detail(_DONE))),
        "list_endpoints": (None, _page(endpoint_to_read(_STORED))),
        "get_endpoint": (
            None,
            _shown(endpoint_to_detail(_STORED, [found], {"lookups": [], "addresses": []})),
        ),
        "list_endpoint_history": (None, _page(check_to_read(run))),
        "list_findings": (None, _page(found_to_read(found))),
        "diagnose_dns": (None, _shown(_diagnosis())),
    }


def _diagnosis() -> DiagnosisRead:
    place = {"name": "autoconfig.customer.example", "type": "CNAME"}
    wanted, published = "signpost.host.example.", "gone.provider.example."
    record = DiagnosedRecordShape(
        **place,
        value=wanted,
        state=DiagnosedState.UNSAFE,
        found=[published],
        detail="leads to gone.provider.example, which is not there",
        is_authenticated=False,
    )
    host = HostShape(
        hostname="autoconfig.customer.example",
        state=Readiness.NOT_READY,
        reasons=["the name has no address"],
        not_after=None,
    )
    put = RecordToPut(**place, value=wanted, ttl_seconds=3600)
    return DiagnosisRead(
        domain="customer.example",
        is_wrong=True,
        is_known=True,
        signing=ZoneSigning.UNSIGNED,
        records=[record],
        hosts=[host],
        fix=FixShape(put=[put], remove=[RecordPlace(**place, value=published)], withheld=[]),
        omissions=[],
    )


def host_news(event_type: EventType) -> News | None:
    """Return an example of what is told of hosts; None for another event."""
    told = told_finding(_FINDING)
    data: dict[str, Any] = {
        "endpoint": _ENDPOINT.key,
        "protocol": "imap",
        "port": 993,
        "state": "bad" if event_type is EventType.HOST_BAD else "warning",
        "certificate_expires_at": (_AT + timedelta(days=13)).isoformat(),
        "findings": [{name: told[name] for name in ("code", "severity", "statement", "advice")}],
    }
    if event_type in (EventType.HOST_BAD, EventType.HOST_GOOD, EventType.CERTIFICATE_EXPIRING):
        return News(type=event_type, kind="host", subject=_ENDPOINT.hostname, data=data)
    if event_type is EventType.HOST_CHOSEN:
        own = "mail.customer.example"
        chosen = {"hostname": own, "published": "own", "provider": "demo"}
        return News(type=event_type, kind="host", subject=own, data=chosen)
    return None
