"""Which endpoints a domain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.domains import PublishedName
from app.core.names import EmailAddress
from app.core.resolving import resolve
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    LoginForm,
    Server,
    ServerType,
    SocketType,
    WebmailOptions,
)
from app.verification.planning import plan

from builders import (
    a_domain,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_account,
    an_imap_server,
    an_smtp_server,
)

if TYPE_CHECKING:
    from app.core.endpoints import VerificationPlan

PASSWORD = (Authentication.PASSWORD_CLEARTEXT,)


def keys(found: VerificationPlan, *, is_published: bool = True) -> list[str]:
    return [one.endpoint.key for one in found.listings if one.is_published is is_published]


def reasons(found: VerificationPlan) -> list[tuple[str, str]]:
    return [(one.server, one.reason) for one in found.unprobed]


def test_mail_servers_are_listed_in_the_order_of_the_provider() -> None:
    found = plan(an_account())
    assert keys(found) == [
        "imap:imap.provider.example:993:tls",
        "pop3:pop.provider.example:995:tls",
        "smtp:smtp.provider.example:465:tls",
    ]
    assert found.domain.ascii == "customer.example"
    assert [one.server for one in found.listings] == ["imap", "pop3", "smtp"]
    assert found.listings[0].authentication == PASSWORD
    assert found.unprobed == ()


def test_managesieve_is_listed() -> None:
    sieve = an_imap_server(
        key="sieve", type=ServerType.MANAGESIEVE, port=4190, socket_type=SocketType.STARTTLS
    )
    assert keys(plan(an_account(sieve))) == ["managesieve:imap.provider.example:4190:starttls"]


def test_the_domain_is_filled_into_host_names() -> None:
    found = plan(an_account(an_imap_server(hostname="mail.%EMAILDOMAIN%")))
    assert keys(found) == ["imap:mail.customer.example:993:tls"]


def test_a_host_name_that_needs_the_address_is_not_probed_for_the_domain() -> None:
    server = an_imap_server(hostname="%EMAILLOCALPART%.provider.example")
    assert reasons(plan(an_account(server))) == [("imap", "address-needed")]
    found = plan(an_account(server, address="jane@customer.example"))
    assert keys(found) == ["imap:jane.provider.example:993:tls"]


def test_a_url_that_needs_the_address_is_not_probed_for_the_domain() -> None:
    calendars = a_url_server(ServerType.CALDAV, url="https://dav.provider.example/%EMAILADDRESS%/")
    assert reasons(plan(an_account(calendars))) == [("caldav", "address-needed")]
    found = plan(an_account(calendars, address="jane@customer.example"))
    assert keys(found) == ["http:dav.provider.example:443:tls:caldav:/jane@customer.example/"]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://web.example", "http:web.example:443:tls:webmail:/"),
        ("https://WEB.example/A?b=c", "http:web.example:443:tls:webmail:/A?b=c"),
        ("https://web.example:8443/a#part", "http:web.example:8443:tls:webmail:/a"),
        ("http://web.example/a", "http:web.example:80:plain:webmail:/a"),
        ("https://xn--bcher-kva.example/", "http:xn--bcher-kva.example:443:tls:webmail:/"),
        ("https://192.0.2.7/a", "http:192.0.2.7:443:tls:webmail:/a"),
    ],
)
def test_a_url_is_taken_apart(url: str, key: str) -> None:
    webmail = a_url_server(ServerType.WEBMAIL, url=url, authentication=())
    assert keys(plan(an_account(webmail))) == [key]


@pytest.mark.parametrize(
    "server_type",
    [
        ServerType.JMAP,
        ServerType.EWS,
        ServerType.OWA,
        ServerType.MAPI,
        ServerType.ACTIVESYNC,
        ServerType.CALDAV,
        ServerType.CARDDAV,
        ServerType.WEBDAV,
        ServerType.WEBMAIL,
    ],
)
def test_every_web_service_is_listed(server_type: ServerType) -> None:
    (listing,) = plan(an_account(a_url_server(server_type))).listings
    assert listing.endpoint.service is server_type
    promised = () if server_type is ServerType.WEBMAIL else (Authentication.HTTP_BASIC,)
    assert listing.authentication == promised


def a_directory() -> Server:
    return an_imap_server(key="ldap", type=ServerType.LDAP, port=636)


@pytest.mark.parametrize(
    "server",
    [
        a_directory(),
        an_imap_server(key="nntp", type=ServerType.NNTP, port=563),
        an_imap_server(key="xmpp", type=ServerType.XMPP, port=5223),
        a_url_server(ServerType.XMPP, url="wss://chat.example/ws"),
        a_url_server(ServerType.GRAPH),
        a_url_server(ServerType.MATRIX),
    ],
    ids=lambda server: f"{server.type}-{'url' if server.url else 'socket'}",
)
def test_a_type_without_a_probe_is_named(server: Server) -> None:
    found = plan(an_account(server))
    assert found.listings == ()
    assert reasons(found) == [(server.key, "no-probe")]


def an_exchange(**urls: Any) -> Server:
    options = ExchangeOptions(**urls) if urls else None
    return an_imap_server(key="exchange", type=ServerType.EXCHANGE, port=443, options=options)


def test_every_url_behind_an_exchange_entry_is_listed() -> None:
    found = plan(
        an_account(
            an_exchange(
                owa_url="https://ex.example/owa/",
                ews_url="https://ex.example/EWS/Exchange.asmx",
                eas_url="https://ex.example/Microsoft-Server-ActiveSync",
                autodiscover_url="https://ex.example/autodiscover/autodiscover.xml",
            )
        )
    )
    assert keys(found) == [
        "http:ex.example:443:tls:owa:/owa/",
        "http:ex.example:443:tls:ews:/EWS/Exchange.asmx",
        "http:ex.example:443:tls:activesync:/Microsoft-Server-ActiveSync",
        "http:ex.example:443:tls:exchange:/autodiscover/autodiscover.xml",
    ]
    assert {one.server for one in found.listings} == {"exchange"}


def test_an_exchange_entry_without_urls_is_not_probed() -> None:
    assert reasons(plan(an_account(an_exchange()))) == [("exchange", "no-url")]


def test_the_log_in_page_of_web_mail_is_listed_once_with_it() -> None:
    def webmail(form: str) -> Server:
        login = LoginForm(url=form, username="%EMAILADDRESS%")
        options = WebmailOptions(login_form=login)
        return a_url_server(ServerType.WEBMAIL, url="https://web.example/", options=options)

    assert len(plan(an_account(webmail("https://web.example/"))).listings) == 1
    assert keys(plan(an_account(webmail("https://web.example/login")))) == [
        "http:web.example:443:tls:webmail:/",
        "http:web.example:443:tls:webmail:/login",
    ]


def test_equal_endpoints_are_probed_once_and_listed_for_each_server() -> None:
    second = an_imap_server(key="imap-2", authentication=(Authentication.OAUTH2,))
    found = plan(an_account(an_imap_server(), second, an_smtp_server()))
    assert [one.server for one in found.listings] == ["imap", "imap-2", "smtp"]
    assert [one.protocol for one in found.endpoints] == ["imap", "smtp"]


def named(
    published_name: PublishedName, proven: frozenset[str] = frozenset(), **changes: Any
) -> VerificationPlan:
    server = an_imap_server(
        **{"hostname": "mail.%EMAILDOMAIN%", "shared_hostname": "srv12.host.example", **changes}
    )
    domain = a_domain(published_name=published_name)
    return plan(resolve(a_provider(servers=(server,)), domain, proven_hostnames=proven))


OWN, SHARED = "imap:mail.customer.example:993:tls", "imap:srv12.host.example:993:tls"


@pytest.mark.parametrize(
    ("published_name", "proven", "published", "other"),
    [
        (PublishedName.AUTOMATIC, frozenset[str](), [SHARED], [OWN]),
        (PublishedName.AUTOMATIC, frozenset({"mail.customer.example"}), [OWN], [SHARED]),
        (PublishedName.OWN, frozenset[str](), [OWN], [SHARED]),
        (PublishedName.SHARED, frozenset[str](), [SHARED], []),
    ],
)
def test_both_names_of_a_server_are_probed_as_far_as_they_may_be_published(
    published_name: PublishedName, proven: frozenset[str], published: list[str], other: list[str]
) -> None:
    found = named(published_name, proven)
    assert (keys(found), keys(found, is_published=False)) == (published, other)


def test_an_own_name_that_is_the_shared_one_is_listed_once() -> None:
    found = named(PublishedName.AUTOMATIC, hostname="srv12.host.example")
    assert (keys(found), keys(found, is_published=False)) == ([SHARED], [])


def test_an_own_name_that_cannot_be_probed_hides_nothing() -> None:
    found = named(PublishedName.AUTOMATIC, hostname="%EMAILLOCALPART%.customer.example")
    assert (keys(found), reasons(found)) == ([SHARED], [])


def test_variables_are_in_both_names() -> None:
    server = an_imap_server(hostname="mail.%EMAILDOMAIN%", shared_hostname="%NODE%.host.example")
    domain = a_domain(variables={"NODE": "srv12"})
    assert keys(plan(resolve(a_provider(servers=(server,)), domain))) == [SHARED]


def test_a_mailbox_has_a_plan_too() -> None:
    account = an_account(a_pop3_server(), address="jane@customer.example")
    assert account.address == EmailAddress.parse("jane@customer.example")
    assert keys(plan(account)) == ["pop3:pop.provider.example:995:tls"]


def test_a_plan_is_the_same_every_time() -> None:
    account = an_account(an_imap_server(), an_exchange(owa_url="https://ex.example/owa/"), a_directory())
    assert plan(account) == plan(account)
