from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.documents import ClientRequest, Document, Question
from app.core.names import DomainName, EmailAddress
from app.core.replies import (
    document_inquiry,
    fixed_inquiry,
    plain_refusal,
    presentation_for,
    unknown_domain,
)

from builders import an_account

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import Presentation

CUSTOMER = DomainName("customer.example")


def test_a_refusal_is_a_line_of_text() -> None:
    reply = plain_refusal(400, "No.", ("A", "b"))
    assert (reply.status, reply.body, reply.media_type) == (400, b"No.\n", "text/plain; charset=utf-8")
    assert (reply.headers, reply.max_age_seconds) == ((("A", "b"),), 60)
    assert unknown_domain().status == 404
    assert fixed_inquiry(reply).answer(()) is reply
    assert fixed_inquiry(reply).questions == ()


def test_a_presentation_is_what_the_request_says() -> None:
    request = ClientRequest(service_url="https://a.example", headers={"accept-language": "de, en;q=0.1"})
    presentation = presentation_for(request, person="Jane")
    assert presentation.service_url == "https://a.example"
    assert presentation.languages == ("de", "en")
    assert presentation.person == "Jane"


def render(account: AccountSettings, presentation: Presentation) -> Document:
    body = f"{account.domain} {presentation.service_url}".encode()
    return Document(body=body, media_type="text/x", is_usable=bool(account.servers))


def read_domain(request: ClientRequest) -> Question:
    return Question(domains=(DomainName.parse(request.query),))


def test_a_document_is_looked_up_and_rendered() -> None:
    inquiry = document_inquiry(read_domain, render)(ClientRequest(query="customer.example"))
    assert inquiry.questions == (Question(domains=(CUSTOMER,)),)
    reply = inquiry.answer((an_account(),))
    assert (reply.status, reply.media_type, reply.max_age_seconds) == (200, "text/x", 300)
    assert reply.body == b"customer.example https://signpost.example"
    assert not reply.is_personal


def test_a_document_for_an_address_is_personal() -> None:
    question = Question(address=EmailAddress.parse("jane@customer.example"), domains=(CUSTOMER,))
    inquiry = document_inquiry(lambda _request: question, render)(ClientRequest())
    assert inquiry.answer((an_account(),)).is_personal


def test_what_is_unknown_or_has_nothing_to_say_is_not_found() -> None:
    inquiry = document_inquiry(read_domain, render)(ClientRequest(query="customer.example"))
    assert inquiry.answer((None,)) == unknown_domain()
    nothing = an_account(servers=())
    assert inquiry.answer((nothing,)) == unknown_domain()


def test_what_cannot_be_read_is_a_refusal_without_questions() -> None:
    inquiry = document_inquiry(read_domain, render)(ClientRequest(query="localhost"))
    assert inquiry.questions == ()
    reply = inquiry.answer(())
    assert (reply.status, reply.body) == (400, b"input: must have at least two labels\n")
