"""Whatever is sent to SOAP Autodiscover, an answer or a fault comes back, as the specifications have them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from app.core.documents import ClientRequest
from app.core.exchange_settings import USER_SETTINGS
from app.core.resolving import resolve
from app.core.servers import ExchangeOptions, ServerType
from app.renderers.autodiscover_soap import inquire
from hypothesis import given
from hypothesis import strategies as st

from builders import a_domain, a_provider, a_url_server, an_imap_server
from contracts.microsoft_soap import read_answer, read_fault
from contracts.soap_calls import a_call, a_domain_call, a_federation_call, a_user_call, an_envelope

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import Question, Reply
    from app.core.provider import Provider

PROVIDER = a_provider(servers=(an_imap_server(hostname="%EMAILLOCALPART%.%EMAILDOMAIN%"), a_url_server()))
ELSEWHERE = an_imap_server(
    key="exchange",
    type=ServerType.EXCHANGE,
    options=ExchangeOptions(autodiscover_url="https://hosted.example/%EMAILADDRESS%/autodiscover.xml"),
)
HOSTED = a_provider(servers=(ELSEWHERE,))

# What XML can carry at all: the rest is for the bytes below.
characters = st.characters(
    categories=("L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Co"),
    exclude_characters="\ufffe\uffff",
    min_codepoint=0x20,
)
texts = st.text(characters, max_size=80)
local_parts = st.text(characters, min_size=1, max_size=20)
addresses = st.one_of(texts, local_parts.map(lambda local: f"{local}@customer.example"))
settings = st.lists(st.one_of(st.sampled_from(sorted(USER_SETTINGS)), texts), max_size=6)
tags = st.sampled_from(
    ["a:Request", "a:Users", "a:User", "a:Mailbox", "a:Setting", "soap:Body", "a:Domain", "b"]
)
trees = st.recursive(
    texts.map(escape),
    lambda inner: st.tuples(tags, st.lists(inner, max_size=4)).map(
        lambda part: f"<{part[0]}>{''.join(part[1])}</{part[0]}>"
    ),
    max_leaves=12,
)


def account_for(question: Question, provider: Provider) -> AccountSettings | None:
    if not question.domains:
        return None
    return resolve(provider, a_domain(question.domains[0].ascii), address=question.address)


def check(body: bytes) -> list[Reply]:
    """Answer as for known domains and as for unknown ones, and read what comes back."""
    inquiry = inquire(ClientRequest(method="POST", body=body))
    known = [
        inquiry.answer(tuple(account_for(question, provider) for question in inquiry.questions))
        for provider in (PROVIDER, HOSTED)
    ]
    replies = [*known, inquiry.answer(tuple(None for _ in inquiry.questions))]
    for reply in replies:
        if reply.status == 200:
            read_answer(reply.body)
        else:
            assert reply.status in (400, 500)
            read_fault(reply.body)
    return replies


@given(st.lists(addresses, max_size=4), settings)
def test_any_users_and_settings_are_answered(users: list[str], names: list[str]) -> None:
    replies = check(a_user_call(*users, settings=names))
    assert {reply.status for reply in replies} == {200}


@given(st.lists(texts, max_size=4), settings)
def test_any_domains_are_answered(domains: list[str], names: list[str]) -> None:
    replies = check(a_domain_call(*domains, settings=names))
    assert {reply.status for reply in replies} == {200}


@given(texts)
def test_any_domain_is_answered_about_federation(domain: str) -> None:
    replies = check(a_federation_call(domain))
    assert {reply.status for reply in replies} == {200}


@given(
    trees, trees, st.sampled_from(["GetUserSettings", "GetDomainSettings", "GetFederationInformation", "X"])
)
def test_any_tree_is_answered(header: str, content: str, operation: str) -> None:
    check(a_call(operation, content, header))
    check(an_envelope(f"<soap:Header>{header}</soap:Header>", content))


@given(st.binary(max_size=200), st.integers(min_value=0), st.booleans())
def test_any_bytes_are_answered(noise: bytes, place: int, in_a_call: bool) -> None:  # noqa: FBT001
    call = a_user_call("jane@customer.example") if in_a_call else b""
    cut = place % (len(call) + 1)
    check(call[:cut] + noise + call[cut:])
    check(call[:cut] + noise)
