"""Instructions over HTTP, as a support portal asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.api.schemas.instructions import InstructionsRead
from app.core.domains import DomainStatus
from app.instructions.clients import CLIENTS_BY_SLUG
from app.services.access import Access

from builders import a_domain, a_provider
from databases import ON_SQLITE, opened, stored_domain, stored_provider
from fakes.clock import FixedClock
from in_process import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = ON_SQLITE
PATH = "/api/v1/instructions/jane@customer.example"
READER = frozenset({"instructions:read"})


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A portal's client, with a token for instructions alone."""
    async with opened(database_url) as store:
        await stored_provider(store, a_provider())
        await stored_domain(store)
        await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
        token = await Access(store, FixedClock()).create_token("portal", READER)
    async with serving(database_url) as found:
        found.headers["authorization"] = f"Bearer {token}"
        yield found


@pytest.mark.parametrize("slug", CLIENTS_BY_SLUG)
async def test_every_client_is_answered_as_documented(client: httpx.AsyncClient, slug: str) -> None:
    response = await client.get(PATH, params={"client": slug})
    assert response.status_code == 200, response.text
    found = InstructionsRead.model_validate(response.json())
    assert (found.client.slug, found.address) == (slug, "jane@customer.example")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "media_type", "start"),
    [
        ("json", "application/json", "{"),
        ("text", "text/plain; charset=utf-8", "Mail for jane@customer.example"),
        ("markdown", "text/markdown; charset=utf-8", "## Mail for jane\\@customer"),
        ("html", "text/html; charset=utf-8", "<article "),
    ],
)
async def test_instructions_come_in_four_forms(
    client: httpx.AsyncClient, form: str, media_type: str, start: str
) -> None:
    response = await client.get(PATH, params={"format": form, "client": "thunderbird"})
    assert response.headers["content-type"] == media_type
    assert response.text.startswith(start)
    assert "sandbox" in response.headers["content-security-policy"]


async def test_the_language_is_that_of_the_query_else_of_the_header(client: httpx.AsyncClient) -> None:
    german = {"accept-language": "de-CH, en;q=0.5"}
    by_header = await client.get(PATH, headers=german)
    assert by_header.headers["content-language"] == "de"
    assert by_header.json()["title"].startswith("E-Mails für")
    by_query = await client.get(PATH, params={"locale": "en"}, headers=german)
    assert by_query.headers["content-language"] == "en"
    assert by_query.headers["vary"] == "Accept-Language"


async def test_a_domain_may_be_asked_for_instead(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/instructions/customer.example")).json()
    assert (found["address"], found["domain"]) == (None, "customer.example")
    texts = [
        entry["text"]
        for way in found["ways"]
        for step in way["steps"]
        for entry in step["entries"]
        if entry["kind"] == "username"
    ]
    assert set(texts) == {"your full mail address"}


async def test_any_local_part_is_answered_alike(client: httpx.AsyncClient) -> None:
    jane, nobody = [
        (await client.get(f"/api/v1/instructions/{name}@customer.example")).text
        for name in ("jane", "no/body")
    ]
    assert jane.replace("jane@", "no/body@") == nobody


@pytest.mark.parametrize("whose", ["jane@unknown.example", "jane@away.example", "unknown.example"])
async def test_unknown_and_suspended_domains_are_not_found(client: httpx.AsyncClient, whose: str) -> None:
    response = await client.get(f"/api/v1/instructions/{whose}")
    assert (response.status_code, response.json()["title"]) == (404, "No such domain")
    assert "jane" not in response.text


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        (PATH, {"client": "pine"}, "/client"),
        (PATH, {"locale": "tlh"}, "/locale"),
        (PATH, {"format": "pdf"}, "/format"),
        ("/api/v1/instructions/not a domain", {}, "/address"),
        ("/api/v1/instructions/jane@", {}, "/address"),
    ],
)
async def test_a_wrong_value_is_told_by_its_name(
    client: httpx.AsyncClient, path: str, query: dict[str, str], pointer: str
) -> None:
    response = await client.get(path, params=query)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == pointer
    assert "jane" not in response.text


async def test_clients_are_listed_in_one_language(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/instruction-clients", params={"locale": "de"})).json()["items"]
    names = {item["slug"]: item["name"] for item in found}
    assert set(names) == set(CLIENTS_BY_SLUG)
    assert names["generic"] == "Ein anderes Programm"
    by_slug = {item["slug"]: item for item in found}
    assert by_slug["samsung-email"]["read"] is None
    assert by_slug["outlook-classic"]["documentation_version"] == "2026-01"


async def test_a_token_for_domains_is_not_enough(client: httpx.AsyncClient, database_url: str) -> None:
    async with opened(database_url) as store:
        token = await Access(store, FixedClock()).create_token("t", frozenset({"domains:read"}))
    client.headers["authorization"] = f"Bearer {token}"
    for path in (PATH, "/api/v1/instruction-clients"):
        refused = await client.get(path)
        assert refused.status_code == 403
        assert "instructions:read" in refused.text
