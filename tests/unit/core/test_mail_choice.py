from __future__ import annotations

from app.core.mail_choice import choose_mail, with_names
from app.core.servers import ServerType

from builders import a_url_server, an_account, an_imap_server

PER_USER = "%EMAILLOCALPART%.provider.example"
URL = "https://dav.provider.example/%EMAILADDRESS%/?u=%EMAILLOCALPART%"


def test_a_host_name_keeps_what_only_the_client_knows() -> None:
    choice = choose_mail(an_account(an_imap_server(hostname=PER_USER)))
    assert choice.imap is not None
    assert choice.imap.hostname == PER_USER


def test_a_host_name_is_filled_in_in_lower_case() -> None:
    choice = choose_mail(an_account(an_imap_server(hostname=PER_USER), address="Jane@customer.example"))
    assert choice.imap is not None
    assert choice.imap.hostname == "jane.provider.example"


def test_a_local_part_of_other_letters_becomes_an_a_label() -> None:
    choice = choose_mail(an_account(an_imap_server(hostname=PER_USER), address="jané@customer.example"))
    assert choice.imap is not None
    assert choice.imap.hostname == "xn--jan-dma.provider.example"


def test_an_address_in_a_url_is_percent_encoded() -> None:
    account = an_account(a_url_server(ServerType.CALDAV, url=URL), address="jané/a#b@customer.example")
    found = with_names(account, account.servers[0])
    expected = "https://dav.provider.example/jan%C3%A9%2Fa%23b@customer.example/?u=jan%C3%A9%2Fa%23b"
    assert found.url == expected
