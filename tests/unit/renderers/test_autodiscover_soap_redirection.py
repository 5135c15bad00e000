"""SOAP calls about users whose Exchange has an Autodiscover of its own."""

from __future__ import annotations

from typing import Any

import pytest
from app.core.documents import ClientRequest, Presentation
from app.core.resolving import resolve
from app.core.servers import ExchangeOptions, ServerType
from app.renderers.autodiscover_soap import inquire, render

from builders import a_domain, a_provider, an_account, an_imap_server
from contracts.microsoft_soap import OneResponse, read_answer
from contracts.soap_calls import a_domain_call, a_user_call

JANE = "jane@customer.example"
URL = "https://discover.hosted.example/Autodiscover/Autodiscover.xml"
SERVICE = "https://discover.hosted.example/Autodiscover/Autodiscover.svc"
OF_USER = "https://discover.hosted.example/%EMAILADDRESS%/autodiscover.xml"


def an_exchange_server(url: str = URL, **options: Any) -> Any:
    options = {"autodiscover_url": url, **options}
    return an_imap_server(
        key="exchange", type=ServerType.EXCHANGE, port=443, options=ExchangeOptions(**options)
    )


def ask(body: bytes, *servers: Any, host: str = "autodiscover.customer.example") -> OneResponse:
    inquiry = inquire(ClientRequest(method="POST", host=host, body=body))
    provider = a_provider(servers=servers)
    accounts = [
        resolve(provider, a_domain(question.domains[0].ascii), address=question.address)
        if question.domains
        else None
        for question in inquiry.questions
    ]
    reply = inquiry.answer(tuple(accounts))
    assert reply.status == 200
    (response,) = read_answer(reply.body).responses
    return response


def test_a_user_and_a_domain_are_sent_to_the_service_beside_the_file() -> None:
    server = an_exchange_server(ews_url="https://hosted.example/ews")
    for body in (a_user_call(JANE), a_domain_call("customer.example")):
        response = ask(body, server)
        assert (response.code, response.target, response.errors) == ("RedirectUrl", SERVICE, {})


def test_a_service_that_is_asked_at_the_very_place_tells_what_it_has() -> None:
    host = "discover.hosted.example"
    assert ask(a_user_call(JANE), an_exchange_server(), host=host).code == "InvalidUser"
    with_ews = an_exchange_server(ews_url="https://hosted.example/ews")
    response = ask(a_user_call(JANE, settings=["ExternalEwsUrl"]), with_ews, host=host)
    assert response.settings == {"ExternalEwsUrl": "https://hosted.example/ews"}


def test_a_place_that_depends_on_the_user_is_told_of_users_alone() -> None:
    server = an_exchange_server(OF_USER)
    target = ask(a_user_call("ä@customer.example"), server).target
    assert target == "https://discover.hosted.example/%C3%A4@customer.example/autodiscover.svc"
    assert ask(a_domain_call("customer.example"), server).code == "InvalidDomain"
    assert ask(a_user_call("a..b@customer.example"), server).code == "InvalidUser"


@pytest.mark.parametrize("address", [None, JANE])
def test_a_preview_says_why_nothing_else_is_told(address: str | None) -> None:
    account = an_account(an_imap_server(), an_exchange_server(), address=address)
    document = render(account, Presentation())
    assert document.is_usable
    assert read_answer(document.body).responses[0].target == SERVICE
    found = {(one.server, one.reason) for one in document.omissions}
    assert found == {("imap", "redirected"), ("exchange", "redirected")}


def test_a_preview_says_what_leads_in_a_circle() -> None:
    account = an_account(an_imap_server(), an_exchange_server(), address=JANE)
    document = render(account, Presentation(service_url="https://discover.hosted.example"))
    assert not document.is_usable
    assert ("exchange", "redirection-loop") in {(one.server, one.reason) for one in document.omissions}
