"""Autodiscover over HTTP, in process: each row of protocol brief §2.2 and §7."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.api.application import create_api
from app.core.autodiscover_request import MAX_REQUEST_BYTES
from app.core.domains import DomainStatus
from app.core.servers import Authentication, ServerType
from app.main import wrap
from app.settings import Settings

from builders import (
    a_domain,
    a_mailbox,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_imap_server,
    an_smtp_server,
)
from contracts.microsoft import Report, check_json, check_pox
from databases import ON_SQLITE, UNREACHABLE_URL, opened, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
OUTLOOK = f"{SCHEMAS}/outlook/responseschema/2006a"
MOBILESYNC = f"{SCHEMAS}/mobilesync/responseschema/2006"
PATH = "/autodiscover/autodiscover.xml"
CASES = [
    "/autodiscover/autodiscover.xml",
    "/Autodiscover/Autodiscover.xml",
    "/AutoDiscover/AutoDiscover.xml",
    "/AutoDiscover/Autodiscover.xml",
    "/autodiscover/Autodiscover.xml",
    "/autodiscover/autodiscover.XML",
    "/AUTODISCOVER/AUTODISCOVER.XML",
    "/autodiscover/v1/autodiscover.xml",
    "/Autodiscover/a/b/AutoDiscover.xml",
    "/autodiscover.xml",
    "/Autodiscover.xml",
]
JANE = "jane@mail.example"
PUBLIC_URL = "https://signpost.provider.example"
FRIENDLY = "https://autodiscover.mail.example"

pytestmark = [ON_SQLITE]


def pox(address: str = JANE, accepted: str = OUTLOOK) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{SCHEMAS}/outlook/requestschema/2006">'
        f"<Request><EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>{accepted}</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    ).encode()


def client_of(database_url: str, **settings: Any) -> httpx.AsyncClient:
    given = Settings(database_url=database_url, public_url=settings.pop("public_url", PUBLIC_URL), **settings)
    transport = httpx.ASGITransport(app=wrap(create_api(given), given))
    return httpx.AsyncClient(transport=transport, base_url=FRIENDLY)


@pytest.fixture
async def filled_url(database_url: str) -> str:
    """A database with a mail domain, one with Exchange, one that clients cannot be told of, and others."""
    oauth2 = (Authentication.OAUTH2,)
    exchange = a_provider(
        slug="exchange",
        servers=(
            a_url_server(ServerType.EWS, authentication=(Authentication.NTLM,)),
            a_url_server(ServerType.OWA),
            a_url_server(ServerType.MAPI),
            a_url_server(ServerType.ACTIVESYNC),
            an_imap_server(),
            an_smtp_server(),
        ),
    )
    modern = a_provider(slug="modern", servers=(an_imap_server(authentication=oauth2),))
    broken = a_provider(slug="broken", servers=(an_imap_server(hostname="%NODE%.provider.example"),))
    async with opened(database_url) as store:
        for provider in (
            a_provider(servers=(an_imap_server(), a_pop3_server(), an_smtp_server())),
            exchange,
            modern,
            broken,
        ):
            await stored_provider(store, provider)
        await stored_domain(store, a_domain("mail.example"))
        await stored_domain(store, a_domain("off.example", status=DomainStatus.SUSPENDED))
        for slug in ("exchange", "modern", "broken"):
            await stored_domain(store, a_domain(f"{slug}.example", provider=slug))
        await stored_mailbox(store, a_mailbox("own@mail.example", login="u4711"))
    return database_url


@pytest.fixture
async def client(filled_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(filled_url) as found:
        yield found


async def asked(client: httpx.AsyncClient, body: bytes, **options: Any) -> tuple[httpx.Response, Report]:
    response = await client.post(options.pop("path", PATH), content=body, **options)
    capabilities = frozenset({"mapiHttp", "EXHTTP", "negotiate"})
    return response, check_pox(response.content, capabilities=capabilities)


def check_headers(response: httpx.Response) -> None:
    """Whatever is answered: never kept, no cookie, no demand for a password."""
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert "www-authenticate" not in response.headers
    assert "etag" not in response.headers


# POST


@pytest.mark.parametrize("path", CASES)
async def test_a_post_is_answered_at_every_path_in_any_case(client: httpx.AsyncClient, path: str) -> None:
    response, report = await asked(client, pox(), path=path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert report.protocols == ["IMAP", "POP3", "SMTP"]
    check_headers(response)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "text/xml; charset=utf-8",
        "application/xml",
        "application/x-www-form-urlencoded",
        "x",
        None,
    ],
)
async def test_a_post_is_read_whatever_its_content_type(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    _, report = await asked(client, pox(), headers=headers)
    assert report.kind == "settings"


@pytest.mark.parametrize(
    "host", ["http://autodiscover.mail.example", "http://mail.example", "https://x.example"]
)
async def test_a_post_is_answered_on_every_host_over_http_and_https(
    client: httpx.AsyncClient, host: str
) -> None:
    response, report = await asked(client, pox(), path=f"{host}{PATH}")
    assert response.status_code == 200
    assert report.kind == "settings"


async def test_credentials_are_not_looked_at_and_not_logged(
    client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    expected = (await client.post(PATH, content=pox())).content
    response, _ = await asked(client, pox(), auth=("jane", "hunter2"))
    assert response.content == expected
    said = "".join(capfd.readouterr()) + caplog.text
    assert "hunter2" not in said
    assert "amFuZTpodW50ZXIy" not in said
    assert "jane" not in said


@pytest.mark.parametrize("local_part", ["jane", "nobody", "a.b+c", '"quoted x"', "ü"])
async def test_every_local_part_of_a_known_domain_is_answered_alike(
    client: httpx.AsyncClient, local_part: str
) -> None:
    response, report = await asked(client, pox(f"{local_part}@MAIL.example"))
    assert response.status_code == 200
    assert report.protocols == ["IMAP", "POP3", "SMTP"]
    login = f"<LoginName>{local_part}@mail.example</LoginName>"
    assert response.text.count(login) == 3


async def test_a_mailbox_has_its_own_login(client: httpx.AsyncClient) -> None:
    response, _ = await asked(client, pox("own@mail.example"))
    assert response.text.count("<LoginName>u4711</LoginName>") == 3


ERRORS = {
    "an unknown domain": (pox("jane@unknown.example"), 404, 500),
    "a suspended domain": (pox("jane@off.example"), 404, 500),
    "an unknown domain and ActiveSync": (pox("jane@unknown.example", MOBILESYNC), 404, 500),
    "a local part that is none": (pox("a..b@mail.example"), 404, 500),
    "a distinguished name": (
        pox().replace(b"EMailAddress>", b"LegacyDN>").replace(JANE.encode(), b"/o=a/cn=jane@b"),
        404,
        500,
    ),
    "OAuth2 alone": (pox("jane@modern.example"), 200, 501),
    "no XML": (b"<Autodiscover>", 200, 600),
    "an empty body": (b"", 200, 600),
    "no address": (pox(""), 200, 600),
    "an address that is none": (pox("jane"), 200, 600),
    "a domain that is none": (pox("jane@localhost"), 200, 600),
    "a DOCTYPE": (b"<!DOCTYPE a>" + pox().partition(b"?>")[2], 200, 600),
    "a schema of nobody's": (pox(accepted="urn:x"), 200, 601),
    "ActiveSync where there is none": (pox(accepted=MOBILESYNC), 200, 601),
    "servers that lack a variable": (pox("jane@broken.example"), 200, 602),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_error_has_a_document(client: httpx.AsyncClient, case: str) -> None:
    body, status, code = ERRORS[case]
    response, report = await asked(client, body)
    assert (response.status_code, report.error) == (status, code)
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    check_headers(response)


async def test_unknown_and_suspended_domains_are_not_told_apart(client: httpx.AsyncClient) -> None:
    bodies = [
        (await client.post(PATH, content=pox(f"jane@{name}.example"))).content for name in ("off", "no")
    ]
    first, second = (body.partition(b" Id=")[2] for body in bodies)
    assert first == second


async def test_an_address_in_place_of_a_distinguished_name_is_one(client: httpx.AsyncClient) -> None:
    _, report = await asked(client, pox().replace(b"EMailAddress>", b"LegacyDN>"))
    assert report.kind == "settings"


async def test_a_body_that_is_too_long_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, content=pox() + b" " * MAX_REQUEST_BYTES)
    assert response.status_code == 413


async def test_without_a_database_the_error_document_says_so(database_url: str) -> None:
    async with client_of(UNREACHABLE_URL) as client:
        response, report = await asked(client, pox())
        assert (response.status_code, report.error) == (503, 603)
        assert response.headers["retry-after"] == "5"
        check_headers(response)
        answer = await client.get(
            "/autodiscover/autodiscover.json", params={"Email": JANE, "Protocol": "Ews"}
        )
        check_json(answer.content, 503)


@pytest.mark.parametrize(
    ("headers", "added"),
    [
        ({}, set()),
        ({"X-MapiHttpCapability": "1"}, {"mapiHttp"}),
        ({"X-ClientCanHandle": "Negotiate, exhttpinfo"}, {"EXHTTP"}),
        ({"x-mapihttpcapability": "2", "x-clientcanhandle": "ExHttpInfo"}, {"mapiHttp", "EXHTTP"}),
    ],
)
async def test_exchange_is_told_as_far_as_the_client_can_use_it(
    client: httpx.AsyncClient, headers: dict[str, str], added: set[str]
) -> None:
    response = await client.post(PATH, content=pox("jane@exchange.example"), headers=headers)
    report = check_pox(response.content, capabilities=frozenset(added))
    assert set(report.protocols) == {"EXCH", "EXPR", "WEB", "IMAP", "SMTP"} | added


async def test_activesync_is_told_to_those_who_ask_for_it(client: httpx.AsyncClient) -> None:
    response, report = await asked(client, pox("Jane@Exchange.example", MOBILESYNC))
    assert report.kind == "mobilesync"
    assert "<EMailAddress>Jane@exchange.example</EMailAddress>" in response.text


# GET and HEAD


@pytest.mark.parametrize("path", CASES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_get_over_http_is_sent_to_the_services_https_address(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, f"http://autodiscover.mail.example{path}")
    assert response.status_code == 302
    assert response.headers["location"] == f"{PUBLIC_URL}{PATH}"
    check_headers(response)


@pytest.mark.parametrize("path", CASES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_get_over_https_is_not_allowed(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert ("browser" in response.text) == (method == "GET")
    check_headers(response)


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8080", "http://signpost.provider.example"])
async def test_a_service_without_https_sends_nobody_anywhere(filled_url: str, public_url: str) -> None:
    async with client_of(filled_url, public_url=public_url) as client:
        response = await client.get(f"http://autodiscover.mail.example{PATH}")
    assert response.status_code == 405


async def test_a_trusted_proxys_word_decides_between_http_and_https(filled_url: str) -> None:
    async with client_of(filled_url, trusted_proxies="127.0.0.0/8") as client:
        url = f"http://autodiscover.mail.example{PATH}"
        assert (await client.get(url, headers={"X-Forwarded-Proto": "https"})).status_code == 405
        assert (await client.get(url, headers={"X-Forwarded-Proto": "http"})).status_code == 302
        assert (
            await client.post(url, content=pox(), headers={"X-Forwarded-Proto": "https"})
        ).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, PATH)).status_code == 405


# Version 2

JSON_PATHS = [
    "/autodiscover/autodiscover.json?Email={address}&Protocol={protocol}",
    "/autodiscover/autodiscover.json?Email={address}&Protocol={protocol}&RedirectCount=1",
    "/Autodiscover/Autodiscover.json?email={address}&PROTOCOL={protocol}&x=y",
    "/AutoDiscover/AutoDiscover.JSON?EMAIL={address}&protocol={protocol}",
    "/autodiscover/autodiscover.json/v1.0/{address}?Protocol={protocol}&RedirectCount=1",
    "/AutoDiscover/autodiscover.json/V1.0/{address}?protocol={protocol}",
]
PROTOCOLS = {
    "AutodiscoverV1": ("AutodiscoverV1", f"{PUBLIC_URL}{PATH}"),
    "Autodiscoverv1": ("AutodiscoverV1", f"{PUBLIC_URL}{PATH}"),
    "AUTODISCOVERV1": ("AutodiscoverV1", f"{PUBLIC_URL}{PATH}"),
    "ActiveSync": ("ActiveSync", "https://web.provider.example/activesync"),
    "activesync": ("ActiveSync", "https://web.provider.example/activesync"),
    "EWS": ("Ews", "https://web.provider.example/ews"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("address", ["jane@exchange.example", "j%2Bx%40exchange.example"])
@pytest.mark.parametrize("path", JSON_PATHS)
async def test_a_service_is_told_in_json(
    client: httpx.AsyncClient, path: str, address: str, protocol: str
) -> None:
    response = await client.get(path.format(address=address, protocol=protocol))
    name, url = PROTOCOLS[protocol]
    assert check_json(response.content, response.status_code) == {"Protocol": name, "Url": url}
    assert response.headers["content-type"] == "application/json"
    check_headers(response)


@pytest.mark.parametrize("domain", ["mail.example", "modern.example", "broken.example"])
async def test_every_known_domain_has_the_first_version(client: httpx.AsyncClient, domain: str) -> None:
    response = await client.get(f"/autodiscover/autodiscover.json/v1.0/x@{domain}?Protocol=AutodiscoverV1")
    assert check_json(response.content, response.status_code)["Protocol"] == "AutodiscoverV1"


JSON_ERRORS = {
    "Email=jane@mail.example&Protocol=Ews": (400, "InvalidProtocol"),
    "Email=jane@mail.example&Protocol=REST": (400, "InvalidProtocol"),
    "Email=jane@mail.example&Protocol=": (400, "MandatoryParameterMissing"),
    "Email=jane@mail.example": (400, "MandatoryParameterMissing"),
    "Protocol=AutodiscoverV1": (400, "MandatoryParameterMissing"),
    "": (400, "MandatoryParameterMissing"),
    "Email=jane&Protocol=AutodiscoverV1": (400, "InvalidUserId"),
    "Email=jane@x&Protocol=AutodiscoverV1": (400, "InvalidUserId"),
    "Email=%FF@mail.example&Protocol=AutodiscoverV1": (400, "InvalidRequest"),
    "Email=jane@unknown.example&Protocol=AutodiscoverV1": (404, "UserNotFound"),
    "Email=jane@off.example&Protocol=AutodiscoverV1": (404, "UserNotFound"),
}


@pytest.mark.parametrize("query", JSON_ERRORS)
async def test_an_error_is_told_in_json(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/autodiscover/autodiscover.json?{query}")
    status, code = JSON_ERRORS[query]
    assert response.status_code == status
    assert check_json(response.content, status)["ErrorCode"] == code
    assert response.headers["content-type"] == "application/json"
    check_headers(response)


async def test_a_protocol_is_echoed_in_letters_and_digits_alone(client: httpx.AsyncClient) -> None:
    evil = "<script>alert('x')</script>" + "y" * 200
    response = await client.get(
        "/autodiscover/autodiscover.json", params={"Email": "jane@exchange.example", "Protocol": evil}
    )
    echo = "scriptalertxscript" + "y" * 22
    assert json.loads(response.content)["ErrorMessage"] == (
        f"The given protocol value '{echo}' is invalid. Supported values are 'ActiveSync,AutodiscoverV1,Ews'"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://autodiscover.mail.example", "https://autodiscover.mail.example"),
        ("https://Autodiscover.mail.example:8443", "https://autodiscover.mail.example:8443"),
        ("http://autodiscover.mail.example:8080", "https://autodiscover.mail.example"),
        ("https://[::1]:8443", "https://127.0.0.1:8080"),
    ],
)
async def test_a_service_without_https_is_asked_again_where_it_was_asked(
    filled_url: str, url: str, expected: str
) -> None:
    async with client_of(filled_url, public_url="http://127.0.0.1:8080") as client:
        response = await client.get(
            f"{url}/autodiscover/autodiscover.json?Email={JANE}&Protocol=AutodiscoverV1"
        )
    assert json.loads(response.content)["Url"] == f"{expected}{PATH}"
