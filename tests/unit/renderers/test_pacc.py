from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from app.core.documents import DEFAULT_SERVICE_URL, ClientRequest, Presentation
from app.core.provider import OAuth2, Support
from app.core.servers import Authentication, ServerType, SocketType
from app.renderers.pacc import PACC, render_pacc

from builders import a_pop3_server, a_url_server, an_account, an_imap_server, an_smtp_server
from contracts.accounts import ACCOUNTS, OAUTH2, PASSWORD

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.servers import Server

TOKEN = (Authentication.OAUTH2,)
SERVICE_HOST = DEFAULT_SERVICE_URL.removeprefix("https://")


def rendered(account: AccountSettings) -> tuple[dict[str, Any], dict[str | None, str]]:
    document = render_pacc(account, Presentation())
    return json.loads(document.body), {found.server: found.reason for found in document.omissions}


def protocols(*servers: Server, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = rendered(an_account(*servers, **changes))[0]["protocols"]
    return found


def reasons(*servers: Server, **changes: Any) -> dict[str | None, str]:
    return rendered(an_account(*servers, **changes))[1]


def test_an_address_changes_nothing() -> None:
    servers = (an_imap_server(hostname="%EMAILDOMAIN%"), an_smtp_server())
    plain = render_pacc(an_account(*servers), Presentation())
    for address in ("jane@customer.example", "Jane.Doe+list@customer.example", '"a b"@customer.example'):
        account = an_account(*servers, address=address)
        presentation = Presentation(languages=("de",), person="Jane", service_url="https://other.example")
        assert render_pacc(account, presentation).body == plain.body


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_document_is_ascii_json_without_anything_left_to_fill_in(name: str) -> None:
    body = render_pacc(ACCOUNTS[name], Presentation()).body
    assert body.isascii()
    assert body.endswith(b"}\n")
    assert "%EMAIL" not in json.dumps(json.loads(body)["protocols"])


def test_mail_submission_has_the_keys_of_both_drafts() -> None:
    found = protocols(an_imap_server(), an_smtp_server())
    assert found["smtp"] == found["submit"] == {"host": "smtp.provider.example"}


UNSAYABLE_SMTP: dict[str, dict[str, Any]] = {
    "not-implicit-tls": {"port": 587, "socket_type": SocketType.STARTTLS},
    "other-port": {"port": 466},
    "login-not-address": {"username": "%EMAILLOCALPART%"},
    "per-user": {"hostname": "%EMAILLOCALPART%.provider.example"},
    "authentication-unknown": {"authentication": (Authentication.GSSAPI,)},
}


@pytest.mark.parametrize("reason", UNSAYABLE_SMTP)
def test_what_cannot_be_said_is_left_out_for_what_can(reason: str) -> None:
    smtp = an_smtp_server(key="smtp-a", **UNSAYABLE_SMTP[reason])
    servers = (an_imap_server(), smtp, an_smtp_server(hostname="second.provider.example"))
    assert protocols(*servers)["smtp"] == {"host": "second.provider.example"}
    # What no format would choose is one server too many.
    is_chosen = reason not in ("login-not-address", "authentication-unknown")
    assert reasons(*servers) == {"smtp-a": reason if is_chosen else "further-server"}


@pytest.mark.parametrize("reason", UNSAYABLE_SMTP)
def test_mail_that_could_only_be_read_is_not_published(reason: str) -> None:
    account = an_account(an_imap_server(), an_smtp_server(**UNSAYABLE_SMTP[reason]))
    assert not render_pacc(account, Presentation()).is_usable
    assert rendered(account)[1] == {"imap": "no-pair", "smtp": reason}


def test_imap_that_cannot_be_said_takes_pop3_along() -> None:
    starttls = an_imap_server(port=143, socket_type=SocketType.STARTTLS)
    found = reasons(starttls, a_pop3_server(), an_smtp_server())
    assert found == {"imap": "not-implicit-tls", "pop3": "imap-missing", "smtp": "no-pair"}


WITHHELD = {"hostname": "%NODE%.provider.example"}


def test_imap_that_is_withheld_takes_pop3_along() -> None:
    servers = (an_imap_server(**WITHHELD), a_pop3_server(), an_smtp_server())
    assert not render_pacc(an_account(*servers), Presentation()).is_usable
    assert reasons(*servers) == {"imap": "variable-missing", "pop3": "imap-missing", "smtp": "no-pair"}


def test_calendars_do_not_stand_in_for_mail_that_is_withheld() -> None:
    servers = (an_imap_server(**WITHHELD), an_smtp_server(**WITHHELD), a_url_server(ServerType.CALDAV))
    assert protocols(*servers) == {}
    assert reasons(*servers)["caldav"] == "mail-missing"


def a_sieve_server(socket_type: SocketType) -> Server:
    return an_imap_server(key="sieve", type=ServerType.MANAGESIEVE, port=4190, socket_type=socket_type)


def test_managesieve_starts_with_tls_like_everything_else() -> None:
    mail = (an_imap_server(), an_smtp_server())
    found = protocols(*mail, a_sieve_server(SocketType.TLS))
    assert found["managesieve"] == {"host": "imap.provider.example"}
    assert reasons(*mail, a_sieve_server(SocketType.STARTTLS)) == {"sieve": "not-implicit-tls"}


def test_calendars_do_not_stand_in_for_mail_that_is_missing() -> None:
    imap = an_imap_server(port=143, socket_type=SocketType.STARTTLS)
    servers = (imap, an_smtp_server(), a_url_server(ServerType.CALDAV))
    assert not render_pacc(an_account(*servers), Presentation()).is_usable
    assert reasons(*servers)["caldav"] == "mail-missing"
    exchange = (a_url_server(ServerType.EWS), a_url_server(ServerType.CALDAV))
    assert protocols(*exchange) == {}


def test_jmap_is_mail_enough() -> None:
    imap = an_imap_server(port=143, socket_type=SocketType.STARTTLS)
    found = protocols(imap, an_smtp_server(), a_url_server(ServerType.JMAP), a_url_server(ServerType.CALDAV))
    assert set(found) == {"jmap", "caldav"}


def test_a_composed_login_may_be_the_address() -> None:
    composed = "%EMAILLOCALPART%@%EMAILDOMAIN%"
    assert "imap" in protocols(an_imap_server(username=composed), an_smtp_server(username=composed))


URLS = {
    "http://dav.provider.example/": "not-https",
    "https://dav.provider.example:8443/": "other-port",
    "https://dav.provider.example/%EMAILADDRESS%/": "per-user",
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_https_at_its_own_port_and_the_same_for_all(url: str) -> None:
    assert reasons(a_url_server(ServerType.CALDAV, url=url)) == {"caldav": URLS[url]}


def test_a_url_may_hold_the_domain() -> None:
    found = protocols(a_url_server(ServerType.CALDAV, url="https://dav.%EMAILDOMAIN%:443/"))
    assert found == {"caldav": {"url": "https://dav.customer.example:443/"}}


# How to log in


def authentication(*servers: Server, **changes: Any) -> Any:
    return rendered(an_account(*servers, **changes))[0]["authentication"]


def test_what_both_mail_servers_take_is_announced() -> None:
    both, imap = (*TOKEN, *PASSWORD), an_imap_server(authentication=(*TOKEN, *PASSWORD))
    issuer = {"issuer": "https://login.provider.example"}
    found = authentication(imap, an_smtp_server(authentication=both), oauth2=OAUTH2)
    assert found == {"oauth-public": issuer, "password": True}
    assert authentication(imap, an_smtp_server(), oauth2=OAUTH2) == {"password": True}
    found = authentication(imap, an_smtp_server(authentication=TOKEN), oauth2=OAUTH2)
    assert found == {"oauth-public": issuer, "password": False}


def test_mail_servers_with_nothing_in_common_are_not_published() -> None:
    servers = (an_imap_server(), an_smtp_server(authentication=TOKEN))
    assert protocols(*servers, oauth2=OAUTH2) == {}
    assert reasons(*servers, oauth2=OAUTH2) == {
        "imap": "authentication-differs",
        "smtp": "authentication-differs",
    }


def test_a_service_that_takes_nothing_of_what_mail_takes_is_left_out() -> None:
    calendar = a_url_server(ServerType.CALDAV, authentication=TOKEN)
    servers = (an_imap_server(), an_smtp_server(), calendar)
    assert "caldav" not in protocols(*servers, oauth2=OAUTH2)
    assert reasons(*servers, oauth2=OAUTH2) == {"caldav": "authentication-differs"}


ISSUERS = {
    "login.provider.example": "https://login.provider.example",
    "Login.Provider.example": "https://login.provider.example",
    "https://login.provider.example/": "https://login.provider.example/",
    "https://login.provider.example/realms/Mail": "https://login.provider.example/realms/Mail",
    "http://login.provider.example": None,
    "https://login.provider.example/?tenant=1": None,
    "https://login.provider.example/#a": None,
    "https://jane@login.provider.example/": None,
    "the provider": None,
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_the_issuer_is_an_https_url_or_is_not_told(issuer: str) -> None:
    oauth2 = OAuth2(
        issuer=issuer,
        scope="mail",
        authorization_url="https://login.provider.example/a",
        token_url="https://login.provider.example/t",
    )
    both = (*TOKEN, *PASSWORD)
    servers = (an_imap_server(authentication=both), an_smtp_server(authentication=both))
    found = authentication(*servers, oauth2=oauth2)
    expected = ISSUERS[issuer]
    assert found.get("oauth-public") == (None if expected is None else {"issuer": expected})
    assert reasons(*servers, oauth2=oauth2) == ({} if expected else {None: "issuer-unfit"})


# Who the provider is


def info(**changes: Any) -> Any:
    return rendered(an_account(**changes))[0]["info"]


def test_a_short_name_that_is_too_long_is_left_out() -> None:
    name = "A name of 21 letters."
    assert "shortName" not in info(short_name=name)["provider"]
    assert reasons(short_name=name) == {None: "short-name-too-long"}


def test_a_logo_has_the_type_that_its_url_ends_in() -> None:
    logo = "https://www.provider.example/Logo.SVG?v=2"
    assert info(logo_url=logo)["provider"]["logo"] == [{"url": logo, "content-type": "image/svg+xml"}]
    assert reasons(logo_url="https://www.provider.example/logo") == {None: "logo-type-unknown"}


def test_help_is_the_documentation_or_else_the_support_page() -> None:
    support = Support(email="help@provider.example", url="https://help.provider.example/")
    assert info(support=support)["help"] == {"documentation": "https://help.provider.example/"}
    assert "help" not in info()


# Who is asked about


def asked(**changes: str) -> tuple[str, ...]:
    inquiry = PACC.inquire(ClientRequest(**changes))  # type: ignore[arg-type]
    return tuple(domain.ascii for question in inquiry.questions for domain in question.domains)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "emailaddress=jane%40other.example",
        "emailaddress=nonsense",
        "domain=other.example",
        "domain=%ff",
    ],
)
def test_a_customers_host_says_the_domain_alone(query: str) -> None:
    found = asked(host="UA-Auto-Config.customer.example:443", query=query)
    assert found == ("customer.example", "ua-auto-config.customer.example")
    assert asked(host="customer.example", query=query) == ("customer.example",)


@pytest.mark.parametrize(
    "host", [SERVICE_HOST, f"{SERVICE_HOST}:8080", "127.0.0.1:8080", "localhost", "[::1]"]
)
def test_a_domain_may_be_named_where_the_host_is_no_customers(host: str) -> None:
    assert asked(host=host, query="domain=customer.example&emailaddress=a%40b.example") == (
        "customer.example",
    )


def test_a_domain_that_could_not_exist_is_told() -> None:
    reply = PACC.inquire(ClientRequest(host=SERVICE_HOST, query="domain=a_b")).answer(())
    assert (reply.status, reply.body[:7]) == (400, b"domain:")


def test_a_reply_is_public_and_not_to_be_transformed() -> None:
    inquiry = PACC.inquire(ClientRequest(host="ua-auto-config.customer.example"))
    reply = inquiry.answer((ACCOUNTS["minimal"],))
    assert reply.media_type == "application/json"
    assert dict(reply.headers)["Cache-Control"] == "public, max-age=300, no-transform"
    assert not reply.is_personal
    assert inquiry.answer((None,)).status == inquiry.answer((ACCOUNTS["plain-only"],)).status == 404
