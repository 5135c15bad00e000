"""Setup pages over HTTP, as a browser without script gets them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import DomainStatus
from app.core.provider import LocalisedText, Page, Support
from app.core.servers import ServerType
from app.instructions.clients import CLIENTS_BY_SLUG
from app.services.access import Access
from app.services.providers import ProviderService
from app.web.setup.branding import brand_of, help_pages

from builders import a_domain, a_provider, a_url_server
from databases import ON_SQLITE, OPERATOR, stored_domain, stored_provider
from fakes.clock import FixedClock
from fakes.observer import expires_in, has_expired, is_down
from in_process import serving
from verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation
    from app.store.unit_of_work import Store

OVERVIEW = "/setup?address=jane@customer.example"
SERVICE = "https://signpost.host.example"


async def test_the_first_page_asks_for_an_address_and_needs_no_script(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/setup")).text
    form = re.search(r'<form[^>]* action="/setup" method="get">.*?</form>', page, re.DOTALL)
    assert form
    assert 'name="address"' in form[0]
    assert "password" not in re.findall(r'type="([a-z]+)"', form[0])


async def test_a_form_keeps_the_language_that_was_chosen(browser: httpx.AsyncClient) -> None:
    assert '<input type="hidden" name="lang" value="de">' in (await browser.get("/setup?lang=de")).text
    assert 'name="lang"' not in (await browser.get("/setup?lang=tlh")).text


async def test_an_address_leads_to_what_there_is(browser: httpx.AsyncClient) -> None:
    response = await browser.get(OVERVIEW)
    assert response.status_code == 200
    page = response.text
    assert f'href="{SERVICE}/mobileconfig?emailaddress=jane@customer.example"' in page
    assert re.search(r"<svg viewBox[^>]*>.*</svg>", page)
    for value in ("imap.provider.example", "993", "pop.provider.example", "smtp.provider.example", "465"):
        assert f'<code dir="ltr">{value}</code>' in page
    for slug in CLIENTS_BY_SLUG:
        assert f'href="/setup/{slug}?address=jane%40customer.example"' in page


@pytest.mark.parametrize("slug", CLIENTS_BY_SLUG)
async def test_every_program_has_its_page(browser: httpx.AsyncClient, slug: str) -> None:
    response = await browser.get(f"/setup/{slug}", params={"address": "jane@customer.example", "lang": "de"})
    assert response.status_code == 200
    assert 'href="/setup?address=jane%40customer.example&amp;lang=de"' in response.text
    assert len(response.content) < 40_000


async def test_a_program_without_an_address_asks_for_one(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/setup/thunderbird")
    assert response.status_code == 200
    assert '<form class="card stack" action="/setup/thunderbird" method="get">' in response.text


async def test_a_domain_will_do(browser: httpx.AsyncClient) -> None:
    for query in ("domain=customer.example", "address=customer.example", "emailaddress=customer.example"):
        page = (await browser.get(f"/setup?{query}")).text
        assert "imap.provider.example" in page
        assert "mobileconfig" not in page
        assert 'href="/setup/thunderbird?domain=customer.example"' in page
    steps = (await browser.get("/setup/thunderbird?domain=customer.example")).text
    assert "your full mail address" in steps


@pytest.mark.parametrize("path", ["/setup", "/setup/thunderbird"])
async def test_any_address_of_a_known_domain_gets_the_same_page(
    browser: httpx.AsyncClient, path: str
) -> None:
    jane, nobody = [
        unescape((await browser.get(path, params={"address": f"{name}@customer.example"})).text)
        for name in ("jane", "nono")
    ]
    drawn = re.compile(r"<svg.*?</svg>")
    assert drawn.sub("", jane).replace("jane", "nono") == drawn.sub("", nobody)


@pytest.mark.parametrize("path", ["/setup", "/setup/thunderbird"])
async def test_unknown_and_suspended_domains_get_the_same_page(
    browser: httpx.AsyncClient, store_of_browser: Store, path: str
) -> None:
    await stored_domain(store_of_browser, a_domain("away.example", status=DomainStatus.SUSPENDED))
    pages = []
    for name in ("away", "none"):
        response = await browser.get(path, params={"address": f"jane@{name}.example"})
        assert response.status_code == 404
        assert response.headers["cache-control"] == "no-store"
        pages.append(response.text.replace(f"{name}.example", "it.example"))
    assert pages[0] == pages[1]
    assert "No settings for it.example" in pages[0]


@pytest.mark.parametrize("text", ["jane", "jane@", "@", "a b", "jane@localhost", "x" * 400, '"><b>@'])
async def test_what_is_no_address_is_asked_for_again(browser: httpx.AsyncClient, text: str) -> None:
    response = await browser.get("/setup", params={"address": text})
    assert response.status_code == 400
    assert 'aria-invalid="true"' in response.text
    assert "<b>" not in response.text


async def test_a_program_that_there_is_not_is_not_found(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/setup/pine?address=jane@customer.example")).status_code == 404


async def test_what_is_stored_cannot_break_out(browser: httpx.AsyncClient, store_of_browser: Store) -> None:
    name = '<script>alert("1")</script>'
    url = "https://h.example/?a=%22%3E&b='"
    await changed_provider(
        store_of_browser,
        display_name=name,
        support=Support(url=url, phone='1"><b>'),
        documentation=(Page(url=url, descriptions=(LocalisedText(text="</a><b>"),)),),
    )
    for path in (OVERVIEW, OVERVIEW.replace("?", "/generic?")):
        page = (await browser.get(path)).text
        assert "<script>" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;" in page


async def test_a_mailbox_without_a_profile_is_not_offered_one(
    browser: httpx.AsyncClient, store_of_browser: Store
) -> None:
    await changed_provider(store_of_browser, servers=(a_url_server(ServerType.WEBMAIL),))
    page = (await browser.get(OVERVIEW)).text
    assert "mobileconfig" not in page
    assert "https://web.provider.example/webmail" in page
    assert "offers no IMAP, POP3 or SMTP server" in page


@ON_SQLITE
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (is_down, "imap.provider.example did not answer"),
        (has_expired, "The security certificate of imap.provider.example is not valid"),
        (expires_in(2.5), None),
    ],
)
async def test_trouble_with_a_server_is_told_where_people_look(
    store: Store,
    database_url: str,
    clock: FixedClock,
    answer: Callable[[Endpoint], AddressObservation],
    words: str | None,
) -> None:
    verifier = await with_verifier(store, clock)
    verifier.observer.answers["imap.provider.example"] = answer
    await verifier.rounds(3)
    token = await token_of(store)
    async with serving(database_url) as client:
        page = unescape((await client.get(OVERVIEW)).text)
        headers = {"authorization": f"Bearer {token}"}
        path = "/api/v1/instructions/jane@customer.example"
        codes = [note["code"] for note in (await client.get(path, headers=headers)).json()["notes"]]
    if words is None:
        assert "last checked" not in page
        assert codes == []
    else:
        assert page.count(words) == 1
        assert len(codes) == 1
        assert codes[0].startswith("trouble-")


@ON_SQLITE
async def test_one_bad_run_is_not_told(store: Store, database_url: str, clock: FixedClock) -> None:
    verifier = await with_verifier(store, clock)
    verifier.observer.answers["imap.provider.example"] = is_down
    await verifier.rounds(1)
    async with serving(database_url) as client:
        assert "last checked" not in (await client.get(OVERVIEW)).text


def test_a_logo_at_another_host_is_left_out() -> None:
    def logo(url: str | None, service_url: str = SERVICE) -> str | None:
        return brand_of(a_provider(logo_url=url), service_url).logo

    assert logo(f"{SERVICE}/brand/logo.svg?v=2") == "/brand/logo.svg?v=2"
    assert logo("https://cdn.example/logo.svg") is None
    assert logo(f"{SERVICE}:8443/logo.svg") is None
    assert logo(None) is None


def test_a_providers_pages_are_described_in_the_language_where_that_is_possible() -> None:
    texts = (LocalisedText(text="Mail", language="en"), LocalisedText(text="Post", language="de"))
    provider = a_provider(
        documentation=(
            Page(url="https://a.example/", descriptions=texts),
            Page(url="https://b.example/"),
        )
    )
    assert [page.text for page in help_pages(provider, "de")] == ["Post", "https://b.example/"]
    assert [page.text for page in help_pages(provider, "fr")] == ["Mail", "https://b.example/"]


async def changed_provider(store: Store, **changes: Any) -> None:
    service = ProviderService(store, FixedClock())
    await service.patch(OPERATOR, "provider", lambda stored: replace(stored.value, **changes))


async def with_verifier(store: Store, clock: FixedClock) -> Verifier:
    await stored_provider(store, a_provider())
    await stored_domain(store)
    return Verifier(store, clock)


async def token_of(store: Store) -> str:
    return await Access(store, FixedClock()).create_token("portal", frozenset({"instructions:read"}))


async def test_a_providers_colour_is_a_style_sheet(
    browser: httpx.AsyncClient, store_of_browser: Store
) -> None:
    assert "/setup/colours/" not in (await browser.get(OVERVIEW)).text
    await changed_provider(store_of_browser, colour="#FFCC00")
    assert '<link rel="stylesheet" href="/setup/colours/ffcc00.css">' in (await browser.get(OVERVIEW)).text
    response = await browser.get("/setup/colours/ffcc00.css")
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=86400"
    assert ":root { --accent: #" in response.text


@pytest.mark.parametrize("colour", ["ffcc0", "FFCC00", "url(x)", "ffcc00ff"])
async def test_what_is_no_colour_is_not_found(browser: httpx.AsyncClient, colour: str) -> None:
    assert (await browser.get(f"/setup/colours/{colour}.css")).status_code == 404
