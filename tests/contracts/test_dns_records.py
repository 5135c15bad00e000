"""DNS records for every account: zone texts to the byte, and every form saying the same.

A missing golden file fails. ``make golden`` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import dns.rdatatype
import dns.zone
import jsonschema
import pytest
from app.api.application import create_api
from app.core.dns_records import SrvData, absolute, presented
from app.renderers.dns_records import RECORD_FORMS
from app.settings import Settings

from contracts.dns_cases import CASES, DnsCase

FOLDER = Path(__file__).parent / "dns"
EXTENSIONS = {"zone": "zone", "json": "json", "octodns": "yaml"}
GOLDEN = [
    *(("zone", name) for name in CASES),
    *((form, name) for form in ("json", "octodns") for name in ("everything", "addresses", "nothing")),
]
LABELS = {
    "_imaps": ("imap", "tls"),
    "_imap": ("imap", "starttls"),
    "_pop3s": ("pop3", "tls"),
    "_pop3": ("pop3", "starttls"),
    "_submissions": ("smtp", "tls"),
    "_submission": ("smtp", "starttls"),
}

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def rendered(case: DnsCase, form: str) -> bytes:
    return RECORD_FORMS[form].render(case.planned())


@pytest.mark.parametrize(("form", "name"), GOLDEN)
def test_records_are_what_they_were(form: str, name: str, request: pytest.FixtureRequest) -> None:
    path = FOLDER / f"{name}.{EXTENSIONS[form]}"
    body = rendered(CASES[name], form)
    if request.config.getoption("--update-golden"):
        assert os.environ.get("CI") != "true", "golden files are not rewritten in CI"
        path.write_bytes(body)
    assert path.exists(), "no golden file; run make golden and read it"
    assert body == path.read_bytes()


def test_no_golden_file_of_records_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{n}.{EXTENSIONS[form]}" for form, n in GOLDEN}


def records_of(zone_text: str, origin: str) -> list[str]:
    """Read a zone as a name server's parser does, one line a record."""
    zone = dns.zone.from_text(zone_text, origin=f"{origin}.", relativize=False, check_origin=False)
    return sorted(
        f"{name} {ttl} {dns.rdatatype.to_text(record.rdtype)} {record.to_text()}"
        for name, ttl, record in zone.iterate_rdatas()
    )


@each_case
def test_a_zone_text_is_one_and_holds_each_record_once(case: DnsCase) -> None:
    planned = case.planned()
    wanted = sorted(
        f"{absolute(record.name)} {record.ttl_seconds} {record.type} {presented(record.data)}"
        for record in planned.records
    )
    assert len(set(wanted)) == len(wanted)
    assert records_of(rendered(case, "zone").decode("ascii"), planned.domain.ascii) == wanted


@each_case
def test_no_record_points_at_an_alias_and_no_alias_has_company(case: DnsCase) -> None:
    planned = case.planned()
    aliases = [record.name for record in planned.records if record.type == "CNAME"]
    assert len(set(aliases)) == len(aliases)
    for record in planned.records:
        assert record.type == "CNAME" or record.name not in aliases
        assert not isinstance(record.data, SrvData) or record.data.target not in aliases


@each_case
def test_there_is_at_most_one_service_at_a_name(case: DnsCase) -> None:
    names = [record.name for record in case.planned().records if record.type == "SRV"]
    assert len(set(names)) == len(names)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_api(Settings(database_url="sqlite+aiosqlite:///:memory:")).openapi()


@each_case
def test_the_json_is_what_the_openapi_document_says(case: DnsCase, openapi: dict[str, Any]) -> None:
    document = json.loads(rendered(case, "json"))
    schema = {"$ref": "#/components/schemas/DnsRecordsRead", "components": openapi["components"]}
    jsonschema.Draft202012Validator(schema).validate(document)
    listed = sorted(
        f"{record['name']}. {record['ttl_seconds']} {record['type']} {record['value']}"
        for record in document["records"]
    )
    assert listed == records_of(rendered(case, "zone").decode("ascii"), document["domain"])


@each_case
def test_the_octodns_file_has_its_keys_in_order_and_every_record(case: DnsCase) -> None:
    planned = case.planned()
    text = rendered(case, "octodns").decode("ascii")
    names = [json.loads(found) for found in re.findall(r'^("[^"]+"):$', text, re.MULTILINE)]
    assert names == sorted(set(names))
    own = {record.name.removesuffix(planned.domain.ascii).removesuffix(".") for record in planned.records}
    assert set(names) == own
    values = len(re.findall(r"^      - |^    value: ", text, re.MULTILINE))
    assert values == len(planned.records)
    # octoDNS takes an unescaped semicolon for a mistake.
    for scalar in re.findall(r'".*"', text):
        assert not re.search(r"(?<!\\);", json.loads(scalar)), scalar


@each_case
def test_a_mail_service_is_called_off_where_none_is_stored_and_only_there(case: DnsCase) -> None:
    told = {
        LABELS[label]: record.data
        for record in case.planned().records
        if isinstance(record.data, SrvData) and (label := record.name.partition(".")[0]) in LABELS
    }
    offered = {(str(s.type), str(s.socket_type)) for s in case.account.servers}
    for place, data in told.items():
        assert (data.target is None) is (place not in offered), place
    called_off = {kind for (kind, _), data in told.items() if data.target is None}
    led_to = {kind for (kind, _), data in told.items() if data.target is not None}
    assert called_off.isdisjoint(map(str, case.account.withheld_types))
    assert called_off & set(map(str, case.account.stored_types)) <= led_to
