from __future__ import annotations

from app.core.mail_choice import choose_mail, lacks_imap, with_names
from app.core.servers import ServerType

from builders import a_pop3_server, a_url_server, an_account, an_imap_server, an_smtp_server

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


WITHHELD = an_imap_server(key="withheld", hostname="%NODE%.provider.example")


def test_pop3_does_not_take_the_place_of_imap_that_is_withheld() -> None:
    account = an_account(WITHHELD, a_pop3_server(), an_smtp_server())
    choice = choose_mail(account)
    assert lacks_imap(account)
    assert (choice.imap, choice.pop3, choice.incoming) == (None, None, None)
    assert choice.smtp is not None


def test_pop3_stays_beside_imap_that_is_published() -> None:
    account = an_account(WITHHELD, an_imap_server(), a_pop3_server(), an_smtp_server())
    choice = choose_mail(account)
    assert not lacks_imap(account)
    assert choice.imap is not None
    assert choice.pop3 is not None


def test_pop3_stays_where_imap_is_not_stored() -> None:
    account = an_account(a_pop3_server(), an_smtp_server(hostname="%NODE%.provider.example"))
    assert not lacks_imap(account)
    assert choose_mail(account).pop3 is not None
