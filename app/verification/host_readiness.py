"""Whether a host that clients of a domain ask has a certificate that they accept. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.dns_diagnosis import HostReadiness, Readiness
from app.core.dns_lookups import LookupStatus
from app.core.findings import Finding, Severity
from app.verification.certificate_judging import expiry, judge_chain
from app.verification.connecting import NOT_HERE
from app.verification.web_answers import shown_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.core.dns_lookups import Lookup
    from app.core.publications import DocumentCheck
    from app.verification.trust import TrustStore


def judge_host(check: DocumentCheck, trust: TrustStore, now: datetime) -> HostReadiness:
    """Judge the handshake at a document's own host; what it returns is not looked at."""
    seen, hostname = check.seen, urlsplit(check.expected.url).hostname or ""
    if seen.tls is not None:
        found = [
            Finding(kind=kind, subject=hostname, facts=_facts(hostname, facts))
            for kind, facts in judge_chain(seen.tls.chain, hostname, trust, now)
        ]
        is_bad = any(one.severity is Severity.BAD for one in found)
        return HostReadiness(
            hostname=hostname,
            state=Readiness.NOT_READY if is_bad else Readiness.READY,
            reasons=tuple(one.statement for one in found if one.severity is not Severity.INFO),
            not_after=expiry(seen.tls.chain),
        )
    if _has_no_host(seen.lookups):
        return HostReadiness(
            hostname=hostname, state=Readiness.NOT_READY, reasons=("the name has no address",)
        )
    failure = seen.failure
    is_known = failure is not None and failure.reason not in NOT_HERE and _is_answered(seen.lookups)
    words = "there was no handshake" if failure is None else shown_failure(failure)
    return HostReadiness(
        hostname=hostname,
        state=Readiness.NOT_READY if is_known else Readiness.UNKNOWN,
        reasons=(f"no certificate was shown: {words}",),
    )


def _has_no_host(lookups: Sequence[Lookup]) -> bool:
    return bool(lookups) and all(
        one.status in (LookupStatus.NO_NAME, LookupStatus.NO_DATA) for one in lookups
    )


def _is_answered(lookups: Sequence[Lookup]) -> bool:
    return any(one.is_answered for one in lookups)


def _facts(hostname: str, facts: dict[str, str]) -> dict[str, str]:
    return {"hostname": hostname, "service": "web", "port": "443", **facts}
