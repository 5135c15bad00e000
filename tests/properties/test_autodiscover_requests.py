"""No request makes Autodiscover raise, answer what is no document, or say back what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.documents import ClientRequest
from app.core.errors import InvalidInput
from app.core.names import EmailAddress
from app.core.resolving import resolve
from app.core.servers import ExchangeOptions, ServerType
from app.renderers import FORMATS_BY_NAME
from hypothesis import example, given
from hypothesis import strategies as st

from builders import a_domain, a_provider, an_imap_server
from contracts.accounts import ACCOUNTS
from contracts.microsoft import check_json, check_pox

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.documents import ClientFormat, Reply

POX, JSON = FORMATS_BY_NAME["autodiscover"], FORMATS_BY_NAME["autodiscover-json"]
EVERYTHING = frozenset({"mapiHttp", "EXHTTP", "negotiate"})
HEADERS = {"x-mapihttpcapability": "1", "x-clientcanhandle": "ExHttpInfo,Negotiate"}
SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
MARK = "zqzq"

ELSEWHERE = an_imap_server(
    key="exchange",
    type=ServerType.EXCHANGE,
    options=ExchangeOptions(autodiscover_url="https://hosted.example/%EMAILADDRESS%/autodiscover.xml"),
)
PROVIDERS = (ACCOUNTS["exchange-address"].provider, a_provider(servers=(an_imap_server(), ELSEWHERE)))

words = st.sampled_from([
    "<", ">", "</", "/>", "<!--", "<![CDATA[", "]]>", "&amp;", "&#0;", "&#xFFFE;", "&x;", "<?xml ", "?>", '"',
    "Autodiscover", "Request", "EMailAddress", "LegacyDN", "AcceptableResponseSchema", "xmlns=", "xmlns:a=",
    f"{SCHEMAS}/outlook/responseschema/2006a", f"{SCHEMAS}/mobilesync/responseschema/2006", " ", "\0",
    "jane@customer.example", "<!DOCTYPE a>", "\ufeff", "\ufffe",
])  # fmt: skip
soups = st.lists(words | st.text(max_size=5), max_size=40).map("".join)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "utf-7"])
bodies = st.binary(max_size=300) | st.builds(
    lambda text, name: text.encode(name, "replace"), soups, encodings
)


def answers(client_format: ClientFormat, request: ClientRequest) -> list[Reply]:
    """Return the answers for an unknown domain, a full one, and one whose Exchange is elsewhere."""
    inquiry = client_format.inquire(request)
    replies = [inquiry.answer(tuple(None for _ in inquiry.questions))]
    for provider in PROVIDERS:
        accounts: list[AccountSettings | None] = []
        for question in inquiry.questions:
            domain = a_domain(question.domains[0].ascii)
            accounts.append(resolve(provider, domain, address=question.address))
        replies.append(inquiry.answer(tuple(accounts)))
    return replies


@given(bodies)
def test_any_bytes_are_answered_with_a_document(body: bytes) -> None:
    for reply in answers(POX, ClientRequest(method="POST", body=body, headers=HEADERS)):
        assert reply.status in (200, 404)
        check_pox(reply.body, capabilities=EVERYTHING)


@given(st.text(), st.sampled_from(["outlook", "mobilesync", "other"]))
@example('"a\ufffd<&>\\" b"@customer.example', "outlook")
@example("a\ufffeb@customer.example", "outlook")
@example("a+b@bücher.example", "mobilesync")
def test_any_address_is_answered_with_a_document(address: str, schema: str) -> None:
    text = "".join(f"&#{ord(char)};" for char in address)
    accepted = f"{SCHEMAS}/{schema}/responseschema/2006"
    body = (
        f"<Autodiscover><Request><EMailAddress>{text}</EMailAddress>"
        f"<AcceptableResponseSchema>{accepted}</AcceptableResponseSchema></Request></Autodiscover>"
    )
    for reply in answers(POX, ClientRequest(method="POST", body=body.encode())):
        report = check_pox(reply.body)
        if report.kind != "error":
            assert is_address(address)


def is_address(text: str) -> bool:
    try:
        EmailAddress.parse(text.strip().replace(" ", "+") if '"' not in text else text.strip())
    except InvalidInput:
        return False
    return True


@given(soups)
def test_nothing_but_the_address_is_said_back(text: str) -> None:
    markup = "".join(char if char.isalnum() else f"&#{ord(char)};" for char in text if char.isprintable())
    body = (
        f"<Autodiscover {MARK}='a'><Request><LegacyDN>{MARK}{markup}</LegacyDN><{MARK}/>"
        f"<EMailAddress>jane@customer.example</EMailAddress></Request></Autodiscover>"
    )
    headers = {**HEADERS, "user-agent": MARK, "authorization": MARK, "host": MARK}
    request = ClientRequest(method="POST", body=body.encode(), headers=headers, query=MARK)
    for reply in answers(POX, request):
        assert MARK.encode() not in reply.body
        assert all(MARK not in value for header in reply.headers for value in header)


@given(st.text(max_size=60), st.text(max_size=60), st.none() | st.text(max_size=60), st.text(max_size=20))
def test_any_query_is_answered_in_json(query: str, protocol: str, email: str | None, host: str) -> None:
    path = {} if email is None else {"email": email}
    for given_query in (query, f"Email=jane@customer.example&Protocol={protocol}"):
        request = ClientRequest(
            query=given_query, path_parameters=path, host=host, service_url="http://127.0.0.1:8080"
        )
        for reply in answers(JSON, request):
            check_json(reply.body, reply.status)
