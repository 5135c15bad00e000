"""Verification in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from app.api.schemas.shapes import Listing, Shape, without_required
from app.core.endpoints import Protocol
from app.core.findings import Severity
from app.core.reports import State
from app.core.servers import ServerType, SocketType
from app.services.domain_reports import told_finding
from app.services.finding_records import find_finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.checks import StoredEndpoint
    from app.core.verified import StoredCheck, StoredFinding, StoredVerification


class FindingShape(Shape):
    """Something that was found, in words."""

    code: str = Field(
        description="Stable; docs/findings.md explains each.", examples=["certificate.expires-soon"]
    )
    severity: Severity
    subject: str = Field(description="The endpoint's key, or `dns:NAME`, `document:URL`.")
    addresses: list[str] = Field(description="The addresses that it holds for.")
    statement: str
    meaning: str = Field(description="What people notice.")
    advice: str
    facts: dict[str, str]


class EndpointStanding(Shape):
    """How one endpoint stands for a domain that lists it."""

    endpoint: str = Field(examples=["imap:srv12.hosting.example:993:tls"])
    server: str = Field(description="The key of the server whose endpoint it is.")
    is_published: bool = Field(
        description="False for the other of a server's own and shared names, which clients are not given."
    )
    state: State
    checked_at: datetime | None = Field(description="Null where it was not looked at yet.")
    findings: list[FindingShape]


class UnprobedShape(Shape):
    """What is published and cannot be probed."""

    server: str
    reason: str
    detail: str


class DomainReportRead(Shape):
    """How a domain stands."""

    domain: str
    state: State = Field(description="The worst of what clients are given.")
    endpoints: list[EndpointStanding]
    findings: list[FindingShape] = Field(description="Of the domain's own: its DNS records and documents.")
    unprobed: list[UnprobedShape]


class VerificationRead(Shape):
    """That somebody had a domain verified."""

    id: str
    domain: str
    requested_at: datetime
    finished_at: datetime | None = Field(description="Null while it is under way.")
    state: State


class VerificationDetail(VerificationRead):
    """A verification with what came of it."""

    report: DomainReportRead | None = Field(description="Null while it is under way.")


class VerificationItem(VerificationRead):
    """A verification, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class VerificationPage(Listing[VerificationItem]):
    """Some of a domain's verifications, the newest first."""


class EndpointRead(Shape):
    """An endpoint, probed once for all who list it."""

    id: int
    key: str
    protocol: Protocol
    hostname: str
    port: int
    socket_type: SocketType
    service: ServerType | None = Field(description="What is behind a URL.")
    path: str
    state: State = Field(description="Of the last run.")
    checked_at: datetime | None
    due_at: datetime = Field(description="When it is looked at again.")
    failures: int = Field(description="Bad runs in a row; an alarm waits for three.")
    alarmed_at: datetime | None = Field(description="Since when it is told to be bad.")
    is_proven: bool = Field(
        description="Whether its certificate is believed to be valid: three runs said so."
    )
    certificate_expires_at: datetime | None
    good_fingerprint: str | None = Field(description="SHA-256 of the last certificate that was valid.")
    seconds: float | None = Field(description="How long the last run took.")


class EndpointItem(EndpointRead):
    """An endpoint, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class EndpointPage(Listing[EndpointItem]):
    """Some of the endpoints."""


class FoundRead(FindingShape):
    """A finding of an endpoint's last run."""

    id: int
    endpoint_id: int
    since: datetime = Field(description="The first of the runs in a row that found it.")


class FoundItem(FoundRead):
    """A finding, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class FoundPage(Listing[FoundItem]):
    """Some of what was found."""


class EndpointDetail(EndpointRead):
    """An endpoint with what was seen and found there."""

    findings: list[FoundRead]
    observation: dict[str, Any] = Field(
        description="What was seen in the last run, address by address; certificates by their SHA-256."
    )


class CheckRead(Shape):
    """One run of an endpoint."""

    id: int
    at: datetime
    state: State
    seconds: float
    findings: list[FindingShape]


class CheckItem(CheckRead):
    """A run, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class CheckPage(Listing[CheckItem]):
    """Some of an endpoint's runs, the newest first."""


def verification_to_read(stored: StoredVerification) -> VerificationRead:
    """Write a verification as JSON has it."""
    return VerificationRead(**_verification(stored))


def verification_to_detail(stored: StoredVerification) -> VerificationDetail:
    """Write a verification with its report."""
    report = None if stored.report is None else DomainReportRead.model_validate(stored.report)
    return VerificationDetail(**_verification(stored), report=report)


def _verification(stored: StoredVerification) -> dict[str, Any]:
    return {
        "id": stored.public_id,
        "domain": stored.domain,
        "requested_at": stored.requested_at,
        "finished_at": stored.finished_at,
        "state": stored.state,
    }


def endpoint_to_read(stored: StoredEndpoint) -> EndpointRead:
    """Write an endpoint as JSON has it."""
    return EndpointRead(**_endpoint(stored))


def endpoint_to_detail(
    stored: StoredEndpoint, findings: list[StoredFinding], observation: Mapping[str, Any]
) -> EndpointDetail:
    """Write an endpoint with what was seen and found there."""
    return EndpointDetail(
        **_endpoint(stored), findings=[found_to_read(one) for one in findings], observation=dict(observation)
    )


def _endpoint(stored: StoredEndpoint) -> dict[str, Any]:
    endpoint, standing = stored.endpoint, stored.standing
    return {
        "id": stored.id,
        "key": endpoint.key,
        "protocol": endpoint.protocol,
        "hostname": endpoint.hostname,
        "port": endpoint.port,
        "socket_type": endpoint.socket_type,
        "service": endpoint.service,
        "path": endpoint.path,
        "state": standing.state,
        "checked_at": standing.checked_at,
        "due_at": stored.due_at,
        "failures": standing.failures,
        "alarmed_at": standing.alarmed_at,
        "is_proven": standing.is_proven,
        "certificate_expires_at": standing.certificate_expires_at,
        "good_fingerprint": standing.good_fingerprint,
        "seconds": stored.seconds,
    }


def found_to_read(stored: StoredFinding) -> FoundRead:
    """Write a finding of an endpoint in words."""
    record = {
        "code": stored.code,
        "severity": stored.severity,
        "subject": stored.subject,
        "addresses": stored.addresses,
        "facts": stored.facts,
    }
    return FoundRead(**_told(record), id=stored.id, endpoint_id=stored.endpoint_id, since=stored.since)


def check_to_read(stored: StoredCheck) -> CheckRead:
    """Write a run as JSON has it."""
    findings = [FindingShape(**_told(record)) for record in stored.findings]
    return CheckRead(
        id=stored.id, at=stored.at, state=stored.state, seconds=stored.seconds, findings=findings
    )


def _told(record: Mapping[str, Any]) -> dict[str, Any]:
    finding = find_finding(record)
    if finding is not None:
        return told_finding(finding)
    # Of a version that knew more; the code says what it is.
    return {**record, "statement": record["code"], "meaning": "", "advice": ""}
