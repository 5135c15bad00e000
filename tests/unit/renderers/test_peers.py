from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput
from app.core.provider import Page
from app.core.servers import (
    Authentication,
    ImapOptions,
    LdapOptions,
    Server,
    ServerType,
    SmtpOptions,
    SocketType,
)
from app.renderers.peers.automx import render_automx
from app.renderers.peers.automx2 import render_seed, render_sql
from app.renderers.peers.monogramm import render_monogramm
from app.renderers.peers.postfix import render_postfix

from builders import a_pop3_server, a_provider, a_url_server, an_imap_server, an_smtp_server
from leaving import WAYS, a_household, in_order, servers_by_domain

if TYPE_CHECKING:
    from app.core.leaving import Household, PeerFile

BASIC = (Authentication.HTTP_BASIC,)
IMAP = an_imap_server(hostname="imap.p.example")
SMTP = an_smtp_server(hostname="smtp.p.example", socket_type=SocketType.STARTTLS, port=587)
POP3 = a_pop3_server(hostname="pop.p.example")
CALDAV = a_url_server(
    ServerType.CALDAV,
    url="https://dav.p.example/%EMAILADDRESS%/",
    authentication=BASIC,
    username="%EMAILADDRESS%",
)
SECOND = an_imap_server(key="imap-2", hostname="imap2.p.example", socket_type=SocketType.STARTTLS, port=143)
OWN = an_imap_server(hostname="mail.%EMAILDOMAIN%", username="%EMAILLOCALPART%")
DIRECTORY = Server(
    key="ldap",
    type=ServerType.LDAP,
    hostname="ldap.p.example",
    port=636,
    socket_type=SocketType.TLS,
    authentication=(Authentication.PASSWORD_CLEARTEXT,),
    username="uid=%EMAILLOCALPART%,ou=people,dc=p",
    options=LdapOptions(search_base="dc=p"),
)
SAYABLE: dict[str, tuple[tuple[Server, ...], dict[str, tuple[Server, ...]]]] = {
    "automx2-sql": ((IMAP, SECOND, SMTP, CALDAV), {"a.example": (), "b.example": (OWN,), "c.example": ()}),
    "automx2-seed": ((IMAP, SECOND, SMTP, CALDAV), {"a.example": (), "c.example": ()}),
    "automx": ((SMTP, IMAP, SECOND, POP3, CALDAV), {"a.example": (), "b.example": (OWN,), "c.example": ()}),
    "monogramm": ((IMAP, POP3, SMTP, DIRECTORY), {"a.example": ()}),
}


def sent(household: Household) -> dict[str, list[Server]]:
    return {one.domain.name.ascii: in_order(one.servers) for one in household.holdings}


def reasons(written: PeerFile) -> dict[str, str]:
    return {loss.subject: loss.reason for loss in written.losses}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_form_can_say_comes_back_as_it_was_and_nothing_is_lost(way: str) -> None:
    usual, domains = SAYABLE[way]
    household = a_household(a_provider(servers=usual), domains)
    render, read = WAYS[way]
    written = render([household])
    assert written.losses == ()
    assert written.domains == len(domains)
    found = read(written.data)
    assert found.losses == ()
    assert servers_by_domain(found) == sent(household)
    assert found.providers[0].display_name == household.provider.display_name


def test_several_providers_come_back_with_their_domains() -> None:
    households = [
        a_household(a_provider(slug=slug, display_name=f"Mail {slug}", servers=(IMAP, SMTP)), {name: ()})
        for slug, name in (("one", "one.example"), ("two", "two.example"))
    ]
    for way in ("automx2-sql", "automx"):
        render, read = WAYS[way]
        found = read(render(households).data)
        assert [provider.display_name for provider in found.providers] == ["Mail one", "Mail two"]


@pytest.mark.parametrize("render", [render_seed, render_monogramm])
def test_a_form_of_one_provider_refuses_several(render: object) -> None:
    household = a_household(a_provider(), {})
    assert callable(render)
    with pytest.raises(InvalidInput, match="--provider: must be one"):
        render([household, household])


@pytest.mark.parametrize("way", [way for way in WAYS if way != "monogramm"])
def test_servers_without_a_place_and_further_methods_are_told(way: str) -> None:
    several = an_imap_server(authentication=(Authentication.OAUTH2, Authentication.PASSWORD_CLEARTEXT))
    provider = a_provider(
        servers=(
            several,
            an_smtp_server(authentication=(Authentication.SMTP_AFTER_POP,)),
            a_url_server(ServerType.EWS),
            a_url_server(ServerType.CARDDAV, key="carddav", authentication=(Authentication.OAUTH2,)),
        ),
        documentation=(Page(url="https://help.p.example"),),
    )
    found = reasons(WAYS[way][0]([a_household(provider, {"a.example": ()})]))
    assert any("ews" in subject for subject in found)
    assert any("carddav" in subject for subject in found)
    assert any("alone" in reason or "one way" in reason for reason in found.values())


def test_options_and_logins_that_have_no_place_are_told() -> None:
    odd = an_imap_server(options=ImapOptions(path_prefix="INBOX."), username="DOMAIN\\%u %EMAILLOCALPART%")
    open_smtp = an_smtp_server(username=None, options=SmtpOptions(restriction="own lines"))
    household = a_household(a_provider(servers=(odd, open_smtp)), {"a.example": ()})
    by_sql, by_file = reasons(render_sql([household])), reasons(render_automx([household]))
    imap = f"provider provider, server imap {odd.hostname}"
    smtp = f"provider provider, server smtp {open_smtp.hostname}"
    assert "backslash" in by_sql[imap]
    assert "characters that automx replaces" in by_file[imap]
    assert "needs no login" in by_sql[smtp]
    assert "options" in by_file[smtp]


def test_the_wish_for_one_outgoing_server_is_written_for_automx() -> None:
    wish = an_smtp_server(options=SmtpOptions(use_global_preferred_server=True))
    written = render_automx([a_household(a_provider(servers=(wish,)), {"a.example": ()})])
    assert b"smtp_default = yes" in written.data
    assert written.losses == ()


def test_a_name_with_macros_is_written_without_them() -> None:
    provider = a_provider(display_name="100%sure", short_name="a\\b", servers=(IMAP,))
    household = a_household(provider, {"a.example": ()})
    assert b"account_name = 100sure\n" in render_automx([household]).data
    assert b"'a/b'" in render_sql([household]).data


def test_domains_without_a_server_that_automx_knows_are_left_out() -> None:
    written = render_automx([a_household(a_provider(servers=(a_url_server(),)), {"a.example": ()})])
    assert "domain a.example" in reasons(written)
    assert written.domains == 0


def test_a_seed_has_neither_domains_of_their_own_nor_odd_ports() -> None:
    odd = an_imap_server(port=10993)
    household = a_household(
        a_provider(servers=(odd, SMTP)), {"a.example": (), "b.example": (), "c.example": (OWN,)}
    )
    found = reasons(render_seed([household]))
    assert f"server imap {odd.hostname}" in str(list(found))
    assert "SQL can" in found["provider provider, domain c.example"]


def test_a_seed_says_neither_logins_nor_methods_for_automx2_reads_none_of_them() -> None:
    servers = (
        an_imap_server(hostname="imap.p.example", username="%EMAILLOCALPART%"),
        an_smtp_server(hostname="smtp.p.example", port=465, authentication=(Authentication.NTLM,)),
        a_url_server(ServerType.CALDAV, authentication=BASIC, username=None),
    )
    pages = (Page(url="https://help.p.example"),)
    written = render_seed([a_household(a_provider(servers=servers, documentation=pages), {"a.example": ()})])
    assert json.loads(written.data)["servers"] == []
    found = reasons(written)
    assert "logged in to with %EMAILLOCALPART%" in found["provider provider, server imap imap.p.example"]
    assert "a login" in found["provider provider, server smtp smtp.p.example"]
    assert any("caldav" in subject for subject in found)
    assert found["provider provider, documentation"] == "has no place there"


def test_variables_say_one_set_of_plain_logins() -> None:
    provider = a_provider(
        servers=(IMAP, SECOND, an_smtp_server(username="fixed"), a_url_server(ServerType.ACTIVESYNC)),
        display_name="It's “#1”",
        documentation=(Page(url="https://help.p.example/?a=b"),),
    )
    written = render_monogramm(
        [a_household(provider, {"a.example": (), "b.example": (), "c.example": (OWN,)})]
    )
    found = reasons(written)
    assert "further one" in found["server imap imap2.p.example"]
    assert "servers of its own" in found["domain c.example"]
    assert any("logged in to" in reason for reason in found.values())
    text = written.data.decode()
    assert "COMPANY_NAME='It\u2019s “#1”'\n" in text
    assert "SUPPORT_URL='https://help.p.example/?a=b'\n" in text


def test_a_lookup_table_has_the_active_domains() -> None:
    written = render_postfix([a_household(a_provider(), {"b.example": (), "a.example": ()})])
    assert written.data == b"a.example OK\nb.example OK\n"
