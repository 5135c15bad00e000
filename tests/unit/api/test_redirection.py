"""A domain whose Exchange has an Autodiscover of its own, through the API and over HTTP, in process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api_client import problem
from contracts.microsoft import check_json, check_pox
from contracts.microsoft_soap import read_answer
from contracts.soap_calls import a_user_call

if TYPE_CHECKING:
    from api_client import ApiClient

PROVIDER = "/api/v1/providers/hosted"
DOMAIN = "/api/v1/domains/customer.example"
JANE = "jane@customer.example"
HOST = "discover.customer.example"
URL = f"https://{HOST}/autodiscover/autodiscover.xml"
SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
POX = (
    f'<Autodiscover xmlns="{SCHEMAS}/outlook/requestschema/2006"><Request>'
    f"<EMailAddress>{JANE}</EMailAddress></Request></Autodiscover>"
).encode()


def a_body(url: str) -> dict[str, Any]:
    exchange = {
        "key": "exchange",
        "type": "exchange",
        "hostname": "hosted.example",
        "port": 443,
        "socket_type": "tls",
        "authentication": ["password-cleartext"],
        "username": "%EMAILADDRESS%",
        "exchange": {"autodiscover_url": url},
    }
    smtp = {**exchange, "key": "smtp", "type": "smtp", "port": 465, "exchange": None}
    return {"display_name": "Hosted", "short_name": "Hosted", "servers": [exchange, smtp]}


@pytest.fixture
async def stored(api: ApiClient) -> ApiClient:
    """The service with a customer whose mailboxes are elsewhere."""
    await api.ok("PUT", PROVIDER, a_body("https://discover.%EMAILDOMAIN%/autodiscover/autodiscover.xml"))
    await api.ok("PUT", DOMAIN, {"provider": "hosted"})
    return api


@pytest.mark.parametrize(
    "url",
    ["http://a.example/autodiscover.xml", "https://a.example/", "https://%EMAILDOMAIN/autodiscover.xml"],
)
async def test_what_clients_could_not_follow_is_refused(api: ApiClient, url: str) -> None:
    body = problem(await api.send("PUT", PROVIDER, a_body(url)), 422, "invalid-input")
    assert [one["pointer"] for one in body["errors"]] == ["/servers/0/exchange/autodiscover_url"]


async def test_the_settings_name_it_and_what_is_told_there_instead(stored: ApiClient) -> None:
    read = await stored.ok("GET", PROVIDER)
    assert read["servers"][0]["exchange"] == {
        "autodiscover_url": "https://discover.%EMAILDOMAIN%/autodiscover/autodiscover.xml",
        "owa_url": None,
        "ews_url": None,
        "eas_url": None,
        "use_global_preferred_server": None,
    }
    settings = await stored.ok("GET", f"{DOMAIN}/settings")
    assert '"redirected"' in str(settings).replace("'", '"')


@pytest.mark.parametrize("host", ["customer.example", "autodiscover.customer.example", "any.example"])
async def test_outlook_is_sent_there_from_every_host_but_that_one(stored: ApiClient, host: str) -> None:
    place = f"https://{host}/autodiscover/autodiscover.xml"
    assert URL.encode() in (await stored.http.post(place, content=POX)).content
    answer = check_pox((await stored.http.post(URL, content=POX)).content)
    assert (answer.kind, answer.protocols) == ("settings", ["SMTP"])


async def test_version_2_and_soap_lead_to_the_same_place(stored: ApiClient) -> None:
    query = f"Email={JANE}&Protocol=AutodiscoverV1"
    answer = await stored.http.get(f"https://customer.example/autodiscover/autodiscover.json?{query}")
    assert check_json(answer.content, 200)["Url"] == URL
    soap = await stored.http.post(
        "https://customer.example/autodiscover/autodiscover.svc", content=a_user_call(JANE)
    )
    assert read_answer(soap.content).responses[0].target == URL.replace(".xml", ".svc")


async def test_programs_for_exchange_learn_that_soap_is_here(stored: ApiClient) -> None:
    answer = await stored.http.get("https://customer.example/autodiscover/autodiscover.xml")
    assert (answer.status_code, answer.headers["x-soap-enabled"]) == (405, "True")


async def test_a_place_that_needs_an_address_is_not_told_without_one(api: ApiClient) -> None:
    await api.ok("PUT", PROVIDER, a_body("https://a.example/%EMAILADDRESS%/autodiscover.xml"))
    await api.ok("PUT", DOMAIN, {"provider": "hosted"})
    path = "https://customer.example/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email"
    known, broken = [
        check_json((await api.http.get(f"{path}={local}@customer.example")).content, 200)["Url"]
        for local in ("jane", "a..b")
    ]
    assert known == "https://a.example/jane@customer.example/autodiscover.xml"
    assert "%" not in broken
