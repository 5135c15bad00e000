"""A diagnosis as plain JSON data, the same for the API and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.dns_records import presented

if TYPE_CHECKING:
    from app.core.account import Omission
    from app.core.dns_diagnosis import Diagnosis, HostReadiness
    from app.core.dns_records import DnsRecord


def diagnosis_record(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON data."""
    return {
        "domain": diagnosis.planned.domain.ascii,
        "is_wrong": diagnosis.is_wrong,
        "is_known": diagnosis.is_known,
        "signing": diagnosis.signing.value,
        "records": [
            {
                **_place(one.record),
                "state": one.state.value,
                "found": list(one.found),
                "detail": one.detail,
                "is_authenticated": one.is_authenticated,
            }
            for one in diagnosis.records
        ],
        "hosts": [_host(one) for one in diagnosis.hosts],
        "fix": {
            "put": [{**_place(one), "ttl_seconds": one.ttl_seconds} for one in diagnosis.fix.put],
            "remove": [
                {"name": one.name, "type": one.type.value, "value": one.value} for one in diagnosis.fix.remove
            ],
            "withheld": [_omission(one) for one in diagnosis.fix.withheld],
        },
        "omissions": [_omission(one) for one in diagnosis.planned.omissions],
    }


def _omission(omission: Omission) -> dict[str, Any]:
    return {"server": omission.server, "reason": omission.reason, "detail": omission.detail}


def _place(record: DnsRecord) -> dict[str, Any]:
    return {"name": record.name, "type": record.type.value, "value": presented(record.data)}


def _host(host: HostReadiness) -> dict[str, Any]:
    return {
        "hostname": host.hostname,
        "state": host.state.value,
        "reasons": list(host.reasons),
        "not_after": None if host.not_after is None else host.not_after.isoformat(),
    }
