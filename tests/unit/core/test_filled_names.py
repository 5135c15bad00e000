"""What addresses and domains make of patterns: published where it is valid, withheld where it is not."""

from __future__ import annotations

from typing import Any

import pytest
from app.core.documents import Presentation
from app.core.errors import InvalidInput
from app.core.exchange import exchange_services
from app.core.names import EmailAddress
from app.core.servers import ExchangeOptions, ServerType
from app.renderers import FORMATS

from builders import a_url_server, an_account, an_imap_server, an_smtp_server

LONG_DOMAIN = ".".join(["b" * 60] * 4)


@pytest.mark.parametrize(
    ("imap", "address"),
    [
        ({"hostname": "%EMAILLOCALPART%.provider.example"}, "a_b@customer.example"),
        ({"hostname": "%EMAILLOCALPART%.provider.example"}, '"a b"@customer.example'),
        ({"hostname": "%EMAILLOCALPART%.provider.example"}, "%NODE%@customer.example"),
        ({"hostname": "mail-server.%EMAILDOMAIN%"}, f"jane@{LONG_DOMAIN}"),
        ({"username": "%EMAILADDRESS%/%EMAILDOMAIN%"}, f"jane@{LONG_DOMAIN}"),
    ],
)
def test_a_server_that_an_address_makes_invalid_is_withheld(imap: dict[str, Any], address: str) -> None:
    domain = address.rpartition("@")[2]
    account = an_account(an_imap_server(**imap), an_smtp_server(), address=address, domain=domain)
    assert [server.key for server in account.servers] == ["smtp"]
    assert [(found.server, found.reason) for found in account.withheld] == [("imap", "name-unfit")]
    for client_format in FORMATS:
        assert ("imap", "name-unfit") in [
            (found.server, found.reason) for found in client_format.render(account, Presentation()).omissions
        ]


def test_a_host_name_with_a_fitting_local_part_is_published() -> None:
    server = an_imap_server(hostname="%EMAILLOCALPART%.provider.example")
    account = an_account(server, an_smtp_server(), address="Jane@customer.example")
    assert not account.withheld
    body = FORMATS[0].render(account, Presentation()).body
    assert b"jane.provider.example" in body


def test_an_address_is_percent_encoded_in_a_url() -> None:
    pattern = "https://web.provider.example/%EMAILADDRESS%/?q=%EMAILLOCALPART%"
    options = ExchangeOptions(ews_url=pattern)
    account = an_account(
        a_url_server(ServerType.ACTIVESYNC, url=pattern),
        an_imap_server(key="exchange", type=ServerType.EXCHANGE, options=options),
        address="ä/b?&%x@customer.example",
    )
    assert not account.withheld
    expected = "https://web.provider.example/%C3%A4%2Fb%3F%26%25x@customer.example/?q=%C3%A4%2Fb%3F%26%25x"
    services = exchange_services(account)
    assert services.activesync == services.ews == expected


def test_a_url_whose_host_an_address_makes_invalid_is_withheld() -> None:
    url = "https://%EMAILLOCALPART%.provider.example/"
    options = ExchangeOptions(eas_url=url)
    account = an_account(
        a_url_server(ServerType.EWS, url=url),
        an_imap_server(key="exchange", type=ServerType.EXCHANGE, options=options),
        address="a_b@customer.example",
    )
    assert not account.servers
    assert [found.server for found in account.withheld] == ["ews", "exchange"]


def test_an_autodiscover_whose_host_an_address_makes_invalid_is_withheld() -> None:
    options = ExchangeOptions(autodiscover_url="https://%EMAILLOCALPART%.hosted.example/autodiscover.xml")
    server = an_imap_server(key="exchange", type=ServerType.EXCHANGE, options=options)
    assert not an_account(server, address="jane@customer.example").withheld
    account = an_account(server, address="a_b@customer.example")
    assert [(found.server, found.reason) for found in account.withheld] == [("exchange", "name-unfit")]


@pytest.mark.parametrize("char", ["\ufffe", "\uffff", "\ud800", "\x85"])
def test_a_local_part_holds_nothing_that_no_document_can_carry(char: str) -> None:
    with pytest.raises(InvalidInput):
        EmailAddress.parse(f"a{char}@customer.example")
