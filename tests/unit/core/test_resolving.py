from __future__ import annotations

from typing import Any

import pytest
from app.core.account import AccountSettings, ListedDomain
from app.core.domains import Domain, PublishedName
from app.core.errors import InvalidInput
from app.core.names import DomainName, EmailAddress
from app.core.resolving import check_resolvable, login_address, possible_settings, resolve
from app.core.servers import (
    Authentication,
    ExchangeOptions,
    LoginForm,
    Server,
    ServerType,
    WebmailOptions,
)

from builders import (
    a_domain,
    a_mailbox,
    a_pop3_server,
    a_provider,
    a_url_server,
    an_imap_server,
    an_smtp_server,
)

JANE = EmailAddress.parse("jane@customer.example")


def keys(account: AccountSettings) -> list[str]:
    return [server.key for server in account.servers]


def test_a_domain_has_its_providers_servers_in_their_order() -> None:
    provider = a_provider(servers=(an_smtp_server(), an_imap_server()))
    account = resolve(provider, a_domain())
    assert account.servers == provider.servers
    assert (account.domain.ascii, account.address, account.login_address) == ("customer.example", None, None)
    assert account.withheld == ()
    assert not account.login_differs


def own(*servers: Server, **changes: Any) -> Domain:
    return a_domain(servers=servers, **changes)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ((), ["imap", "imap-2", "pop3", "smtp"]),
        ((an_imap_server(key="own"),), ["own", "pop3", "smtp"]),
        ((an_smtp_server(key="own"),), ["imap", "imap-2", "pop3", "own"]),
        ((an_imap_server(key="b"), a_pop3_server(key="c"), an_imap_server(key="a")), ["b", "a", "c", "smtp"]),
        ((a_url_server(key="ews"),), ["imap", "imap-2", "pop3", "smtp", "ews"]),
    ],
)
def test_own_servers_take_the_place_of_all_of_their_type(
    servers: tuple[Server, ...], expected: list[str]
) -> None:
    provider = a_provider(
        servers=(an_imap_server(), an_imap_server(key="imap-2"), a_pop3_server(), an_smtp_server())
    )
    assert keys(resolve(provider, own(*servers))) == expected
    # A mailbox's own go before the domain's in the same way.
    mailbox = a_mailbox(servers=servers)
    assert keys(resolve(provider, a_domain(), address=JANE, mailbox=mailbox)) == expected
    assert (
        keys(resolve(provider, own(an_imap_server(key="x")), address=JANE, mailbox=mailbox))[-1]
        == expected[-1]
    )


def test_an_alias_has_its_targets_servers_and_variables() -> None:
    provider = a_provider(
        servers=(an_imap_server(hostname="%NODE%.%ZONE%.example"),), variables={"ZONE": "z"}
    )
    target = a_domain("target.example", variables={"NODE": "srv1"})
    alias = a_domain("alias.example", alias_of=target.name, variables={"ZONE": "other"})
    account = resolve(provider, alias, target=target)
    assert account.servers[0].hostname == "srv1.other.example"
    assert account.domain.ascii == "alias.example"


def test_the_nearest_variable_counts() -> None:
    provider = a_provider(
        servers=(an_imap_server(hostname="%A%.%B%.%C%.example"),), variables={"A": "p", "B": "p", "C": "p"}
    )
    domain = a_domain(variables={"B": "d", "C": "d"})
    mailbox = a_mailbox(variables={"C": "m"})
    account = resolve(provider, domain, address=JANE, mailbox=mailbox)
    assert account.servers[0].hostname == "p.d.m.example"


def test_variables_are_filled_in_everywhere_and_standard_placeholders_stay() -> None:
    form = LoginForm(
        url="https://%NODE%.example/login",
        redirection_prefix="https://%NODE%.example/in",
        username="%NODE%-%EMAILADDRESS%",
    )
    provider = a_provider(
        servers=(
            an_imap_server(
                hostname="%NODE%.%EMAILDOMAIN%",
                shared_hostname="%NODE%.shared.example",
                username="%NODE%+%EMAILLOCALPART%",
            ),
            a_url_server(url="https://%NODE%.example/?d=%EMAILDOMAIN%"),
            an_imap_server(
                key="exchange",
                type=ServerType.EXCHANGE,
                options=ExchangeOptions(
                    owa_url="https://%NODE%.example/owa",
                    ews_url="https://%NODE%.example/ews",
                    eas_url="https://%NODE%.example/eas",
                    autodiscover_url="https://%NODE%.example/autodiscover.xml",
                ),
            ),
            Server(
                key="webmail",
                type=ServerType.WEBMAIL,
                url="https://%NODE%.example/",
                options=WebmailOptions(login_form=form),
            ),
            Server(
                key="bare",
                type=ServerType.WEBMAIL,
                url="https://a.example/",
                options=WebmailOptions(login_form=LoginForm(url="https://a.example/", username="%NODE%")),
            ),
        )
    )
    imap, ews, exchange, webmail, bare = resolve(
        provider, own(variables={"NODE": "srv1"}, published_name=PublishedName.OWN)
    ).servers
    assert (imap.hostname, imap.shared_hostname) == ("srv1.%EMAILDOMAIN%", "srv1.shared.example")
    assert imap.username == "srv1+%EMAILLOCALPART%"
    assert ews.url == "https://srv1.example/?d=%EMAILDOMAIN%"
    assert exchange.options == ExchangeOptions(
        owa_url="https://srv1.example/owa",
        ews_url="https://srv1.example/ews",
        eas_url="https://srv1.example/eas",
        autodiscover_url="https://srv1.example/autodiscover.xml",
    )
    assert isinstance(webmail.options, WebmailOptions)
    assert webmail.options.login_form == LoginForm(
        url="https://srv1.example/login",
        redirection_prefix="https://srv1.example/in",
        username="srv1-%EMAILADDRESS%",
    )
    assert isinstance(bare.options, WebmailOptions)
    assert bare.options.login_form.username == "srv1"


def test_a_server_without_its_variable_is_withheld_and_the_others_are_not() -> None:
    provider = a_provider(servers=(an_imap_server(hostname="%B%.%A%.example"), an_smtp_server()))
    account = resolve(provider, a_domain())
    assert keys(account) == ["smtp"]
    (omission,) = account.withheld
    assert (omission.server, omission.reason) == ("imap", "variable-missing")
    assert omission.detail == "must define A, B, which server imap needs"


@pytest.mark.parametrize("value", ["a b", "-", "a_b", "a" * 64, "<b>", "a..b"])
def test_a_server_that_a_variable_makes_invalid_is_withheld(value: str) -> None:
    provider = a_provider(servers=(an_imap_server(hostname="%NODE%.example"), an_smtp_server()))
    account = resolve(provider, a_domain(variables={"NODE": value}))
    assert keys(account) == ["smtp"]
    (omission,) = account.withheld
    assert (omission.server, omission.reason) == ("imap", "variable-unfit")
    assert omission.detail.startswith("must fit server imap, whose ")


def test_a_variable_is_brought_into_normal_form_in_a_host_name() -> None:
    provider = a_provider(servers=(an_imap_server(hostname="%NODE%.example"),))
    account = resolve(provider, a_domain(variables={"NODE": "SRV1.Büro"}))
    assert account.servers[0].hostname == "srv1.xn--bro-hoa.example"


def test_a_mailboxs_login_is_every_servers_that_has_one() -> None:
    provider = a_provider(
        servers=(
            an_imap_server(),
            an_smtp_server(username=None, authentication=(Authentication.NONE,)),
        ),
        variables={"NODE": "srv1"},
    )
    account = resolve(provider, a_domain(), address=JANE, mailbox=a_mailbox(login="%NODE%-%EMAILLOCALPART%"))
    assert [server.username for server in account.servers] == ["srv1-%EMAILLOCALPART%", None]


def test_a_mailboxs_login_that_lacks_a_variable_is_not_published() -> None:
    account = resolve(a_provider(), a_domain(), address=JANE, mailbox=a_mailbox(login="%NODE%-jane"))
    assert account.servers == ()
    assert {omission.reason for omission in account.withheld} == {"variable-missing"}
    with pytest.raises(InvalidInput, match="must define NODE"):
        check_resolvable(a_provider(), a_domain(), mailbox=a_mailbox(login="%NODE%-jane"))


OWN, SHARED = "mail.%EMAILDOMAIN%", "srv1.shared.example"


@pytest.mark.parametrize(
    ("published", "proven", "expected"),
    [
        (PublishedName.OWN, (), OWN),
        (PublishedName.SHARED, ("mail.customer.example",), SHARED),
        (PublishedName.AUTOMATIC, (), SHARED),
        (PublishedName.AUTOMATIC, ("mail.other.example",), SHARED),
        (PublishedName.AUTOMATIC, ("mail.customer.example",), OWN),
    ],
)
def test_the_own_name_is_published_where_it_is_wanted_or_proven(
    published: PublishedName, proven: tuple[str, ...], expected: str
) -> None:
    provider = a_provider(servers=(an_imap_server(hostname=OWN, shared_hostname=SHARED), an_smtp_server()))
    account = resolve(provider, a_domain(published_name=published), proven_hostnames=frozenset(proven))
    assert [server.hostname for server in account.servers] == [expected, "smtp.provider.example"]


def test_the_types_of_withheld_servers_are_stored_ones() -> None:
    provider = a_provider(
        servers=(
            an_imap_server(hostname="%NODE%.example"),
            an_smtp_server(hostname=f"{'long.' * 47}%EMAILDOMAIN%"),
            a_url_server(ServerType.CALDAV),
        )
    )
    account = resolve(provider, a_domain("long-customer.example"))
    assert {found.reason for found in account.withheld} == {"variable-missing", "name-unfit"}
    assert account.withheld_types == {ServerType.IMAP, ServerType.SMTP}
    assert account.stored_types == {ServerType.IMAP, ServerType.SMTP, ServerType.CALDAV}


def hostnames(account: AccountSettings) -> list[str | None]:
    return [server.hostname for server in account.servers]


NODE = "%NODE%.shared.example"
TWO_NAMES = (
    an_imap_server(hostname="imap.%EMAILDOMAIN%", shared_hostname=NODE),
    an_smtp_server(hostname="smtp.%EMAILDOMAIN%", shared_hostname=NODE),
    a_pop3_server(),
)
OWN_NAMES = ["imap.%EMAILDOMAIN%", "smtp.%EMAILDOMAIN%", "pop.provider.example"]
SHARED_NAMES = [SHARED, SHARED, "pop.provider.example"]


@pytest.mark.parametrize(
    ("proven", "expected"),
    [
        ((), [SHARED_NAMES, OWN_NAMES]),
        (("imap.customer.example", "smtp.customer.example"), [OWN_NAMES, SHARED_NAMES]),
        (("imap.customer.example",), [[OWN_NAMES[0], *SHARED_NAMES[1:]], OWN_NAMES, SHARED_NAMES]),
    ],
)
def test_a_domain_may_have_all_of_its_own_names_or_none(
    proven: tuple[str, ...], expected: list[list[str]]
) -> None:
    domain = a_domain(variables={"NODE": "srv1"}, published_name=PublishedName.AUTOMATIC)
    account = resolve(a_provider(servers=TWO_NAMES), domain, proven_hostnames=frozenset(proven))
    possible = possible_settings(account)
    assert possible[0] is account
    assert [hostnames(one) for one in possible] == expected


@pytest.mark.parametrize("published", [PublishedName.OWN, PublishedName.SHARED])
def test_a_domain_whose_names_are_decided_has_one_set_of_settings(published: PublishedName) -> None:
    domain = a_domain(variables={"NODE": "srv1"}, published_name=published)
    account = resolve(a_provider(servers=TWO_NAMES), domain)
    assert possible_settings(account) == (account,)


def test_an_own_name_that_is_too_long_is_withheld_where_it_would_be_published() -> None:
    long = an_imap_server(hostname=f"{'long.' * 47}%EMAILDOMAIN%", shared_hostname=SHARED)
    domain = a_domain("long-customer.example", published_name=PublishedName.AUTOMATIC)
    present, other = possible_settings(resolve(a_provider(servers=(long, an_smtp_server())), domain))
    assert hostnames(present) == [SHARED, "smtp.provider.example"]
    assert hostnames(other) == ["smtp.provider.example"]


def test_other_domains_are_listed_where_the_provider_says_so() -> None:
    listed = (ListedDomain(name=DomainName("other.example")),)
    for wanted in (True, False):
        account = resolve(a_provider(list_domains=wanted), a_domain(serves_mx=wanted), listed_domains=listed)
        assert account.listed_domains == (listed if wanted else ())
        assert account.serves_mx is wanted


@pytest.mark.parametrize(
    ("settings", "typed", "expected"),
    [
        ({}, "Jane+News", "Jane+News"),
        ({"subaddress_separator": "+"}, "Jane+News", "Jane"),
        ({"lowercase_login": True}, "Jane+News", "jane+news"),
        ({"lowercase_login": True, "subaddress_separator": "+"}, "Jane+News", "jane"),
        ({"subaddress_separator": "-"}, "Jane+News", "Jane+News"),
        ({"subaddress_separator": "+"}, "a.+b", "a.+b"),
    ],
)
def test_servers_know_an_address_as_the_provider_says(
    settings: dict[str, Any], typed: str, expected: str
) -> None:
    address = EmailAddress.parse(f"{typed}@customer.example")
    provider = a_provider(**settings)
    login = login_address(provider, address)
    assert login is not None
    assert login.local_part == expected
    assert resolve(provider, a_domain(), address=address).login_differs is (expected != typed)
    assert login_address(provider, None) is None


def test_a_domain_that_could_not_be_published_is_refused_with_every_reason() -> None:
    provider = a_provider(
        servers=(an_imap_server(hostname="%A%.example"), an_smtp_server(hostname="%B%.example"))
    )
    with pytest.raises(InvalidInput) as refused:
        check_resolvable(provider, a_domain(variables={"B": "-"}))
    assert [issue.field for issue in refused.value.issues] == ["variables", "variables"]
    assert "must define A" in refused.value.issues[0].rule
    assert "must fit server smtp" in refused.value.issues[1].rule
    check_resolvable(provider, a_domain(variables={"A": "a", "B": "b"}))


def test_a_server_whose_user_name_would_begin_with_a_space_is_withheld_for_that_address() -> None:
    # A no-break space, which mail addresses beyond ASCII may hold.
    address = EmailAddress.parse("\u00a0@customer.example")
    servers = (an_imap_server(username="%EMAILLOCALPART%.%EMAILDOMAIN%"), an_smtp_server(username="box7"))
    account = resolve(a_provider(servers=servers), a_domain(), address=address)
    assert [server.key for server in account.servers] == ["smtp"]
    assert [omission.reason for omission in account.withheld] == ["name-unfit"]
