"""MTA-STS and TLS reporting in JSON, and to and from the core."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic import ConfigDict, Field

from app.api.schemas.rules import MxPattern, ReportUri
from app.api.schemas.shapes import Integer, Shape
from app.core.mail_transport import (
    DEFAULT_MAX_AGE_SECONDS,
    MAX_MAX_AGE_SECONDS,
    MAX_MX_PATTERNS,
    MAX_REPORT_URIS,
    MtaSts,
    StsMode,
    TlsReporting,
)

if TYPE_CHECKING:
    from app.core.errors import IssueCollector

# Only a policy that is withdrawn names no mail exchanger.
_MX_OR_NONE: Final[list[Any]] = [
    {"properties": {"mode": {"const": "none"}}},
    {"properties": {"mx": {"minItems": 1}}, "required": ["mx"]},
]


class MtaStsShape(Shape):
    """A policy for those who deliver mail to a domain (RFC 8461)."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _MX_OR_NONE})

    mode: StsMode = Field(description="`none` withdraws a policy that senders have kept.")
    mx: list[MxPattern] = Field(
        default=[],
        json_schema_extra={"maxItems": MAX_MX_PATTERNS, "uniqueItems": True},
        description="Names of mail exchangers; `*.` at the start stands for exactly one label.",
        examples=[["mx1.host.example", "*.mx.host.example"]],
    )
    max_age_seconds: Integer = Field(
        default=DEFAULT_MAX_AGE_SECONDS,
        description="How long senders keep the policy.",
        json_schema_extra={"minimum": 0, "maximum": MAX_MAX_AGE_SECONDS},
    )


class TlsReportingShape(Shape):
    """Where reports about failed TLS go (RFC 8460)."""

    uris: list[ReportUri] = Field(
        default=[],
        json_schema_extra={"maxItems": MAX_REPORT_URIS, "uniqueItems": True},
        description="`mailto:` and `https:` URIs; none where none are wanted.",
        examples=[["mailto:tls-reports@host.example"]],
    )


class TransportBody(Protocol):
    """A body that has both."""

    @property
    def mta_sts(self) -> MtaStsShape | None:
        """The policy."""
        ...

    @property
    def tls_reporting(self) -> TlsReportingShape | None:
        """Where reports go."""
        ...


def transport_to_core(
    body: TransportBody, issues: IssueCollector
) -> tuple[MtaSts | None, TlsReporting | None]:
    """Build the core's values; their issues are gathered."""
    mta_sts, reporting = None, None
    with issues.at("mta_sts"):
        if (policy := body.mta_sts) is not None:
            mta_sts = MtaSts(mode=policy.mode, mx=tuple(policy.mx), max_age_seconds=policy.max_age_seconds)
    with issues.at("tls_reporting"):
        if (wanted := body.tls_reporting) is not None:
            reporting = TlsReporting(uris=tuple(wanted.uris))
    return mta_sts, reporting


def mta_sts_to_shape(mta_sts: MtaSts | None) -> MtaStsShape | None:
    """Write a policy as JSON has it."""
    return None if mta_sts is None else MtaStsShape(**asdict(mta_sts))


def tls_reporting_to_shape(reporting: TlsReporting | None) -> TlsReportingShape | None:
    """Write TLS reporting as JSON has it."""
    return None if reporting is None else TlsReportingShape(**asdict(reporting))
