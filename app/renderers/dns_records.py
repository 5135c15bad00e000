"""DNS records to publish, as people and programs put them into zones: zone file, JSON, octoDNS.

Not a client's format: no mail program reads it, so it is not among FORMATS.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.core.dns_records import (
    AddressData,
    AliasData,
    DnsRecord,
    PlannedRecords,
    SrvData,
    TxtData,
    absolute,
    presented,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.core.dns_diagnosis import ZoneFix
    from app.core.dns_records import RecordData


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordForm:
    """One way to write records down."""

    name: str
    title: str
    media_type: str
    render: Callable[[PlannedRecords], bytes]


def render_zone(planned: PlannedRecords) -> bytes:
    """Write lines for a zone file (RFC 1035 §5), with absolute names, so that they fit anywhere in it."""
    lines = [f"; DNS records for {planned.domain}"]
    previous = ""
    for record in planned.records:
        if record.why != previous:
            lines += ["", f"; {_comment(record.why)}"]
            previous = record.why
        lines.append(
            f"{absolute(record.name)} {record.ttl_seconds} IN {record.type} {presented(record.data)}"
        )
    if planned.omissions:
        lines.append("")
    lines += [f"; {comment}" for comment in _omissions(planned)]
    return ("\n".join(lines) + "\n").encode("ascii")


def _omissions(planned: PlannedRecords) -> Iterator[str]:
    for omission in planned.omissions:
        what = omission.server or "records"
        yield f"left out: {what} ({omission.reason}). {_comment(omission.detail)}"


def _comment(text: str) -> str:
    """Keep a comment on its line, in characters that every name server's parser takes."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)


def render_json(planned: PlannedRecords) -> bytes:
    """Write records with their fields apart, and what was left out."""
    document = {
        "domain": planned.domain.ascii,
        "records": [
            {
                "name": record.name,
                "type": record.type.value,
                "ttl_seconds": record.ttl_seconds,
                "fields": _fields(record.data),
                "value": presented(record.data),
                "why": record.why,
            }
            for record in planned.records
        ],
        "omissions": [
            {"server": omission.server, "reason": omission.reason, "detail": omission.detail}
            for omission in planned.omissions
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _fields(data: RecordData) -> dict[str, Any]:
    match data:
        case AddressData(address):
            return {"address": str(address)}
        case AliasData(target):
            return {"target": target}
        case SrvData():
            return {
                "priority": data.priority,
                "weight": data.weight,
                "port": data.port,
                "target": data.target or ".",
            }
        case TxtData(text):
            return {"text": text}
        case _:
            return {"value": presented(data)}


def render_octodns(planned: PlannedRecords) -> bytes:
    """Write the zone file of octoDNS's YamlProvider, for the domain as a zone.

    Keys are in its order, which it enforces; semicolons of texts are escaped, as it has them unless
    ``escaped_semicolons`` is false.
    """
    by_name: dict[str, dict[str, list[DnsRecord]]] = {}
    for record in planned.records:
        name = record.name.removesuffix(planned.domain.ascii).removesuffix(".")
        by_name.setdefault(name, {}).setdefault(record.type, []).append(record)
    lines = ["---"]
    for name in sorted(by_name):
        lines.append(f"{_scalar(name)}:")
        for record_type in sorted(by_name[name]):
            lines += _octodns_record(record_type, by_name[name][record_type])
    if not by_name:
        lines.append("{}")
    lines += [f"# {comment}" for comment in _omissions(planned)]
    return ("\n".join(lines) + "\n").encode("ascii")


def _octodns_record(record_type: str, records: list[DnsRecord]) -> Iterator[str]:
    # One entry of a list for each type, so that a name with several has them all.
    yield f"  - ttl: {records[0].ttl_seconds}"
    yield f"    type: {record_type}"
    if isinstance(records[0].data, AliasData):
        yield f"    value: {_scalar(absolute(records[0].data.target))}"
        return
    yield "    values:"
    for record in records:
        if isinstance(record.data, SrvData):
            data = record.data
            yield f"      - port: {data.port}"
            yield f"        priority: {data.priority}"
            yield f"        target: {_scalar(absolute(data.target))}"
            yield f"        weight: {data.weight}"
        elif isinstance(record.data, TxtData):
            yield "      - " + _scalar(record.data.text.replace(";", "\\;"))
        else:
            yield "      - " + _scalar(presented(record.data))


def _scalar(text: str) -> str:
    """Write a double-quoted YAML scalar: every JSON string is one."""
    return json.dumps(text)


def render_zone_fix(planned: PlannedRecords, fix: ZoneFix) -> bytes:
    """Write what to change in a zone file: lines to put, and in comments what to take away or leave alone."""
    changed = PlannedRecords(domain=planned.domain, records=fix.put, omissions=fix.withheld)
    head, _, lines = render_zone(changed).decode("ascii").partition("\n")
    removals = [f"; remove: {absolute(one.name)} IN {one.type} {one.value}" for one in fix.remove]
    return ("\n".join([f"{head}, to change", *removals, lines.lstrip("\n")])).encode("ascii", "replace")


def render_octodns_fix(planned: PlannedRecords, fix: ZoneFix) -> bytes:
    """Write the entries of octoDNS's file that are to be put; each replaces what the name has of its type."""
    changed = PlannedRecords(domain=planned.domain, records=fix.put, omissions=fix.withheld)
    removals = "".join(f"# remove: {absolute(one.name)} {one.type} {one.value}\n" for one in fix.remove)
    return render_octodns(changed) + removals.encode("ascii", "replace")


ZONE: Final = RecordForm(
    name="zone", title="Lines for a zone file", media_type="text/dns; charset=us-ascii", render=render_zone
)
JSON: Final = RecordForm(name="json", title="JSON", media_type="application/json", render=render_json)
OCTODNS: Final = RecordForm(
    name="octodns", title="octoDNS YAML", media_type="application/yaml", render=render_octodns
)
RECORD_FORMS: Final = {form.name: form for form in (ZONE, JSON, OCTODNS)}
