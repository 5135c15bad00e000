from __future__ import annotations

import pytest
from app.core.documents import ClientRequest, Question
from app.core.errors import InvalidInput
from app.core.names import DomainName, EmailAddress
from app.core.questions import (
    domains_of_host,
    preferred_languages,
    query_fields,
    question_for,
    question_for_address,
    question_for_request,
)

CUSTOMER = DomainName("customer.example")


@pytest.mark.parametrize(
    ("host", "domains"),
    [
        (None, []),
        ("", []),
        ("customer.example", ["customer.example"]),
        ("Customer.EXAMPLE.", ["customer.example"]),
        ("customer.example:8080", ["customer.example"]),
        ("customer.example.:8080", ["customer.example"]),
        ("autoconfig.customer.example", ["customer.example", "autoconfig.customer.example"]),
        ("AUTODISCOVER.customer.example:443", ["customer.example", "autodiscover.customer.example"]),
        ("ua-auto-config.customer.example", ["customer.example", "ua-auto-config.customer.example"]),
        ("autoconfig.example", ["autoconfig.example"]),
        ("autoconfig.bücher.example", ["xn--bcher-kva.example", "autoconfig.xn--bcher-kva.example"]),
        ("localhost", []),
        ("127.0.0.1:8080", []),
        ("[::1]:8080", []),
        ("a b.example", []),
        ("a.example:port", []),
        ("a.example:", []),
        ("a" * 300, []),
        (f"{'a' * 300}.example", []),
        ("\x00.example", []),
        ("a.example, b.example", []),
        ("<b>.example", []),
    ],
)
def test_a_host_stands_for_its_domain(host: str | None, domains: list[str]) -> None:
    assert [domain.ascii for domain in domains_of_host(host)] == domains


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {}),
        ("&&&", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("A=1&a=2", {"a": "1"}),
        ("EmailAddress=x", {"emailaddress": "x"}),
        ("a", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=%2Bb+c", {"a": "+b c"}),
        ("a=%252B", {"a": "%2B"}),
        ("a=%", {"a": "%"}),
        ("a=%zz%4", {"a": "%zz%4"}),
        ("a=%C3%BC", {"a": "ü"}),
        ("a=ü", {"a": "ü"}),
        ("a=1;b=2", {"a": "1;b=2"}),
    ],
)
def test_a_query_is_decoded_once(query: str, fields: dict[str, str]) -> None:
    assert query_fields(query) == fields


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("a=%ff", "UTF-8"),
        ("%c3=1", "UTF-8"),
        ("a=%ed%a0%80", "UTF-8"),
        ("a=" + "x" * 4095, "at most 4096 characters"),
        ("&".join(f"a{number}=1" for number in range(33)), "at most 32 fields"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(query: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=f"query: must .*{rule}"):
        query_fields(query)


@pytest.mark.parametrize(
    ("text", "local_part"),
    [
        ("jane@customer.example", "jane"),
        (" Jane@Customer.EXAMPLE. ", "Jane"),
        # A raw plus sign is decoded to a space.
        ("jane news@customer.example", "jane+news"),
        ('"jane doe"@customer.example', '"jane doe"'),
        ("jörg@customer.example", "jörg"),
        # No addresses; the domain's settings hold for any local part.
        ("@customer.example", None),
        ("a@b@customer.example", None),
        ("a..b@customer.example", None),
        (f"{'a' * 70}@customer.example", None),
        ("a\x00@customer.example", None),
    ],
)
def test_an_address_is_read_as_clients_send_it(text: str, local_part: str | None) -> None:
    address = None if local_part is None else EmailAddress(local_part, CUSTOMER)
    assert question_for_address(text) == Question(address=address, domains=(CUSTOMER,))


def test_an_address_or_a_domain_is_read() -> None:
    assert question_for("jane@customer.example") == question_for_address("jane@customer.example")
    assert question_for("customer.example") == Question(domains=(CUSTOMER,))


@pytest.mark.parametrize("text", ["jane.doe@", "localhost", ""])
def test_what_is_neither_an_address_nor_a_domain_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        question_for(text)
    (issue,) = refused.value.issues
    assert issue.field == "address"
    assert "jane" not in issue.rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("jane", "a mail address with an @"),
        ("", "a mail address with an @"),
        ("jane@", "must end in a valid domain: it must not be empty"),
        ("jane@localhost", "it must have at least two labels"),
        (f"jane@{'a' * 300}.example", "it must be at most 253 characters long"),
        ("jane@customer.example\x00", "it must consist of letters"),
    ],
)
def test_what_has_no_domain_is_refused(text: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        question_for_address(text)
    (issue,) = refused.value.issues
    assert issue.field == "emailaddress"
    assert rule in issue.rule


def asked(query: str, host: str | None = None) -> Question:
    return question_for_request(ClientRequest(query=query, host=host))


def test_an_address_counts_before_a_domain_and_that_before_the_host() -> None:
    jane = EmailAddress.parse("jane@customer.example")
    host = "autoconfig.host.example"
    with_address = asked("domain=other.example&emailaddress=jane%40customer.example", host)
    assert with_address == Question(
        address=jane, domains=(CUSTOMER,), mail_exchanger=DomainName("host.example")
    )
    assert asked("emailaddress=jane@customer.example").mail_exchanger is None
    assert asked("domain=customer.example", host) == Question(domains=(CUSTOMER,))
    assert asked("emailmd5=0", host).domains[0] == DomainName("host.example")
    assert asked("emailaddress=&domain=", host).domains[0] == DomainName("host.example")
    assert asked("") == Question()


def test_evolutions_name_for_everybody_is_nobodys_address() -> None:
    query = "emailaddress=EVOLUTIONUSER%40customer.example&emailmd5=0"
    asked = question_for_request(ClientRequest(query=query, host="autoconfig.provider.example"))
    assert asked == Question(domains=(CUSTOMER,), mail_exchanger=DomainName("provider.example"))
    # Somebody may have that name, in any other case.
    other = question_for_request(ClientRequest(query="emailaddress=evolutionuser%40customer.example"))
    assert other.address == EmailAddress("evolutionuser", CUSTOMER)


def test_a_bad_domain_is_named() -> None:
    with pytest.raises(InvalidInput, match="domain: must have at least two labels"):
        asked("domain=localhost", "customer.example")


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, ()),
        ("", ()),
        ("de", ("de",)),
        ("de-DE, en;q=0.5, pt-BR;q=0.9", ("de-de", "pt-br", "en")),
        ("en;q=0.5,de;q=0.5", ("en", "de")),
        ("*, de;q=0, en ; q=0.1", ("en",)),
        ("de;q=2, de;q=x, ü, <b>, en", ("en",)),
        (",".join(["x"] * 20 + ["de"]), ("x",) * 20),
    ],
)
def test_languages_come_in_the_order_of_their_weight(header: str | None, tags: tuple[str, ...]) -> None:
    assert preferred_languages(header) == tags
