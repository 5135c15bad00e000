"""What each client's module promises, and what is told of an account's peculiarities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import app.instructions.clients
import pytest
from app.core.documents import Presentation
from app.core.servers import Authentication, Pop3Options, ServerType, SocketType
from app.instructions.clients import CLIENTS, CLIENTS_BY_SLUG, GENERIC
from app.instructions.forms import FORMS
from app.instructions.guide import WayKind
from app.instructions.languages import load_language
from app.instructions.snippets import in_mutt_quotes
from app.instructions.writing import write_guide
from app.renderers import FORMATS_BY_NAME

from builders import a_pop3_server, a_url_server, an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.servers import Server
    from app.instructions.client import Client
    from app.instructions.guide import Entry, Guide

ENGLISH = load_language("en")
SLUGS = list(CLIENTS_BY_SLUG)


def guide_for(slug: str, account: AccountSettings) -> Guide:
    return write_guide(CLIENTS_BY_SLUG[slug], account, Presentation())


def codes(guide: Guide) -> set[str]:
    return {note.code for note in guide.notes}


def kinds(guide: Guide) -> list[WayKind]:
    return [way.kind for way in guide.ways]


def entries_of(guide: Guide) -> list[Entry]:
    return [entry for way in guide.ways for step in way.steps for entry in step.entries]


def test_a_client_is_a_file_and_found_without_a_list() -> None:
    folder = Path(app.instructions.clients.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {slug.replace("-", "_") for slug in SLUGS} == modules
    assert len(CLIENTS) == len(CLIENTS_BY_SLUG)
    assert GENERIC in CLIENTS_BY_SLUG


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.slug)
def test_what_a_client_says_of_its_sources_is_honest(client: Client) -> None:
    guide = guide_for(client.slug, ACCOUNTS["minimal"])
    text = ENGLISH.text(guide.basis)
    if guide.client.basis is None:
        assert text.startswith("Not checked")
    else:
        assert re.fullmatch(r"20\d\d-\d\d", guide.client.basis.read)
        assert "Not tried in the program" in text


def test_a_client_reads_a_format_that_there_is() -> None:
    assert {client.reads for client in CLIENTS} - {None} <= set(FORMATS_BY_NAME)


@pytest.mark.parametrize("slug", SLUGS)
def test_automatic_ways_come_first_and_webmail_last(slug: str) -> None:
    order = list(WayKind)
    ranks = [
        order.index(WayKind.MANUAL if kind is WayKind.CONFIGURATION else kind)
        for kind in kinds(guide_for(slug, ACCOUNTS["full"]))
    ]
    assert [rank for rank in ranks if rank < order.index(WayKind.EXCHANGE)] == sorted(
        rank for rank in ranks if rank < order.index(WayKind.EXCHANGE)
    )
    assert ranks[-1] == order.index(WayKind.WEBMAIL)


def test_a_profile_is_offered_where_there_is_one() -> None:
    assert WayKind.PROFILE in kinds(guide_for("iphone-ipad", ACCOUNTS["minimal-address"]))
    assert WayKind.PROFILE not in kinds(guide_for("iphone-ipad", ACCOUNTS["minimal"]))
    link = guide_for("apple-mail", ACCOUNTS["minimal-address"]).ways[0].steps[0].url
    assert link == "https://signpost.example/mobileconfig?emailaddress=jane@customer.example"


def test_nothing_is_promised_to_be_found_that_the_client_would_drop() -> None:
    plain = ACCOUNTS["plain-only"]
    assert WayKind.AUTOMATIC not in kinds(guide_for("thunderbird-android", plain))
    assert WayKind.AUTOMATIC not in kinds(guide_for("thunderbird", ACCOUNTS["send-only"]))
    assert WayKind.AUTOMATIC in kinds(guide_for("thunderbird", ACCOUNTS["minimal"]))


@pytest.mark.parametrize("slug", ["thunderbird", "outlook-classic", "mutt", "fetchmail"])
def test_a_mailbox_with_a_sign_in_page_only_is_told_as_one(slug: str) -> None:
    guide = guide_for(slug, ACCOUNTS["oauth2-only"])
    assert "sign-in-page-only" in codes(guide)
    is_impossible = slug in ("outlook-classic", "fetchmail")
    assert (not guide.ways) is is_impossible


def without_password(method: Authentication) -> AccountSettings:
    """Return an account that takes one method everywhere, Exchange too."""
    methods = (method,)
    return an_account(
        an_imap_server(authentication=methods),
        an_smtp_server(authentication=methods),
        a_url_server(ServerType.EWS, authentication=methods),
        a_url_server(ServerType.ACTIVESYNC, authentication=methods),
        address="jane@customer.example",
    )


PASSWORDLESS = (Authentication.OAUTH2, Authentication.GSSAPI, Authentication.TLS_CLIENT_CERTIFICATE)


@pytest.mark.parametrize("method", PASSWORDLESS)
@pytest.mark.parametrize("slug", sorted({*SLUGS} - {"windows-mail"}))
def test_nobody_is_asked_for_a_password_that_is_not_used(slug: str, method: Authentication) -> None:
    guide = guide_for(slug, without_password(method))
    told = [ENGLISH.text(step.text) for way in guide.ways for step in way.steps]
    assert not [entry for entry in entries_of(guide) if entry.kind == "password"]
    assert not [text for text in told if "the password" in text]
    if guide.ways:
        (needed,) = [ENGLISH.text(item.text) for item in guide.prerequisites]
        assert ("on the web page of" in needed) is (method is Authentication.OAUTH2)
        assert "the password" not in needed


@pytest.mark.parametrize("slug", ["evolution", "apple-mail", "iphone-ipad", "generic", "thunderbird"])
@pytest.mark.parametrize(
    ("name", "sign_in"),
    [("exchange-password", "the password of your mailbox"), ("exchange-sign-in", "Sign in on the page")],
)
def test_exchange_is_signed_in_to_as_it_takes_it(slug: str, name: str, sign_in: str) -> None:
    guide = guide_for(slug, ACCOUNTS[name])
    (exchange,) = [way for way in guide.ways if way.kind is WayKind.EXCHANGE]
    texts = [
        ENGLISH.text(text)
        for step in exchange.steps
        for text in (step.text, *(entry.text for entry in step.entries))
    ]
    assert len([text for text in texts if text.startswith(sign_in)]) == 1
    pages = [item for item in guide.prerequisites if "on the web page of" in ENGLISH.text(item.text)]
    assert bool(pages) is (name == "exchange-sign-in")


def test_a_password_is_taken_where_a_person_can_choose() -> None:
    guide = guide_for("thunderbird", ACCOUNTS["oauth2-or-password"])
    methods = {
        entry.value
        for way in guide.ways
        for step in way.steps
        for entry in step.entries
        if entry.kind == "authentication"
    }
    assert methods == {Authentication.PASSWORD_CLEARTEXT.value}
    assert "sign-in-page-only" not in codes(guide)


def test_the_shared_host_is_explained() -> None:
    guide = guide_for("gmail-app", ACCOUNTS["shared-host"])
    (note,) = [note for note in guide.notes if note.code == "shared-host"]
    text = ENGLISH.text(note.text)
    assert "srv12.provider.example is right" in text
    assert "With mail.customer.example programs would warn" in text


def test_sending_alone_and_fetching_alone_are_told() -> None:
    assert "send-only" in codes(guide_for("samsung-email", ACCOUNTS["send-only"]))
    only_imap = an_account(an_imap_server())
    assert "receive-only" in codes(guide_for("samsung-email", only_imap))
    assert "no-mail-servers" in codes(guide_for("samsung-email", ACCOUNTS["nothing"]))


WITHHELD = {"hostname": "%NODE%.provider.example"}


@pytest.mark.parametrize(
    "servers",
    [
        (an_imap_server(**WITHHELD), a_pop3_server(), an_smtp_server()),
        (an_imap_server(), an_smtp_server(**WITHHELD)),
        (an_imap_server(**WITHHELD), an_smtp_server(**WITHHELD)),
    ],
)
def test_a_server_that_is_withheld_is_not_called_missing(servers: tuple[Server, ...]) -> None:
    found = codes(guide_for("samsung-email", an_account(*servers)))
    assert "settings-incomplete" in found
    assert found.isdisjoint({"send-only", "receive-only", "no-mail-servers"})


def test_a_withheld_server_beside_a_whole_pair_is_not_spoken_of() -> None:
    account = an_account(an_imap_server(), a_pop3_server(**WITHHELD), an_smtp_server())
    assert "settings-incomplete" not in codes(guide_for("samsung-email", account))


def test_nobody_is_told_of_pop3_in_place_of_imap_that_is_withheld() -> None:
    guide = guide_for("thunderbird", ACCOUNTS["imap-withheld"])
    assert WayKind.AUTOMATIC not in kinds(guide)
    assert {way.service for way in guide.ways} == {"smtp"}


@pytest.mark.parametrize("slug", ["fetchmail", "mbsync"])
def test_programs_that_cannot_send_are_told_of_no_outgoing_server(slug: str) -> None:
    assert guide_for(slug, ACCOUNTS["send-only"]).ways == ()
    outgoing = an_smtp_server(socket_type=SocketType.PLAIN, authentication=(Authentication.OAUTH2,))
    assert codes(guide_for(slug, an_account(an_imap_server(), outgoing))) == {"fetches-only"}


def test_a_client_that_does_not_speak_the_only_protocol_says_so() -> None:
    guide = guide_for("delta-chat", ACCOUNTS["pop-only"])
    assert "protocol-not-in-client" in codes(guide)
    assert guide.ways == ()


def test_old_programs_that_know_no_starttls_say_so() -> None:
    guide = guide_for("outlook-express", ACCOUNTS["starttls-only"])
    assert "socket-type-not-in-client" in codes(guide)
    assert guide.ways == ()


def test_an_ended_program_has_no_steps() -> None:
    guide = guide_for("windows-mail", ACCOUNTS["full"])
    assert codes(guide) >= {"client-ended"}
    assert kinds(guide) == [WayKind.WEBMAIL]


def test_an_unencrypted_connection_is_a_warning() -> None:
    assert "unencrypted" in codes(guide_for(GENERIC, ACCOUNTS["plain-only"]))


def test_a_broken_user_name_is_not_shown_as_a_value() -> None:
    account = an_account(an_imap_server(username="%EMAILADDRESS"), an_smtp_server())
    guide = guide_for(GENERIC, account)
    assert "username-broken" in codes(guide)
    assert guide.ways == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, "Look in the program whether"),
        (Pop3Options(leave_messages_on_server=False), "deleted from the server"),
        (Pop3Options(leave_messages_on_server=True), "leave copies on the server. Folders"),
        (Pop3Options(leave_messages_on_server=True, days_to_leave_messages_on_server=7), "many days: 7"),
    ],
)
def test_what_pop3_does_with_messages_is_what_the_provider_stored(
    options: Pop3Options | None, expected: str
) -> None:
    account = an_account(an_imap_server(), a_pop3_server(options=options), an_smtp_server())
    texts = {choice.service: ENGLISH.text(choice.text) for choice in guide_for(GENERIC, account).protocols}
    assert "stay on the server" in texts["imap"]
    assert expected in texts["pop3"]


def test_the_first_stored_protocol_is_the_preferred_one() -> None:
    account = an_account(a_pop3_server(), an_imap_server(), an_smtp_server())
    guide = guide_for(GENERIC, account)
    assert {choice.service: choice.is_preferred for choice in guide.protocols} == {
        "imap": False, "pop3": True,
    }  # fmt: skip
    assert "preference-differs" in codes(guide)


def test_outlook_takes_the_long_way_where_its_dialog_cannot_take_the_user_name() -> None:
    def first_step(name: str) -> str:
        ways = guide_for("outlook-classic", ACCOUNTS[name]).ways
        manual = next(way for way in ways if way.kind is WayKind.MANUAL)
        return ENGLISH.text(manual.steps[0].text)

    assert first_step("minimal-address") == "Open Outlook."
    assert first_step("mailbox-login").startswith("Close Outlook")


@pytest.mark.parametrize("slug", ["thunderbird", "generic", "evolution"])
@pytest.mark.parametrize(
    ("address", "told"),
    [(None, "your full mail address"), ("jane@customer.example", "jane@customer.example")],
)
def test_exchange_without_a_user_name_is_told_to_take_the_address(
    slug: str, address: str | None, told: str
) -> None:
    account = an_account(a_url_server(ServerType.EWS, username=None), address=address)
    guide = guide_for(slug, account)
    entries = [entry for entry in entries_of(guide) if entry.kind == "username"]
    assert [ENGLISH.text(entry.text) for entry in entries] == [told]
    assert [entry.value for entry in entries] == [address or "%EMAILADDRESS%"]
    assert f">{told}<" in FORMS["html"].render(guide, ENGLISH).decode()


OUTLOOKS = ("outlook-new", "outlook-mac", "outlook-classic")


@pytest.mark.parametrize("slug", OUTLOOKS)
def test_exchange_is_not_offered_where_there_is_only_its_web_page(slug: str) -> None:
    account = an_account(an_imap_server(), an_smtp_server(), a_url_server(ServerType.OWA))
    assert WayKind.EXCHANGE not in kinds(guide_for(slug, account))


@pytest.mark.parametrize("slug", OUTLOOKS)
def test_the_service_that_a_client_uses_says_how_to_sign_in(slug: str) -> None:
    account = an_account(
        a_url_server(ServerType.OWA, authentication=(Authentication.OAUTH2,)),
        a_url_server(ServerType.EWS, authentication=(Authentication.NTLM,)),
    )
    (exchange,) = guide_for(slug, account).ways
    assert [entry.kind for step in exchange.steps for entry in step.entries] == ["address", "password"]


def configuration(slug: str, account: AccountSettings, service: str) -> list[str]:
    """Return the lines for a configuration file of one way."""
    ways = guide_for(slug, account).ways
    (snippet,) = [
        step.snippet for way in ways if way.service == service for step in way.steps if step.snippet
    ]
    return snippet.split("\n")


def test_mutt_opens_the_inbox_of_the_protocol_that_was_chosen() -> None:
    account = an_account(an_imap_server(), a_pop3_server(), an_smtp_server())
    assert 'set spoolfile = "+INBOX"' in configuration("mutt", account, "imap")
    by_pop3 = configuration("mutt", account, "pop3")
    assert 'set spoolfile = "pops://pop.provider.example:995/"' in by_pop3
    assert 'set pop_host = "pops://pop.provider.example:995"' in by_pop3


def test_a_plain_server_of_one_protocol_takes_no_encryption_from_the_other() -> None:
    plain = a_pop3_server(port=110, socket_type=SocketType.PLAIN)
    account = an_account(an_imap_server(), plain, an_smtp_server())
    assert "set ssl_force_tls = yes" in configuration("mutt", account, "imap")
    assert "set ssl_force_tls = yes" not in configuration("mutt", account, "pop3")


def test_an_odd_user_name_cannot_leave_its_quotes_in_a_configuration_file() -> None:
    assert in_mutt_quotes('a"`$x\\') == '"a\\"\\`\\$x\\\\"'


def test_a_provider_may_ask_for_something_to_be_done_first() -> None:
    urls = [item.url for item in guide_for(GENERIC, ACCOUNTS["full"]).prerequisites]
    assert urls == [None, "https://help.provider.example/enable?a=1&b=2"]
