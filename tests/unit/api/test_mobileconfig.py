"""The URLs of Apple profiles, over HTTP and in process."""

from __future__ import annotations

import plistlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog
from app.api.application import create_api
from app.core.domains import DomainStatus
from app.core.servers import Authentication
from app.main import wrap
from app.settings import Settings
from cryptography.hazmat.primitives.serialization import pkcs7

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server
from certificates import a_chain
from contracts.apple import faults
from databases import ON_SQLITE, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.store.unit_of_work import Store

pytestmark = ON_SQLITE

JANE = "jane@customer.example"
MEDIA_TYPE = "application/x-apple-aspen-config; charset=utf-8"
OAUTH2 = (Authentication.OAUTH2,)


@asynccontextmanager
async def clients_of(database_url: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve what is stored; the service's own address is none of a domain's."""
    made = Settings(database_url=database_url, **settings)
    api = create_api(made)
    transport = httpx.ASGITransport(app=wrap(api, made))
    async with httpx.AsyncClient(transport=transport, base_url="https://signpost.example") as client:
        try:
            yield client
        finally:
            await api.state.services.close()


@pytest.fixture
async def client(database_url: str, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    await stored_provider(store)
    await stored_domain(store)
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
    await stored_mailbox(store, a_mailbox("john@customer.example", login="c1047"))
    servers = (an_imap_server(authentication=OAUTH2), an_smtp_server(authentication=OAUTH2))
    await stored_provider(store, a_provider(slug="modern", servers=servers, display_name="Modern Mail"))
    await stored_domain(store, a_domain("modern.example", provider="modern"))
    async with clients_of(database_url) as found:
        yield found


FORM = {"emailaddress": JANE, "name": "Jane Döe"}
FORMS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/mobileconfig", {"params": FORM}),
    ("GET", "/mobileconfig/", {"params": FORM}),
    ("GET", "/mobileconfig", {"params": {"email": JANE, "name": "Jane Döe"}}),
    ("GET", "/mobileconfig?EmailAddress=jane@customer.example&NAME=Jane+D%C3%B6e", {}),
    ("GET", "/email.mobileconfig", {"params": {"email": JANE, "name": "Jane Döe"}}),
    ("GET", "/email.mobileconfig", {"params": FORM}),
    ("GET", f"/apple/{JANE}.mobileconfig", {"params": {"name": "Jane Döe"}}),
    ("GET", "/apple/jane%40customer.example.mobileconfig?name=Jane%20D%C3%B6e", {}),
    ("POST", "/mobileconfig", {"data": FORM}),
    ("POST", "/mobileconfig/", {"data": FORM}),
    ("POST", "/mobileconfig?name=Jane%20D%C3%B6e", {"data": {"email": JANE}}),
    ("POST", "/mobileconfig", {"params": FORM}),
]


@pytest.mark.parametrize(("method", "url", "sent"), FORMS)
async def test_all_ways_to_ask_are_answered_alike(
    client: httpx.AsyncClient, method: str, url: str, sent: dict[str, Any]
) -> None:
    expected = (await client.get("/mobileconfig", params=FORM)).content
    response = await client.request(method, url, **sent)
    assert response.status_code == 200
    assert response.content == expected
    assert faults(response.content) == []
    assert plistlib.loads(response.content)["PayloadContent"][0]["EmailAccountName"] == "Jane Döe"
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["content-disposition"] == 'attachment; filename="customer.example.mobileconfig"'
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    got, head = [await client.request(method, "/mobileconfig", params=FORM) for method in ("GET", "HEAD")]
    assert head.status_code == 200
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_the_path_may_hold_a_slash_of_the_local_part(client: httpx.AsyncClient) -> None:
    response = await client.get("/apple/sales%2Feu@customer.example.mobileconfig")
    payload = plistlib.loads(response.content)["PayloadContent"][0]
    assert payload["EmailAddress"] == "sales/eu@customer.example"


async def test_a_mailbox_with_a_login_of_its_own_gets_it(client: httpx.AsyncClient) -> None:
    response = await client.get("/mobileconfig", params={"emailaddress": "john@customer.example"})
    payload = plistlib.loads(response.content)["PayloadContent"][0]
    assert payload["IncomingMailServerUsername"] == payload["OutgoingMailServerUsername"] == "c1047"


async def test_names_are_in_the_callers_language(client: httpx.AsyncClient) -> None:
    headers = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
    response = await client.get("/mobileconfig", params=FORM, headers=headers)
    assert "Enthält kein Passwort" in plistlib.loads(response.content)["PayloadDescription"]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("/mobileconfig", "emailaddress: is needed"),
        ("/mobileconfig/?emailaddress=", "emailaddress: is needed"),
        ("/email.mobileconfig?name=Jane", "emailaddress: is needed"),
        ("/mobileconfig?emailaddress=jane", "must be a mail address with an @"),
        ("/mobileconfig?emailaddress=jane@", "must end in a valid domain"),
        ("/mobileconfig?emailaddress=jane@nowhere", "must end in a valid domain"),
        ("/mobileconfig?emailaddress=ja..ne@customer.example", "must be a valid mail address"),
        ("/apple/jane.mobileconfig", "must be a mail address with an @"),
        (f"/mobileconfig?emailaddress={JANE}&name=a%00b", "name: must not hold control characters"),
        (f"/mobileconfig?emailaddress={JANE}&name=a%0Ab", "name: must be a single line"),
        (f"/mobileconfig?emailaddress={JANE}&name={'a' * 101}", "name: must be at most 100"),
        (f"/mobileconfig?emailaddress={JANE}&name=%FF", "query: must be UTF-8"),
        (f"/mobileconfig?emailaddress={JANE}&x={'a' * 5000}", "query: must be at most"),
    ],
)
async def test_a_request_without_a_sound_address_is_refused_in_words(
    client: httpx.AsyncClient, url: str, word: str
) -> None:
    response = await client.get(url)
    assert response.status_code == 400
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert word in response.text


@pytest.mark.parametrize(
    "name", ["password", "Password", "passwd", "pass", "pwd", "pw", "email_password", "passphrase", "secret"]
)
@pytest.mark.parametrize("value", ["hunter2", ""])
async def test_a_password_is_refused_and_never_repeated(
    client: httpx.AsyncClient, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as logs:
        responses = [
            await client.get("/mobileconfig", params={**FORM, name: value}),
            await client.get("/email.mobileconfig", params={name: value}),
            await client.get(f"/apple/{JANE}.mobileconfig", params={name: value}),
            await client.post("/mobileconfig", data={**FORM, name: value}),
        ]
    for response in responses:
        assert response.status_code == 400
        assert "no password belongs in a URL" in response.text
        assert "hunter2" not in f"{response.text}{response.headers}"
    captured = capsys.readouterr()
    assert "hunter2" not in f"{logs}{captured.out}{captured.err}"


async def test_unknown_and_suspended_domains_are_answered_alike(client: httpx.AsyncClient) -> None:
    unknown = await client.get("/mobileconfig?emailaddress=jane@unknown.example")
    suspended = await client.get("/mobileconfig?emailaddress=jane@away.example")
    assert unknown.status_code == suspended.status_code == 404
    assert unknown.content == suspended.content
    assert unknown.headers["cache-control"] == "no-store"


async def test_a_known_domain_tells_no_local_part_from_another(client: httpx.AsyncClient) -> None:
    statuses = {
        (await client.get("/mobileconfig", params={"emailaddress": f"{local}@customer.example"})).status_code
        for local in ("jane", "nobody", "x" * 64, '"odd one"')
    }
    assert statuses == {200}


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "OAuth 2"), ("de", "können Apples Profile nicht"), ("xx", "sign in on a web")],
)
async def test_a_provider_that_profiles_cannot_express_is_told_honestly(
    client: httpx.AsyncClient, language: str, word: str
) -> None:
    response = await client.get(
        "/mobileconfig?emailaddress=jane@modern.example", headers={"Accept-Language": language}
    )
    assert response.status_code == 404
    assert word in response.text
    assert "Modern Mail" in response.text
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-language"] == ("en" if language == "xx" else language)
    assert "content-disposition" not in response.headers


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b'{"emailaddress": "jane@customer.example"}', 400),
        (b"emailaddress=%ff", 400),
        (b"a&" * 100, 400),
        (b"emailaddress=jane%40customer.example&" + b"a" * 5000, 413),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    client: httpx.AsyncClient, content: bytes, status: int
) -> None:
    response = await client.post("/mobileconfig", content=content)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/email.mobileconfig", f"/apple/{JANE}.mobileconfig"])
async def test_only_the_form_s_path_takes_a_form(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, data=FORM)).status_code == 405


async def test_profiles_are_signed_where_a_certificate_is_configured(
    client: httpx.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    certificate, key, chain = a_chain().write(tmp_path)
    settings = {"signing_certificate": certificate, "signing_key": key, "signing_chain": chain}
    unsigned = await client.get("/mobileconfig", params=FORM)
    async with clients_of(database_url, **settings) as signing_client:
        signed = await signing_client.get("/mobileconfig", params=FORM)
        other = await signing_client.get("/mail/config-v1.1.xml", params=FORM)
        refused = await signing_client.get("/mobileconfig?emailaddress=jane@modern.example")
        health = (await signing_client.get("/health/ready")).json()
    assert len(pkcs7.load_der_pkcs7_certificates(signed.content)) == 2
    assert unsigned.content in signed.content
    assert signed.headers["content-type"] == MEDIA_TYPE
    assert signed.headers["content-disposition"] == unsigned.headers["content-disposition"]
    assert other.content.startswith(b"<?xml")
    assert refused.status_code == 404
    assert health["status"] == "ready"
    assert health["signing_certificate"]["days_left"] == 89
    assert health["warnings"] == []


async def test_health_warns_of_a_certificate_and_stays_ready(
    client: httpx.AsyncClient, database_url: str, tmp_path: Path
) -> None:
    certificate, key, _chain = a_chain(days=(-80, 10)).write(tmp_path)
    settings = {"signing_certificate": certificate, "signing_key": key}
    async with clients_of(database_url, **settings) as signing_client:
        response = await signing_client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert response.json()["warnings"] == ["The signing certificate expires in 9 days."]
    plain = (await client.get("/health/ready")).json()
    assert plain["signing_certificate"] is None
    assert plain["warnings"] == []
