"""The diagnosis of a domain's names, over the API."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from app.core.dns_diagnosis import Diagnosis
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData
from app.core.errors import NotAvailable
from app.core.names import DomainName
from app.services.dns_doctor import Undiagnosed
from structlog.testing import capture_logs
from typing_extensions import override

from api_client import opened_api, with_tenants
from databases import ON_SQLITE
from fakes.fetcher import NoHosts
from fakes.resolver import ScriptedResolver, found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.core.publications import DocumentCheck, ExpectedDocument

    from api_client import ApiClient

pytestmark = ON_SQLITE

PATH = "/api/v1/domains/customer.example/dns-doctor"


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ApiClient]:
    settings = {"public_url": "https://signpost.host.example", "discoveries_per_minute_per_token": 2}
    async with opened_api(database_url, **settings) as client:
        await with_tenants(client)
        client.services.dns_records._resolver = ScriptedResolver(otherwise=LookupStatus.NO_NAME)
        client.services.verification.doctor._fetcher = NoHosts()
        await client.ok("PUT", "/api/v1/domains/customer.example", {"provider": "provider"})
        yield client


async def test_a_domain_without_records_is_told_what_to_put(api: ApiClient) -> None:
    hosts = ("signpost.host.example", *(f"{label}.provider.example" for label in ("imap", "pop", "smtp")))
    api.services.dns_records._resolver = ScriptedResolver(
        *(found(host, AddressData(ip_address("192.0.2.1"))) for host in hosts),
        otherwise=LookupStatus.NO_NAME,
    )
    told = await api.ok("GET", PATH)
    assert (told["is_wrong"], told["signing"]) == (True, "unsigned")
    assert {one["state"] for one in told["records"]} == {"missing"}
    assert {one["state"] for one in told["hosts"]} == {"not-ready"}
    assert len(told["fix"]["put"]) == len(told["records"])
    assert told["fix"]["withheld"] == []
    zone = await api.send("GET", f"{PATH}?format=zone")
    assert zone.headers["content-type"] == "text/dns; charset=us-ascii"
    assert "autoconfig.customer.example. 3600 IN CNAME signpost.host.example." in zone.text


async def test_what_would_lead_to_a_name_that_is_not_there_is_told_of_and_not_put(api: ApiClient) -> None:
    told = await api.ok("GET", PATH)
    left = {
        "server": None,
        "reason": "target-not-there",
        "detail": "autoconfig.customer.example: signpost.host.example is not there.",
    }
    assert left in told["fix"]["withheld"]
    assert "autoconfig.customer.example" not in {one["name"] for one in told["fix"]["put"]}
    zone = await api.send("GET", f"{PATH}?format=zone")
    assert f"; left out: records (target-not-there). {left['detail']}\n" in zone.text


async def test_the_fix_for_octodns_has_entries_by_name(api: ApiClient) -> None:
    none = await api.send("GET", f"{PATH}?format=octodns")
    assert '"autoconfig":' not in none.text
    assert "# left out: records (target-not-there). autoconfig.customer.example: " in none.text
    api.services.dns_records._resolver = ScriptedResolver(
        found("signpost.host.example", AddressData(ip_address("192.0.2.1"))), otherwise=LookupStatus.NO_NAME
    )
    answer = await api.send("GET", f"{PATH}?format=octodns")
    assert answer.headers["content-type"] == "application/yaml"
    assert '"autoconfig":' in answer.text


async def test_what_the_dns_does_not_say_is_not_wrong(api: ApiClient) -> None:
    api.services.dns_records._resolver = ScriptedResolver(otherwise=LookupStatus.TIMED_OUT)
    told = await api.ok("GET", PATH)
    assert (told["is_known"], told["signing"]) == (False, "unknown")
    assert {one["state"] for one in told["records"]} == {"unknown"}
    assert told["fix"] == {"put": [], "remove": [], "withheld": []}


async def test_other_forms_tokens_and_tenants_are_refused(api: ApiClient) -> None:
    odd = await api.send("GET", f"{PATH}?format=xml")
    assert (odd.status_code, odd.json()["errors"][0]["detail"]) == (422, "must be one of json, zone, octodns")
    reader = await api.token_with("domains:read")
    assert (await api.send("GET", PATH, token=reader)).status_code == 403
    stranger = await api.token_with("verify", "domains:read", provider="other")
    assert (await api.send("GET", PATH, token=stranger)).status_code == 404


async def test_a_token_may_ask_so_often(api: ApiClient) -> None:
    statuses = [(await api.send("GET", PATH)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


class Stumbling(NoHosts):
    """Meets with an error at the hosts of one domain."""

    def __init__(self, domain: str, error: Exception) -> None:
        self._domain, self._error = domain, error

    @override
    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        if self._domain in expected.url:
            raise self._error
        return await super().check(expected)


async def test_a_bug_with_one_domain_of_a_provider_ends_none_of_the_others(api: ApiClient) -> None:
    for name in ("a.example", "z.example"):
        await api.ok("PUT", f"/api/v1/domains/{name}", {"provider": "provider"})
    doctor = api.services.verification.doctor
    doctor._fetcher = Stumbling("customer.example", UnicodeError("nobody thought of that"))
    with capture_logs() as logs:
        found = [one async for one in doctor.diagnose_provider("provider")]
    assert [one.planned.domain.ascii for one in found if isinstance(one, Diagnosis)] == [
        "a.example",
        "z.example",
    ]
    assert found[1] == Undiagnosed(DomainName("customer.example"))
    (event,) = [one for one in logs if one["event"] == "diagnosis_failed"]
    assert (event["domain"], event["exc_info"]) == ("customer.example", True)


async def test_what_is_no_bug_ends_the_diagnosis_of_a_provider(api: ApiClient) -> None:
    doctor = api.services.verification.doctor
    doctor._fetcher = Stumbling("customer.example", NotAvailable("database"))
    with pytest.raises(NotAvailable):
        _ = [one async for one in doctor.diagnose_provider("provider")]
