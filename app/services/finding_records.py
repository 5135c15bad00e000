"""Findings as JSON has them, and back: what a code means is looked up in the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.findings import Finding
from app.verification.catalogue import KINDS_BY_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping


def finding_record(finding: Finding) -> dict[str, Any]:
    """Return what is stored of a finding."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "addresses": list(finding.addresses),
        "facts": dict(finding.facts),
    }


def find_finding(record: Mapping[str, Any]) -> Finding | None:
    """Return a stored finding; None where this version does not know its code."""
    kind = KINDS_BY_CODE.get(record["code"])
    if kind is None:
        return None
    return Finding(
        kind=kind,
        subject=record["subject"],
        addresses=tuple(record["addresses"]),
        facts=record["facts"],
    )
