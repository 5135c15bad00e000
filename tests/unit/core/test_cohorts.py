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
        "is_disproven": False,
    }
    return CohortListing(**{**values, **changes})


OWN = "mail.a.example"
NONE: frozenset[str] = frozenset()


def test_an_own_name_is_proven_by_all_its_endpoints_or_not_at_all() -> None:
    imap, smtp = (a_listing(OWN, OWN, is_proven=True) for _ in range(2))
    shared = a_listing("srv1.host.example", OWN, is_proven=True)
    assert proven_hostnames([imap, smtp, shared], NONE) == {OWN}
    unproven = a_listing(OWN, OWN)
    assert proven_hostnames([imap, unproven, shared], NONE) == NONE
    assert proven_hostnames([a_listing("imap.host.example", is_proven=True)], NONE) == NONE


def test_an_endpoint_that_was_not_judged_yet_leaves_the_choice_as_it_was() -> None:
    imap, pop3 = a_listing(OWN, OWN, is_proven=True), a_listing(OWN, OWN)
    assert proven_hostnames([imap, pop3], frozenset({OWN})) == {OWN}
    assert proven_hostnames([imap, pop3], NONE) == NONE
    disproven = a_listing(OWN, OWN, is_disproven=True)
    assert proven_hostnames([imap, disproven], frozenset({OWN})) == NONE


def test_the_names_of_servers_that_are_gone_are_not_taken_any_more() -> None:
    shared_alone = a_listing("srv1.host.example", OWN, is_proven=True)
    for listings in ([], [shared_alone], [a_listing(OWN, is_proven=True)]):
        assert proven_hostnames(listings, frozenset({OWN})) == NONE


VERDICTS = st.sampled_from([(False, False), (True, False), (False, True)])


@given(st.lists(st.lists(VERDICTS, min_size=1, max_size=4), max_size=20))
def test_the_choice_never_flaps(rounds: list[list[tuple[bool, bool]]]) -> None:
    """Servers come and go, and are judged: only a judgement that says so changes the choice."""
    taken: frozenset[str] = NONE
    for verdicts in rounds:
        listings = [a_listing(OWN, OWN, is_proven=yes, is_disproven=no) for yes, no in verdicts]
        before, taken = taken, proven_hostnames(listings, taken)
        if taken > before:
            assert all(is_proven for is_proven, _ in verdicts)
        if taken < before:
            assert any(is_disproven for _, is_disproven in verdicts)
        assert proven_hostnames(listings, taken) == taken


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
