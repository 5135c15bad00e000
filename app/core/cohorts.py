"""Cohorts: the domains of a provider whose servers come out the same, which are verified as one.

A cohort is told by what goes into resolving, not by what comes out: so that a change of the provider's
servers is worked out once for each cohort and not for each of a million domains. What goes in is only
what the servers name: a variable that no host name holds does not part domains.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import placeholders
from app.core.domains import DomainStatus
from app.core.records import server_record
from app.core.reports import State
from app.core.servers import ExchangeOptions, Server, WebmailOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.core.domains import Domain
    from app.core.provider import Provider

_OF_DOMAIN = frozenset({placeholders.DOMAIN, placeholders.ADDRESS})


def cohort_words(servers: Iterable[Server]) -> tuple[str, ...]:
    """Return what the servers name that domains may differ by.

    ``=NODE`` where the value is in a host name or URL, ``?CUSTOMER`` where only its being there counts
    (a server whose variables are missing is not published), ``@`` where the domain's own name is.
    """
    words: set[str] = set()
    for server in servers:
        placed = {name for text in _places(server) for name in placeholders.placeholders_in(text)}
        if placed & _OF_DOMAIN:
            words.add("@")
        words |= {f"={name}" for name in placed - placeholders.STANDARD}
        words |= {f"?{name}" for name in server.variables - placed}
    return tuple(sorted(words))


def cohort_key(provider: Provider, domain: Domain, target: Domain | None = None) -> str | None:
    """Return what tells a domain's cohort among its provider's; None for a domain that is not published.

    Args:
        provider: Its provider.
        domain: The domain.
        target: The domain that it is an alias of.
    """
    base = target or domain
    if DomainStatus.SUSPENDED in (domain.status, base.status):
        return None
    words = cohort_words((*provider.servers, *base.servers))
    own = {**base.variables, **domain.variables}
    facts = {
        "words": words,
        "values": {word: own.get(word[1:]) for word in words if word[0] == "="},
        "present": [word for word in words if word[0] == "?" and word[1:] in own],
        "name": domain.name.ascii if "@" in words else None,
        "published": domain.published_name.value,
        "servers": [server_record(server) for server in base.servers],
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortListing:
    """One endpoint that a cohort lists, as far as the cohort's state depends on it."""

    hostname: str
    own_hostname: str | None
    """The own name, where the automatic choice is between it and a shared one; else None."""
    is_published: bool
    """Whether clients are given it, where there is no choice."""
    endpoint_state: State
    promise_state: State
    """What follows from what the domains say of the endpoint."""
    is_proven: bool
    """Whether the endpoint's certificate is believed to be valid."""
    is_disproven: bool
    """Whether it is believed to be invalid; neither, while that was not judged yet."""

    def is_given(self, proven: frozenset[str]) -> bool:
        """Tell whether clients are given this name while these own names are proven."""
        return is_given(self.hostname, self.own_hostname, proven, is_published=self.is_published)


def is_given(hostname: str, own_hostname: str | None, proven: frozenset[str], *, is_published: bool) -> bool:
    """Tell whether clients are given a listed name while these own names are proven."""
    if own_hostname is None:
        return is_published
    return (hostname == own_hostname) is (own_hostname in proven)


def own_hostnames(listings: Iterable[CohortListing]) -> frozenset[str]:
    """Return the own names between which and shared ones the automatic choice is."""
    return frozenset(one.hostname for one in listings if one.hostname == one.own_hostname)


def proven_hostnames(listings: Iterable[CohortListing], before: frozenset[str]) -> frozenset[str]:
    """Return the own names that the automatic choice takes.

    A name is taken once every certificate is proven, and kept until one is disproved: an endpoint that
    was not judged yet, such as that of a server that just came, is no reason to change.

    Args:
        listings: What the cohort lists.
        before: The names that were taken until now.
    """
    own = [one for one in listings if one.hostname == one.own_hostname]
    unproven = {one.hostname for one in own if not one.is_proven}
    disproven = {one.hostname for one in own if one.is_disproven}
    return frozenset(
        name for name in own_hostnames(own) if name not in (disproven if name in before else unproven)
    )


def cohort_state(listings: Iterable[CohortListing], proven: frozenset[str]) -> State:
    """Return the worst state of what clients are given."""
    given = [listing for listing in listings if listing.is_given(proven)]
    states = [state for listing in given for state in (listing.endpoint_state, listing.promise_state)]
    return max(states, key=lambda state: state.rank, default=State.UNTESTED)


def _places(server: Server) -> tuple[str, ...]:
    """Return the texts that say where the server is."""
    texts = [server.hostname, server.shared_hostname, server.url]
    if isinstance(server.options, ExchangeOptions):
        texts += server.options.urls
    elif isinstance(server.options, WebmailOptions):
        texts.append(server.options.login_form.url)
    return tuple(text for text in texts if text is not None)
