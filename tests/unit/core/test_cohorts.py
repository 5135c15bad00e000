from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.cohorts import CohortListing, cohort_key, cohort_state, cohort_words, proven_hostnames
from app.core.domains import DomainStatus, PublishedName
from app.core.reports import State
from app.core.resolving import resolve
from app.verification.planning import plan
from hypothesis import given
from hypothesis import strategies as st

from builders import a_domain, a_provider, an_imap_server, an_smtp_server

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.core.domains import Domain
    from app.core.provider import Provider

NODES = a_provider(
    servers=(an_imap_server(hostname="%NODE%.host.example"), an_smtp_server(username="%LOGIN%"))
)
OWN_NAMES = a_provider(
    servers=(an_imap_server(hostname="mail.%EMAILDOMAIN%", shared_hostname="%NODE%.host.example"),),
    variables={"NODE": "srv1"},
)


def key(provider: Provider, name: str = "a.example", **changes: Any) -> str | None:
    return cohort_key(provider, a_domain(name, **changes))


def test_what_servers_name_is_told_by_what_it_does() -> None:
    assert cohort_words(NODES.servers) == ("=NODE", "?LOGIN")
    assert cohort_words(OWN_NAMES.servers) == ("=NODE", "@")


def test_domains_on_one_node_are_of_one_cohort() -> None:
    on_node = {"NODE": "srv1", "LOGIN": "x"}
    first = key(NODES, "a.example", variables=on_node)
    assert first == key(NODES, "b.example", variables={**on_node, "LOGIN": "y", "CUSTOMER": "4711"})
    assert first != key(NODES, "c.example", variables={**on_node, "NODE": "srv2"})
    # A server that lacks a variable is not published at all.
    assert first != key(NODES, "d.example", variables={"NODE": "srv1"})


def test_domains_with_host_names_of_their_own_are_each_for_itself() -> None:
    assert key(OWN_NAMES, "a.example") != key(OWN_NAMES, "b.example")


def test_own_servers_and_the_choice_of_names_part_domains() -> None:
    keys = {
        key(NODES),
        key(NODES, servers=(an_imap_server(),)),
        key(NODES, published_name=PublishedName.OWN),
    }
    assert len(keys) == 3


def test_a_suspended_domain_is_of_none_nor_is_its_alias() -> None:
    suspended = a_domain("a.example", status=DomainStatus.SUSPENDED)
    assert cohort_key(NODES, suspended) is None
    assert cohort_key(NODES, a_domain("b.example", alias_of=suspended.name), suspended) is None


def test_an_alias_is_of_its_targets_cohort_where_nothing_is_its_own() -> None:
    target = a_domain("a.example", variables={"NODE": "srv1"})
    alias = a_domain("b.example", alias_of=target.name)
    assert cohort_key(NODES, alias, target) == cohort_key(NODES, target)


VARIABLES = st.dictionaries(st.sampled_from(["NODE", "LOGIN", "CUSTOMER"]), st.sampled_from(["x", "y"]))
DOMAINS = st.builds(
    a_domain,
    st.sampled_from(["a.example", "b.example"]),
    variables=VARIABLES,
    published_name=st.sampled_from(PublishedName),
    servers=st.sampled_from([(), (an_imap_server(hostname="%NODE%.own.example"),)]),
)


@given(st.sampled_from([NODES, OWN_NAMES]), DOMAINS, DOMAINS)
def test_domains_of_one_cohort_list_the_same(provider: Provider, first: Domain, second: Domain) -> None:
    if cohort_key(provider, first) != cohort_key(provider, second):
        return
    settings = [resolve(provider, domain) for domain in (first, second)]
    assert plan(settings[0]).listings == plan(settings[1]).listings
    assert own_names(settings[0]) == own_names(settings[1])


def own_names(settings: AccountSettings) -> dict[str, str]:
    return {server: settings.expanded(name) for server, name in settings.own_hostnames.items()}


def a_listing(hostname: str, own: str | None = None, **changes: Any) -> CohortListing:
    values: dict[str, Any] = {
        "hostname": hostname,
        "own_hostname": own,
        "is_published": own is None,
        "endpoint_state": State.GOOD,
        "promise_state": State.GOOD,
        "is_proven": False,
    }
    return CohortListing(**{**values, **changes})


def test_an_own_name_is_proven_by_all_its_endpoints_or_not_at_all() -> None:
    imap, smtp = (a_listing("mail.a.example", "mail.a.example", is_proven=True) for _ in range(2))
    shared = a_listing("srv1.host.example", "mail.a.example", is_proven=True)
    assert proven_hostnames([imap, smtp, shared]) == {"mail.a.example"}
    unproven = a_listing("mail.a.example", "mail.a.example")
    assert proven_hostnames([imap, unproven, shared]) == frozenset()
    assert proven_hostnames([a_listing("imap.host.example", is_proven=True)]) == frozenset()


@pytest.mark.parametrize(
    ("proven", "wanted"), [(frozenset(), State.GOOD), (frozenset({"mail.a.example"}), State.BAD)]
)
def test_only_the_name_that_clients_are_given_counts(proven: frozenset[str], wanted: State) -> None:
    own = a_listing("mail.a.example", "mail.a.example", endpoint_state=State.BAD)
    shared = a_listing("srv1.host.example", "mail.a.example")
    assert cohort_state([own, shared], proven) is wanted


def test_a_broken_promise_counts_like_a_broken_server() -> None:
    listings = [a_listing("imap.host.example", promise_state=State.WARNING), a_listing("smtp.host.example")]
    assert cohort_state(listings, frozenset()) is State.WARNING
    assert cohort_state([], frozenset()) is State.UNTESTED
