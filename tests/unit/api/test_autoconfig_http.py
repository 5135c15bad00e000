"""Autoconfig over HTTP, in process: every place, every host form, every header of protocol brief §1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from api_client import opened_api
from databases import UNREACHABLE_URL

if TYPE_CHECKING:
    import httpx

    from api_client import ApiClient

PATHS = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml", "/.well-known/mail-v1.xml")
FULL_PATHS = ("/v1.1/customer.example", "/autoconfig/v1.1/customer.example")
QUERY = "?emailaddress=jane%40customer.example"


@pytest.fixture
async def api(api: ApiClient) -> ApiClient:
    domains: dict[str, dict[str, Any]] = {
        "customer.example": {"reference": "1"},
        "bücher.example": {},
        "away.example": {"status": "suspended"},
        "mx.example": {"serves_mx": True},
    }
    for name, values in domains.items():
        await api.ok("PUT", f"/api/v1/domains/{name}", {"provider": "provider", **values})
    return api


def domains_in(response: httpx.Response) -> list[str | None]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    return [node.text for node in ET.fromstring(response.content).iter("domain")]  # noqa: S314 - our own


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "host"),
    [
        (QUERY, "signpost.example"),
        ("?emailaddress=jane@customer.example", "signpost.example"),
        ("?EMAILADDRESS=jane@customer.example&emailmd5=0", "signpost.example"),
        ("?domain=customer.example", "signpost.example"),
        ("", "autoconfig.customer.example"),
        ("", "AUTOCONFIG.Customer.Example.:8080"),
        ("", "customer.example"),
        ("", "autodiscover.customer.example:443"),
        ("?emailaddress=", "customer.example"),
    ],
)
async def test_a_domain_is_found_at_every_place_in_every_way(
    api: ApiClient, path: str, query: str, host: str
) -> None:
    response = await api.http.get(path + query, headers={"Host": host})
    assert domains_in(response) == ["customer.example"]


@pytest.mark.parametrize("path", FULL_PATHS)
async def test_the_full_document_is_found_by_the_domain_in_the_path(api: ApiClient, path: str) -> None:
    assert domains_in(await api.http.get(path)) == ["customer.example"]
    assert domains_in(
        await api.http.get(path.upper().replace("/V1.1/", "/v1.1/").replace("AUTOCONFIG", "autoconfig"))
    )


async def test_a_domain_is_found_in_u_labels_too(api: ApiClient) -> None:
    for url in ("/v1.1/bücher.example", f"{PATHS[0]}?emailaddress=j%40b%C3%BCcher.example"):
        assert domains_in(await api.http.get(url)) == ["xn--bcher-kva.example"]


async def test_a_domain_elsewhere_is_answered_for_by_the_host_of_its_mx(api: ApiClient) -> None:
    response = await api.http.get(
        f"{PATHS[0]}?emailaddress=jane@elsewhere.example", headers={"Host": "autoconfig.mx.example"}
    )
    assert domains_in(response) == ["mx.example"]


async def test_the_headers_of_a_document(api: ApiClient) -> None:
    personal = await api.http.get(PATHS[0] + QUERY)
    general = await api.http.get(f"{PATHS[0]}?domain=customer.example")
    assert personal.headers["cache-control"] == "private, max-age=300"
    assert general.headers["cache-control"] == "public, max-age=300"
    for response in (personal, general):
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in response.headers
        assert "location" not in response.headers


@pytest.mark.parametrize("path", [*(path + QUERY for path in PATHS), *FULL_PATHS])
async def test_head_tells_the_same_without_the_document(api: ApiClient, path: str) -> None:
    got, asked = await api.http.get(path), await api.http.head(path)
    assert asked.status_code == 200
    told = {name: value for name, value in asked.headers.items() if name != "x-request-id"}
    assert told == {name: value for name, value in got.headers.items() if name != "x-request-id"}


async def test_a_document_that_the_client_has_is_not_sent_again(api: ApiClient) -> None:
    first = await api.http.get(PATHS[0] + QUERY)
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*", f" {etag} "):
        again = await api.http.get(PATHS[0] + QUERY, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == first.headers["cache-control"]
    for other in ('"x"', etag[:-2] + '"', etag.strip('"'), ""):
        again = await api.http.get(PATHS[0] + QUERY, headers={"If-None-Match": other})
        assert again.status_code == 200
    await api.ok(
        "PUT", "/api/v1/providers/provider", {"display_name": "New", "short_name": "New", "servers": [IMAP]}
    )
    changed = await api.http.get(PATHS[0] + QUERY, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


IMAP = {
    "key": "imap",
    "type": "imap",
    "hostname": "imap.new.example",
    "port": 993,
    "socket_type": "tls",
    "authentication": ["password-cleartext"],
    "username": "%EMAILADDRESS%",
}


@pytest.mark.parametrize(
    "path",
    [
        f"{PATHS[0]}?emailaddress=jane@unknown.example",
        f"{PATHS[0]}?emailaddress=jane@away.example",
        f"{PATHS[1]}?domain=away.example",
        PATHS[2],
        "/v1.1/unknown.example",
        "/v1.1/away.example",
        "/autoconfig/v1.1/away.example",
    ],
)
async def test_unknown_and_suspended_domains_get_the_same_short_text(api: ApiClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        response = await api.http.request(method, path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.headers["cache-control"] == "max-age=60"
        assert response.headers["access-control-allow-origin"] == "*"
    assert (await api.http.get(path)).text == "No mail settings are published for this domain.\n"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (f"{PATHS[0]}?emailaddress=jane", "emailaddress: must be a mail address with an @"),
        (f"{PATHS[0]}?domain=localhost", "domain: must have at least two labels"),
        (f"{PATHS[0]}?emailaddress=%ff", "query: must be UTF-8 under its percent-encoding"),
        ("/v1.1/localhost", "domain: must have at least two labels"),
    ],
)
async def test_what_names_no_domain_is_a_bad_request(api: ApiClient, path: str, sentence: str) -> None:
    response = await api.http.get(path)
    assert (response.status_code, response.text) == (400, f"{sentence}\n")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_mailbox_is_told_from_no_other(api: ApiClient) -> None:
    await api.ok("PUT", "/api/v1/domains/customer.example/mailboxes/vip", {"variables": {"X": "y"}})
    bodies = {
        (await api.http.get(f"{PATHS[0]}?emailaddress={local}@customer.example")).content
        for local in ("jane", "vip", "nobody", "a..b", "%22a%20b%22")
    }
    assert len(bodies) == 1


async def test_without_a_database_clients_are_asked_to_come_again() -> None:
    async with opened_api(UNREACHABLE_URL) as client:
        for path in (PATHS[0] + QUERY, *FULL_PATHS):
            response = await client.http.get(path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "text/plain; charset=utf-8"
            assert response.headers["retry-after"] == "5"
            assert response.headers["cache-control"] == "no-store"


async def test_no_token_is_asked_for_and_none_is_looked_at(api: ApiClient) -> None:
    headers = {"Authorization": "Basic amFuZTpzZWNyZXQ="}
    assert domains_in(await api.http.get(PATHS[0] + QUERY, headers=headers)) == ["customer.example"]
