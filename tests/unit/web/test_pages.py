"""What all pages have: headers, languages, files, errors that people can read."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from app.core.errors import NotAvailable, NotPermitted, QuotaExceeded, StaleVersion, refuse
from app.instructions.languages import LANGUAGES, load_language
from app.main import create_service
from app.settings import Settings
from app.web.answering import page_route
from app.web.assets import asset_path, assets
from app.web.forms import read_form
from app.web.templating import templates
from flit_core.buildapi import build_wheel
from jinja2 import UndefinedError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from structlog.testing import capture_logs

from asgi import ask
from in_process import serving

if TYPE_CHECKING:
    import httpx
    from app.store.unit_of_work import Store
    from starlette.requests import Request
    from starlette.responses import Response


async def test_a_page_is_held_to_a_strict_policy(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/setup")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "data:" not in policy
    for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


async def test_the_root_leads_to_the_first_page(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/")
    assert (response.status_code, response.headers["location"]) == (303, "/setup")


async def test_no_page_has_style_or_script_of_its_own(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/setup")).text
    assert "style=" not in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"\son[a-z]+=", page)


async def test_the_language_is_the_chosen_one_else_the_browsers(browser: httpx.AsyncClient) -> None:
    german = {"accept-language": "de-AT, en;q=0.5"}
    by_header = await browser.get("/setup", headers=german)
    assert (by_header.headers["content-language"], by_header.headers["vary"]) == ("de", "Accept-Language")
    assert '<html lang="de" dir="ltr">' in by_header.text
    by_choice = await browser.get("/setup?lang=fr", headers=german)
    assert by_choice.headers["content-language"] == "fr"
    unknown = await browser.get("/setup?lang=tlh", headers=german)
    assert unknown.headers["content-language"] == "de"


async def test_every_language_can_be_chosen_and_the_rest_of_the_query_stays(
    browser: httpx.AsyncClient,
) -> None:
    page = (await browser.get("/setup?address=a%26b@unknown.example&lang=de")).text
    for tag in LANGUAGES:
        assert f'<a href="/setup?address=a%26b%40unknown.example&amp;lang={tag}" lang="{tag}"' in page
    assert re.search(r'lang=de"[^>]* aria-current="true">Deutsch<', page)


async def test_a_file_is_kept_for_ever_under_its_name(browser: httpx.AsyncClient) -> None:
    response = await browser.get(asset_path("site.css"))
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert response.content == assets()["site.css"].body


async def test_another_versions_file_is_answered_and_not_kept(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/static/site.0123456789abcdef.css")
    assert response.headers["cache-control"] == "no-store"
    assert response.content == assets()["site.css"].body


@pytest.mark.parametrize("name", ["other.css", "site.css", "..%2Fbase.html", "site.0123.js"])
async def test_a_file_that_there_is_not_is_not_found(browser: httpx.AsyncClient, name: str) -> None:
    assert (await browser.get(f"/static/{name}")).status_code == 404


async def test_a_path_below_the_pages_is_answered_with_a_page(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/setup/no/such", headers={"accept-language": "de"})
    assert response.status_code == 404
    assert "Diese Seite gibt es nicht" in response.text
    assert response.headers["content-security-policy"]


async def test_other_paths_keep_the_apis_answer(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/nothing")
    assert response.headers["content-type"] == "application/problem+json"


def test_pages_are_not_in_the_openapi_document() -> None:
    paths = create_service(Settings(database_url="sqlite+aiosqlite:///:memory:")).openapi()["paths"]
    assert not [path for path in paths if path.startswith(("/setup", "/static"))]
    assert "/" not in paths


@pytest.mark.parametrize(
    ("error", "status", "words", "retry_after"),
    [
        (refuse("must be 1", "page"), 400, "look at what you entered", None),
        (NotPermitted("verify"), 403, "You may not see this page", None),
        (StaleVersion(2), 409, "look at what you entered", None),
        (QuotaExceeded("address", 7), 429, "Please wait a moment", "7"),
        (NotAvailable("database"), 503, "Please wait a moment", "5"),
        (HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), 413, "look at what you entered", None),
        (HTTPException(HTTPStatus.BAD_GATEWAY, headers={"Retry-After": "9"}), 502, "look at", "9"),
        (ZeroDivisionError("secret"), 500, "It is not your fault", None),
    ],
)
async def test_errors_become_pages_that_say_nothing_of_us(
    error: Exception, status: int, words: str, retry_after: str | None
) -> None:
    async def fail(_request: Request) -> Response:
        raise error

    response = await asked(fail)
    assert response.status == status
    assert words in response.body.decode()
    assert response.headers.get("retry-after") == retry_after
    assert response.headers["content-security-policy"]
    assert b"secret" not in response.body


async def test_a_database_that_does_not_answer_is_logged_as_with_the_api() -> None:
    async def fail(_request: Request) -> Response:
        raise NotAvailable("database") from TimeoutError()

    with capture_logs() as logs:
        await asked(fail)
    assert [(line["event"], line["what"], line["cause"]) for line in logs] == [
        ("not_available", "database", "TimeoutError")
    ]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/setup", "GET, HEAD"),
        ("POST", "/setup/thunderbird", "GET, HEAD"),
        ("PUT", "/admin/login", "GET, HEAD, POST"),
        ("PUT", "/admin/logout", "POST"),
        ("DELETE", "/admin/domains/customer.example/verification", "GET, HEAD, POST"),
    ],
)
async def test_a_method_that_a_page_does_not_take_is_refused_with_a_page(
    browser: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await browser.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/setup?address=jane@customer.example", "/", "/admin/domains"])
async def test_who_asks_for_too_many_pages_is_told_so_on_one(
    store_of_browser: Store, tmp_path: Path, path: str
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'web.db'}"
    async with serving(url, peer="192.0.2.9", requests_per_minute_per_address=1) as client:
        await client.get(path)
        refused = await client.get(path, headers={"accept-language": "de"})
        assert refused.status_code == 429
        assert "Bitte warten Sie" in refused.text
        assert refused.headers["ratelimit"].startswith('"address";r=0')
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-security-policy"]
        plain = await client.get("/static/site.css")
        assert (plain.status_code, plain.headers["content-type"]) == (429, "text/plain; charset=utf-8")


async def asked(handler: Any, method: str = "GET", **request: Any) -> Any:
    app = page_route("/p", handler, methods=("GET", "POST"))

    async def named(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"request_id": "1"}
        await app(scope, receive, send)

    return await ask(named, method, "/p", **request)


async def posted(body: bytes, media_type: bytes = b"application/x-www-form-urlencoded") -> Any:
    async def echo(request: Request) -> Response:
        form = await read_form(request)
        return PlainTextResponse("|".join(f"{name}={value}" for name, value in form.items()))

    return await asked(echo, "POST", headers=[(b"content-type", media_type)], body=(body,))


async def test_a_form_is_read() -> None:
    assert (await posted(b"a=1&b=%C3%BC+x&c=")).body == "a=1|b=ü x|c=".encode()


@pytest.mark.parametrize("body", [b"a=%FF", b"\xff", b"&".join(b"a=1" for _ in range(65))])
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    assert (await posted(body)).status == 400
    assert (await posted(b"a=1", b"application/json")).status == 400


def test_a_template_cannot_show_what_it_was_not_given() -> None:
    with pytest.raises(UndefinedError):
        templates().from_string("{{ nothing }}").render()


def test_what_is_put_into_a_page_is_escaped() -> None:
    template = templates().from_string('{{ _("Open {app}.", app=name) }}')
    shown = template.render(language=load_language("de"), name='<b title="x">')
    assert shown == "Öffnen Sie &lt;b title=&#34;x&#34;&gt;."


def test_names_in_texts_from_right_to_left_keep_to_themselves() -> None:
    template = templates().from_string('{{ _("Help from {provider}", provider=name) }}')
    shown = template.render(language=load_language("ar"), name="K-9 (beta)")
    assert shown.endswith("\N{LEFT-TO-RIGHT ISOLATE}K-9 (beta)\N{POP DIRECTIONAL ISOLATE}")


def test_templates_and_files_are_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    with ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        names = set(wheel.namelist())
    assert {"app/web/templates/base.html", "app/web/static/site.css"} <= names
    assert "app/instructions/catalogues/de.po" in names
