from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.core.mail_transport import MtaSts, StsMode
from app.core.pacc_digest import pacc_txt_value
from app.services.access import Access

from builders import a_domain, a_provider
from databases import ON_SQLITE, opened, stored_domain, stored_provider
from fakes.clock import FixedClock
from in_process import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = ON_SQLITE

POLICY = MtaSts(mode=StsMode.ENFORCE, mx=("mx.host.example",))
PATH = "/api/v1/domains/customer.example/dns-records"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an admin's token."""
    async with opened(database_url) as store:
        await stored_provider(store, a_provider(mta_sts=POLICY))
        await stored_domain(store)
        await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
        token = await Access(store, FixedClock()).create_token("t", frozenset({"admin"}))
    async with serving(database_url) as found:
        found.headers["authorization"] = f"Bearer {token}"
        yield found


async def test_records_are_given_as_json_where_nothing_is_said(client: httpx.AsyncClient) -> None:
    response = await client.get(PATH)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert document == (await client.get(PATH, params={"format": "json"})).json()
    by_name = {record["name"]: record for record in document["records"]}
    assert by_name["_imaps._tcp.customer.example"]["fields"] == {
        "priority": 0, "weight": 1, "port": 993, "target": "imap.provider.example",
    }  # fmt: skip
    assert by_name["_imap._tcp.customer.example"]["fields"]["target"] == "."
    assert by_name["autoconfig.customer.example"]["value"] == "signpost.host.example."
    assert by_name["_mta-sts.customer.example"]["fields"] == {"text": POLICY.txt_value}


@pytest.mark.parametrize(
    ("form", "media_type", "start"),
    [
        ("zone", "text/dns; charset=us-ascii", "; DNS records for customer.example\n"),
        ("octodns", "application/yaml", "---\n"),
    ],
)
async def test_records_are_given_as_files_too(
    client: httpx.AsyncClient, form: str, media_type: str, start: str
) -> None:
    response = await client.get(PATH, params={"format": form})
    assert response.headers["content-type"] == media_type
    assert response.text.startswith(start)
    assert "signpost.host.example." in response.text


async def test_the_records_of_a_suspended_domain_are_shown_to_those_who_manage_it(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/api/v1/domains/away.example/dns-records")).status_code == 200


async def test_what_is_not_there_or_not_allowed_is_a_problem(client: httpx.AsyncClient) -> None:
    unknown = await client.get("/api/v1/domains/unknown.example/dns-records")
    assert (unknown.status_code, unknown.json()["title"]) == (404, "No such domain")
    odd = await client.get(PATH, params={"format": "xml"})
    assert odd.status_code == 422
    assert odd.json()["errors"] == [{"parameter": "format", "detail": "must be one of zone, json, octodns"}]
    del client.headers["authorization"]
    assert (await client.get(PATH)).status_code == 401


async def test_the_digest_is_of_the_document_that_clients_get(client: httpx.AsyncClient) -> None:
    served = await client.get(
        "/.well-known/user-agent-configuration.json", headers={"host": "ua-auto-config.customer.example"}
    )
    assert served.status_code == 200
    records = (await client.get(PATH)).json()["records"]
    digests = [one["fields"] for one in records if one["name"] == "_ua-auto-config.customer.example"]
    assert digests == [{"text": pacc_txt_value(served.content)}]


async def put(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.put(path, json=body)


async def test_a_policy_and_reporting_go_through_the_api_unchanged(client: httpx.AsyncClient) -> None:
    mta_sts = {"mode": "testing", "mx": ["*.mx.host.example"], "max_age_seconds": 86400}
    reporting = {"uris": ["mailto:tls@host.example", "https://host.example/tls"]}
    provider = {
        "display_name": "P", "short_name": "P", "mta_sts": mta_sts, "tls_reporting": reporting,
    }  # fmt: skip
    stored = (await put(client, "/api/v1/providers/p", **provider)).json()
    assert (stored["mta_sts"], stored["tls_reporting"]) == (mta_sts, reporting)
    domain = await put(client, "/api/v1/domains/d.example", provider="p", tls_reporting={"uris": []})
    assert domain.json()["tls_reporting"] == {"uris": []}
    assert domain.json()["mta_sts"] is None
    records = (await client.get("/api/v1/domains/d.example/dns-records")).json()["records"]
    # The provider's policy holds; its reports are not wanted here.
    assert [record["name"] for record in records] == ["mta-sts.d.example", "_mta-sts.d.example"]


async def test_every_broken_rule_is_told_by_its_pointer(client: httpx.AsyncClient) -> None:
    response = await put(
        client,
        "/api/v1/domains/d.example",
        provider="provider",
        mta_sts={"mode": "enforce", "mx": ["*"], "max_age_seconds": -1},
        tls_reporting={"uris": ["tls@host.example"]},
    )
    assert response.status_code == 422
    pointers = [error["pointer"] for error in response.json()["errors"]]
    assert pointers == ["/mta_sts/mx/0", "/mta_sts/max_age_seconds", "/tls_reporting/uris/0"]


async def test_the_defaults_are_a_week_and_nothing(client: httpx.AsyncClient) -> None:
    response = await put(client, "/api/v1/domains/d.example", provider="provider", mta_sts={"mode": "none"})
    assert response.json()["mta_sts"] == {"mode": "none", "mx": [], "max_age_seconds": 604800}
    assert response.json()["tls_reporting"] is None


async def test_documents_say_which_media_types_there_are(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"][
        PATH.replace("customer.example", "{name}")
    ]
    content = operation["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/dns", "application/yaml"}
    assert "$ref" in json.dumps(content["application/json"])
    parameter = next(one for one in operation["get"]["parameters"] if one["name"] == "format")
    assert parameter["schema"]["enum"] == ["zone", "json", "octodns"]
