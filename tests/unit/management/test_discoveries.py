"""``POST /api/v1/discoveries``: who may ask, what is answered, and what is repeated nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from discovering import DOMAIN
from fakes.dns import FakeDns
from management import a_provider_body, is_problem, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from management import ApiClient

PATH = "/api/v1/discoveries"
RECORDS = {
    (f"_imaps._tcp.{DOMAIN}", "SRV"): "0 1 993 imap.host.example.",
    (f"_submissions._tcp.{DOMAIN}", "SRV"): "0 1 465 smtp.host.example.",
}


@pytest.fixture
def dns() -> Iterator[FakeDns]:
    with FakeDns() as found:
        found.records.update(RECORDS)
        yield found


@pytest.fixture
async def api(database_url: str, dns: FakeDns) -> AsyncIterator[ApiClient]:
    settings = {"resolver": f"127.0.0.1:{dns.port}", "discover_seconds": 5.0}
    async with served(database_url, discoveries_per_minute_per_token=3, **settings) as client:
        yield client


async def test_what_is_found_is_answered_and_the_address_is_not(api: ApiClient) -> None:
    found = await api.post(PATH, json={"address": f"jane.doe@{DOMAIN}"})
    assert found.status_code == 200, found.text
    assert found.headers["cache-control"] == "no-store"
    body = found.json()
    assert (body["domain"], body["proposal"]["source"], body["comparison"]) == (DOMAIN, "srv", None)
    assert {view["client"] for view in body["views"]} >= {"thunderbird", "outlook"}
    assert "jane" not in found.text


async def test_what_is_stored_is_compared(api: ApiClient) -> None:
    await api.put("/api/v1/providers/host", json=a_provider_body())
    await api.put(f"/api/v1/domains/{DOMAIN}", json={"provider": "host"})
    compared = (await api.post(PATH, json={"address": DOMAIN, "compare": True})).json()["comparison"]
    assert [(one["type"], one["stored"] is not None) for one in compared][:1] == [("imap", True)]


async def test_what_is_not_stored_or_another_s_cannot_be_compared(api: ApiClient) -> None:
    await api.put("/api/v1/providers/host", json=a_provider_body())
    await api.put("/api/v1/providers/other", json=a_provider_body())
    await api.put(f"/api/v1/domains/{DOMAIN}", json={"provider": "host"})
    other = await api.as_token("verify", "domains:read", provider="other")
    for client, name in ((api, "nobodys.example"), (other, DOMAIN)):
        refused = await client.post(PATH, json={"address": name, "compare": True})
        assert is_problem(refused, 404, "domain-not-found")


async def test_the_scope_is_verify(api: ApiClient) -> None:
    without = await api.as_token("domains:read", "domains:write")
    assert is_problem(await without.post(PATH, json={"address": DOMAIN}), 403, "not-permitted")
    with_it = await api.as_token("verify")
    assert (await with_it.post(PATH, json={"address": DOMAIN})).status_code == 200


@pytest.mark.parametrize("address", ["", "jane.doe@", "no domain", "jane.doe@-.example"])
async def test_what_is_no_address_is_refused_without_repeating_it(api: ApiClient, address: str) -> None:
    refused = await api.post(PATH, json={"address": address})
    assert is_problem(refused, 422, "invalid-input")
    assert "jane" not in refused.text


async def test_a_token_may_ask_so_often(api: ApiClient) -> None:
    statuses = [(await api.post(PATH, json={"address": DOMAIN})).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = await api.post(PATH, json={"address": DOMAIN})
    assert int(refused.headers["retry-after"]) > 0
    another = await api.as_token("verify")
    assert (await another.post(PATH, json={"address": DOMAIN})).status_code == 200
