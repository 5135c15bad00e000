"""Whether a URL gives an address away."""

from __future__ import annotations

import pytest
from app.core.names import EmailAddress
from app.discovery.places import holds_address

JANE = EmailAddress.parse("Jane.Doe+x@bücher.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/?emailaddress=Jane.Doe%2Bx%40xn--bcher-kva.example",
        "http://a.example/?emailaddress=jane.doe+x@XN--bcher-kva.example&more=1",
        "http://a.example/?emailaddress=%6Aane%2edoe%2bx%40xn--bcher-kva%2Eexample",
        "http://a.example/?next=%2Fx%3Fe%3Djane.doe%252Bx%2540xn--bcher-kva.example",
        "http://a.example/?emailaddress=jane.doe%2bx%40b%C3%BCcher.example",
        "http://a.example/?emailaddress=jane.doe%2bx%40B%C3%9Ccher.example",
        "http://a.example/of/jane.doe%2bx%40xn--bcher-kva.example/config.xml",
    ],
)
def test_an_address_is_seen_however_it_is_written(url: str) -> None:
    assert holds_address(url, JANE)


@pytest.mark.parametrize(
    "url",
    [
        "http://autoconfig.xn--bcher-kva.example/mail/config-v1.1.xml",
        "http://a.example/?domain=xn--bcher-kva.example",
        "http://a.example/?emailaddress=%25EMAILADDRESS%25",
        "http://a.example/?emailaddress=john%40xn--bcher-kva.example",
        "http://a.example/?" + "%25" * 1000,
    ],
)
def test_what_is_of_nobody_is_no_address(url: str) -> None:
    assert not holds_address(url, JANE)


def test_a_quoted_local_part_is_seen_with_its_spaces_as_forms_write_them() -> None:
    quoted = EmailAddress.parse('"jane doe"@customer.example')
    assert holds_address("http://a.example/?e=%22jane+doe%22%40customer.example", quoted)
    assert holds_address("http://a.example/?e=%22jane%20doe%22%40customer.example", quoted)
