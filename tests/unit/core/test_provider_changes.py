from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from app.core.domains import PublishedName
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.provider_changes import Dependent, OwnServerChecks, ProviderChange, ValueSet
from app.core.servers import Authentication, ServerType

from builders import a_domain, a_mailbox, a_provider, an_imap_server, an_smtp_server

NODE_SERVER = an_imap_server(hostname="%NODE%.provider.example")
OWN_SERVER = an_imap_server(hostname="%NODE%.%EMAILDOMAIN%")


def a_set(values: dict[str, str], **others: Any) -> ValueSet:
    parts: dict[str, Any] = {
        "published_name": PublishedName.AUTOMATIC,
        "own_types": frozenset(),
        "names": (DomainName("customer.example"),),
    }
    return ValueSet(values=values, **{**parts, **others})


def test_a_value_is_lost_where_it_goes_or_changes_and_not_where_it_comes() -> None:
    change = ProviderChange(
        a_provider(variables={"SAME": "1", "CHANGES": "1", "GOES": "1"}),
        a_provider(variables={"SAME": "1", "CHANGES": "2", "COMES": "1"}),
    )
    assert change.lost == {"CHANGES", "GOES"}
    assert change.changed == {"CHANGES", "GOES", "COMES"}


@pytest.mark.parametrize(
    "server",
    [
        NODE_SERVER,
        replace(NODE_SERVER, port=143),
        replace(NODE_SERVER, authentication=(Authentication.OAUTH2,)),
    ],
)
def test_what_is_no_text_affects_nobody(server: Any) -> None:
    assert ProviderChange(a_provider(servers=(NODE_SERVER,)), a_provider(servers=(server,))).affected() == ()


def test_a_text_without_values_affects_nobody() -> None:
    changed = a_provider(servers=(an_imap_server(hostname="b.example", username="%EMAILLOCALPART%"),))
    assert ProviderChange(a_provider(), changed).affected() == ()


def test_servers_with_other_texts_are_told_from_those_with_other_values() -> None:
    smtp = an_smtp_server(hostname="%NODE%.provider.example", username="%USER%")
    before = a_provider(servers=(an_imap_server(), smtp), variables={"NODE": "srv1", "USER": "u"})
    after = a_provider(servers=(NODE_SERVER, smtp), variables={"USER": "u"})
    rewritten, refilled = ProviderChange(before, after).affected()
    assert (rewritten.servers, refilled.servers) == ((NODE_SERVER,), (smtp,))
    assert (rewritten.query.names, rewritten.query.lacking) == (("NODE",), ())
    assert (refilled.query.names, refilled.query.lacking) == (("NODE", "USER"), ("NODE",))
    assert refilled.query.types == (ServerType.SMTP,)
    assert rewritten.comparing_query.names == ("NODE", "USER")
    assert rewritten.comparing_query.types == (ServerType.IMAP, ServerType.SMTP)


def test_a_set_fits_where_each_server_does_that_it_has_none_of_its_own_for() -> None:
    imap, pop3 = NODE_SERVER, an_imap_server(key="pop3", type=ServerType.POP3, hostname=NODE_SERVER.hostname)
    smtp = an_smtp_server(hostname="%OTHER%.provider.example")
    (affected,) = ProviderChange(a_provider(servers=()), a_provider(servers=(imap, pop3, smtp))).affected()
    unfit = {"NODE": "srv_1", "OTHER": "a"}
    types = (ServerType.IMAP, ServerType.POP3)
    for own, fits in ((types[:0], False), (types[:1], False), (types[1:], False), (types, True)):
        assert affected.fit(a_set(unfit, own_types=frozenset(own))) is fits
    assert not affected.fit(a_set({"NODE": "a", "OTHER": "srv_1"}))


def test_a_set_is_refused_only_for_what_it_loses() -> None:
    change = ProviderChange(
        a_provider(servers=(an_imap_server(hostname="%OLD%.provider.example"),)),
        a_provider(servers=(NODE_SERVER,)),
    )
    (affected,) = change.affected()
    fitting, lacking, losing = a_set({"NODE": "srv1"}), a_set({}), a_set({"OLD": "srv1"})
    assert [affected.fit(found) for found in (fitting, lacking, losing)] == [True, False, False]
    affected.check(fitting)
    affected.check(lacking)
    with pytest.raises(InvalidInput, match=r"^servers\.0: needs the variable NODE"):
        affected.check(losing)


def test_a_server_under_another_key_is_worse_only_where_another_was_published() -> None:
    renamed = replace(NODE_SERVER, key="renamed")
    for before, is_worse in (
        ((NODE_SERVER,), False),
        ((), True),
        ((an_smtp_server(hostname="%NODE%.provider.example"),), False),
        ((NODE_SERVER, an_imap_server(key="other")), True),
    ):
        (affected,) = ProviderChange(a_provider(servers=before), a_provider(servers=(renamed,))).affected()
        if is_worse:
            with pytest.raises(InvalidInput, match=r"^servers\.0"):
                affected.check(a_set({}))
        else:
            affected.check(a_set({}))


@pytest.mark.parametrize(
    ("dependent", "message"),
    [
        (Dependent(domain=a_domain(servers=(OWN_SERVER,))), "for customer.example"),
        (
            Dependent(domain=a_domain("alias.example"), target=a_domain(servers=(OWN_SERVER,))),
            "for alias.example",
        ),
        (Dependent(domain=a_domain(), mailbox=a_mailbox(servers=(OWN_SERVER,))), "for a mailbox of"),
        (Dependent(domain=a_domain(), mailbox=a_mailbox(login="%NODE%-j")), "for a mailbox of"),
    ],
)
def test_own_servers_are_refused_only_for_what_they_lose(dependent: Dependent, message: str) -> None:
    before, after = a_provider(variables={"NODE": "srv1"}), a_provider()
    with pytest.raises(InvalidInput, match=rf"^variables: must define NODE.*{message}"):
        OwnServerChecks(ProviderChange(before, after)).check(dependent)
    OwnServerChecks(ProviderChange(after, a_provider(variables={"X": "x"}))).check(dependent)


def test_of_owners_that_are_alike_each_kind_is_checked() -> None:
    checks = OwnServerChecks(ProviderChange(a_provider(variables={"NODE": "a"}), a_provider()))
    fitting = a_domain(servers=(NODE_SERVER,), variables={"NODE": "srv1"})
    checks.check(Dependent(domain=fitting))
    checks.check(Dependent(domain=replace(fitting, reference="other")))
    with pytest.raises(InvalidInput):
        checks.check(Dependent(domain=replace(fitting, variables={})))


def test_owners_with_other_names_are_not_alike() -> None:
    short, long = "customer.example", ".".join(["x" * 60] * 4)
    change = ProviderChange(a_provider(variables={"NODE": "a"}), a_provider(variables={"NODE": "a" * 20}))
    checks = OwnServerChecks(change)
    checks.check(Dependent(domain=a_domain(short, servers=(OWN_SERVER,))))
    with pytest.raises(InvalidInput, match=r"^variables: must fit server imap"):
        checks.check(Dependent(domain=a_domain(long, servers=(OWN_SERVER,))))
    shared = a_domain(long, servers=(an_imap_server(shared_hostname=OWN_SERVER.hostname),))
    checks.check(Dependent(domain=replace(shared, published_name=PublishedName.OWN)))
    with pytest.raises(InvalidInput, match=r"^variables: must fit server imap"):
        checks.check(Dependent(domain=shared))
