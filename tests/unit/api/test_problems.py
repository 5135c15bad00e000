"""Errors as problem documents (RFC 9457), whatever goes wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from app.api.problem_types import PROBLEMS_BY_SLUG
from app.settings import Settings

from api_client import opened_api, problem
from databases import UNREACHABLE_URL

if TYPE_CHECKING:
    from api_client import ApiClient

DOMAIN = "/api/v1/domains/a.example"
MAX_BODY_BYTES = Settings().max_body_bytes


async def test_an_unknown_path_and_method_are_problems_too(api: ApiClient) -> None:
    found = problem(await api.send("GET", "/nothing"), 404, None)
    assert (found["title"], "detail" in found) == ("Not Found", False)
    response = await api.send("POST", DOMAIN, {})
    problem(response, 405, None)
    assert response.headers["allow"] == "DELETE, GET, PATCH, PUT"
    response = await api.send("POST", "/mail/config-v1.1.xml")
    problem(response, 405, None)
    assert response.headers["allow"] == "GET, HEAD"
    problem(await api.send("GET", "/api/v1/domains/"), 404, None)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "The body is not JSON."),
        (b"\xff\xfe", "The body is not JSON."),
        (b"[" * 100_000, "There was an error parsing the body"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(api: ApiClient, body: bytes, detail: str) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    response = await api.http.put(DOMAIN, content=body, headers=headers)
    assert problem(response, 400, None)["detail"] == detail


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "x"]
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(api: ApiClient, media_type: str) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": media_type}
    response = await api.http.put(DOMAIN, content=b'{"provider": "provider"}', headers=headers)
    assert "Content-Type: application/json" in problem(response, 415, None)["detail"]


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/x+json"]
)
async def test_all_kinds_of_json_are_read(api: ApiClient, media_type: str) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": media_type}
    response = await api.http.put(DOMAIN, content=b'{"provider": "provider"}', headers=headers)
    assert response.status_code == 201, response.text
    wrong = await api.http.put(DOMAIN, content=b"[]", headers=headers)
    assert problem(wrong, 422, "invalid-input")["errors"][0]["pointer"] == ""


async def test_a_body_that_is_not_there_is_named(api: ApiClient) -> None:
    found = problem(await api.send("PUT", DOMAIN, content_type="application/json"), 422, "invalid-input")
    assert found["detail"] == "body: is needed"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_fields_that_are_not_known_are_told_of_as_in_bulk(api: ApiClient, method: str) -> None:
    await api.ok("PUT", DOMAIN, {"provider": "provider"})
    media_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    refused = await api.send(method, DOMAIN, {"provider": "provider", "color": 1}, content_type=media_type)
    assert problem(refused, 422, "invalid-input")["detail"] == "color: is no field of this"


async def test_a_body_over_the_limit_is_too_large(api: ApiClient) -> None:
    body = {"provider": "provider", "reference": "a" * MAX_BODY_BYTES}
    assert problem(await api.send("PUT", DOMAIN, body), 413, None)["title"]
    almost = b'{"provider": "provider"}' + b" " * (MAX_BODY_BYTES - 24)
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    assert (await api.http.put(DOMAIN, content=almost, headers=headers)).status_code == 201


async def test_half_a_surrogate_pair_is_told_of_as_an_escape(api: ApiClient) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    body = b'{"provider": "provider", "variables": {"\\ud800": "x"}}'
    found = problem(await api.http.put(DOMAIN, content=body, headers=headers), 422, "invalid-input")
    assert "\\ud800" in json.dumps(found)


async def test_a_database_that_is_away_is_told_of_with_when_to_ask_again() -> None:
    async with opened_api(UNREACHABLE_URL) as client:
        response = await client.send("GET", "/api/v1/domains", token=f"sp_000000000000_{'A' * 43}")
        found = problem(response, 503, "not-available")
        assert found["detail"] == "The database does not answer at the moment."
        assert response.headers["retry-after"] == "5"


class BrokenProviders:
    """Stands for a bug."""

    async def page(self, *_arguments: Any, **_options: Any) -> None:
        secret = "jane@customer.example"
        raise ZeroDivisionError(secret)


async def test_a_bug_is_a_problem_that_tells_nothing(api: ApiClient) -> None:
    api.app.state.services = replace(api.services, providers=BrokenProviders())  # type: ignore[arg-type]
    transport: Any = api.http._transport
    transport.raise_app_exceptions = False
    found = problem(await api.send("GET", "/api/v1/providers"), 500, None)
    assert set(found) == {"type", "title", "status", "instance"}
    assert "jane" not in json.dumps(found)


@pytest.mark.parametrize("slug", PROBLEMS_BY_SLUG)
async def test_each_kind_of_problem_has_a_page(api: ApiClient, slug: str) -> None:
    page = await api.http.get(f"/problems/{slug}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain")
    assert re.match(r"# .+\n\nStatus \d{3}, `", page.text)
    assert slug in page.text


async def test_there_are_no_other_pages(api: ApiClient) -> None:
    problem(await api.http.get("/problems/nothing"), 404, None)


async def test_types_point_into_the_public_url(sqlite_template: Any) -> None:
    url = f"sqlite+aiosqlite:///{sqlite_template}"
    async with opened_api(url, public_url="https://signpost.host.example/base/") as client:
        response = await client.send("GET", "/api/v1/domains", token=None)
        assert response.json()["type"] == "https://signpost.host.example/base/problems/not-authenticated"
