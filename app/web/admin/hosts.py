"""Hosts: the endpoints that domains list, the worst first, and what was found there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.core.errors import EndpointNotFound
from app.core.findings import Severity
from app.core.reports import State
from app.core.verified import EndpointFilter, FindingFilter
from app.services.domain_reports import known_findings
from app.services.finding_records import find_finding
from app.web.admin.paging import number, read_groups, split
from app.web.admin.showing import SEVERITIES_WORST_FIRST, WORST_FIRST

if TYPE_CHECKING:
    from starlette.responses import Response

    from app.core.checks import StoredEndpoint
    from app.core.verified import StoredFinding
    from app.web.admin.gate import Visit

_PAGE: Final = 50
_RUNS: Final = 20
_MAX_HOSTNAME: Final = 253
_MAX_CODE: Final = 80


async def show_hosts(visit: Visit) -> Response:
    """Show endpoints, the worst first."""
    query, reading = visit.query, visit.services.verification.endpoints
    state = next((one for one in State if one == query.get("state")), None)
    hostname = query.get("hostname", "").strip().lower()[:_MAX_HOSTNAME]
    come_to = next((one for one in WORST_FIRST if one == query.get("at")), WORST_FIRST[0])
    after = number(query.get("after")) or 0

    async def read(group: State, behind: int, limit: int) -> list[StoredEndpoint]:
        wanted = EndpointFilter(state=group, hostname=hostname or None)
        return await reading.page(visit.caller, wanted, after=behind, limit=limit)

    groups = WORST_FIRST[WORST_FIRST.index(come_to) :] if state is None else [state]
    found, has_more = split(await read_groups(groups, after, _PAGE, read), _PAGE)
    following = None
    if has_more:
        last, endpoint = found[-1]
        chosen = {"state": state or "", "hostname": hostname, "at": last.value, "after": endpoint.id}
        following = urlencode({name: value for name, value in chosen.items() if value})
    return visit.show(
        "hosts.html",
        endpoints=[one for _, one in found],
        state=state,
        states=WORST_FIRST,
        hostname=hostname,
        following=following,
        is_first=not after,
    )


async def show_host(visit: Visit) -> Response:
    """Show one endpoint: how it stands, what was found and seen, and its last runs."""
    endpoint_id = number(visit.path("id"))
    if endpoint_id is None:
        raise EndpointNotFound(0)
    reading = visit.services.verification.endpoints
    stored, findings, sighting = await reading.get(visit.caller, endpoint_id)
    runs = await reading.history(visit.caller, endpoint_id, limit=_RUNS)
    return visit.show(
        "host.html",
        stored=stored,
        findings=known_findings(stored.endpoint, findings),
        addresses=sighting.get("addresses", ()),
        runs=runs,
    )


async def show_findings(visit: Visit) -> Response:
    """Show what was found at endpoints, the worst first."""
    query, reading = visit.query, visit.services.verification.endpoints
    severity = next((one for one in Severity if one == query.get("severity")), None)
    code = query.get("code", "").strip()[:_MAX_CODE]
    come_to = next((one for one in Severity if one == query.get("at")), SEVERITIES_WORST_FIRST[0])
    after = number(query.get("after")) or 0

    async def read(group: Severity, behind: int, limit: int) -> list[StoredFinding]:
        wanted = FindingFilter(severity=group, code=code or None)
        return await reading.findings(visit.caller, wanted, after=behind, limit=limit)

    groups = SEVERITIES_WORST_FIRST[SEVERITIES_WORST_FIRST.index(come_to) :]
    found, has_more = split(
        await read_groups(groups if severity is None else [severity], after, _PAGE, read), _PAGE
    )
    following = None
    if has_more:
        last, finding = found[-1]
        chosen = {"severity": severity or "", "code": code, "at": last.value, "after": finding.id}
        following = urlencode({name: value for name, value in chosen.items() if value})
    return visit.show(
        "findings.html",
        findings=[(one, _known(one)) for _, one in found],
        severity=severity,
        severities=SEVERITIES_WORST_FIRST,
        code=code,
        following=following,
        is_first=not after,
    )


def _known(one: StoredFinding) -> object:
    """Return a finding with its words; None where this version does not know its code."""
    return find_finding(
        {"code": one.code, "subject": one.subject, "addresses": one.addresses, "facts": one.facts}
    )
