"""SOAP Autodiscover through the whole application, in process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from app.api.application import create_api
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.main import wrap
from app.renderers.autodiscover_soap import MAX_BODY_BYTES
from app.settings import Settings

from builders import a_domain, a_mailbox, a_provider, a_url_server, an_imap_server
from contracts.microsoft_soap import read_answer, read_fault
from contracts.soap_calls import a_domain_call, a_federation_call, a_user_call, an_envelope
from databases import ON_SQLITE, stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.store.unit_of_work import Store

pytestmark = ON_SQLITE

PATH = "/autodiscover/autodiscover.svc"
JANE = "jane@customer.example"


@pytest.fixture
async def client(store: Store, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that has a domain with EWS, a suspended one, an alias, and one with mail only."""
    await stored_provider(store, a_provider(servers=(an_imap_server(), a_url_server())))
    await stored_domain(store)
    await stored_domain(store, a_domain("away.example", status=DomainStatus.SUSPENDED))
    await stored_domain(store, a_domain("alias.example", alias_of=DomainName("customer.example")))
    mailbox = a_mailbox(servers=(an_imap_server(hostname="vip.provider.example"),))
    await stored_mailbox(store, mailbox)
    await stored_provider(store, a_provider(slug="mail"))
    await stored_domain(store, a_domain("mail.example", provider="mail"))
    settings = Settings(database_url=database_url, public_url="https://signpost.example")
    api = create_api(settings)
    transport = httpx.ASGITransport(app=wrap(api, settings))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://autodiscover.customer.example"
    ) as client:
        yield client
    await api.state.services.close()


async def test_several_users_are_answered_from_the_database(client: httpx.AsyncClient) -> None:
    names = (
        "john@customer.example",
        "j@away.example",
        JANE,
        "j@alias.example",
        "j@mail.example",
        "j@x.example",
    )
    body = a_user_call(*names, settings=["ExternalImap4Connections"])
    response = await client.post(PATH, content=body)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    told = [
        one.settings.get("ExternalImap4Connections", one.code)
        for one in read_answer(response.content).responses
    ]
    usual, own = ([(f"{host}.provider.example", 993, "SSL")] for host in ("imap", "vip"))
    assert told == [usual, "InvalidUser", own, usual, "InvalidUser", "InvalidUser"]


async def test_several_domains_are_answered_from_the_database(client: httpx.AsyncClient) -> None:
    body = a_domain_call("alias.example", "away.example", "customer.example", "mail.example")
    answer = read_answer((await client.post(PATH, content=body)).content)
    assert [one.code for one in answer.responses] == ["NoError", "InvalidDomain", "NoError", "InvalidDomain"]


async def test_federation_is_answered(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, content=a_federation_call("customer.example"))
    assert read_answer(response.content).code == "NotFederated"


@pytest.mark.parametrize("path", [PATH, "/Autodiscover/Autodiscover.svc", "/AUTODISCOVER/AUTODISCOVER.SVC"])
@pytest.mark.parametrize(
    "content_type",
    [None, "text/xml", "text/xml; charset=utf-16", "application/x-www-form-urlencoded", "nonsense"],
)
async def test_neither_the_paths_case_nor_the_content_type_counts(
    client: httpx.AsyncClient, path: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await client.post(path, content=a_user_call(JANE), headers=headers)
    assert read_answer(response.content).responses[0].code == "NoError"


async def test_credentials_are_neither_asked_for_nor_used(client: httpx.AsyncClient) -> None:
    with_password = await client.post(PATH, content=a_user_call(JANE), auth=("jane", "wrong"))
    without = await client.post(PATH, content=a_user_call(JANE))
    assert with_password.content == without.content
    assert "www-authenticate" not in without.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{}", 400), (b"<data/>", 400), (an_envelope("", ""), 500)],
)
async def test_what_is_no_call_is_a_fault(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    response = await client.post(PATH, content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert read_fault(response.content).code == "Client"


async def test_a_body_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    longest = a_user_call(JANE).ljust(MAX_BODY_BYTES)
    assert (await client.post(PATH, content=longest)).status_code == 200
    assert (await client.post(PATH, content=longest + b" ")).status_code == 413


async def test_no_refusal_may_be_kept(client: httpx.AsyncClient) -> None:
    elsewhere = {"Host": "mail.example"}
    refusals = [
        await client.get(PATH),
        await client.get(f"http://mail.example{PATH}"),
        await client.post(PATH, content=a_user_call(JANE), headers=elsewhere),
        await client.post(PATH, content=b" " * (MAX_BODY_BYTES + 1)),
        await client.post(PATH, content=b""),
    ]
    assert [refusal.status_code for refusal in refusals] == [405, 404, 404, 413, 400]
    assert {refusal.headers["cache-control"] for refusal in refusals} == {"no-store"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_get_is_not_answered(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_get_over_plain_http_is_sent_to_the_service(client: httpx.AsyncClient) -> None:
    response = await client.get(f"http://autodiscover.customer.example{PATH}")
    assert response.status_code == 302
    assert response.headers["location"] == f"https://signpost.example{PATH}"
    for host in (
        "autodiscover.mail.example",
        "autodiscover.away.example",
        "unknown.example",
        "signpost.example",
    ):
        assert (await client.get(f"http://{host}{PATH}")).status_code == 404, host


@pytest.mark.parametrize("form", ["wssecurity", "wssecurity/symmetrickey", "wssecurity/x509cert"])
async def test_the_places_for_signed_requests_are_not_there(client: httpx.AsyncClient, form: str) -> None:
    assert (await client.post(f"{PATH}/{form}", content=a_user_call(JANE))).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("host", "value"),
    [
        ("customer.example", "True"),
        ("autodiscover.customer.example:443", "True"),
        ("AUTODISCOVER.alias.example.", "True"),
        # Where the SRV record leads; it answers for each user.
        ("signpost.example", "True"),
        ("autodiscover.mail.example", None),
        ("autodiscover.away.example", None),
        ("autodiscover.unknown.example", None),
        ("127.0.0.1", None),
    ],
)
async def test_the_plain_xml_endpoint_says_whether_soap_is_served(
    client: httpx.AsyncClient, method: str, host: str, value: str | None
) -> None:
    response = await client.request(method, "/Autodiscover/Autodiscover.xml", headers={"Host": host})
    assert response.status_code == 405
    assert response.headers.get("x-soap-enabled") == value
