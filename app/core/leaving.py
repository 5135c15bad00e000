"""What is stored here, as other programs could take it over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.errors import refuse
from app.core.moving import Holding, Loss, MovedDomain, keyed
from app.core.placeholders import ADDRESS, DOMAIN
from app.core.provider import Provider, Support
from app.core.servers import Authentication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.core.account import AccountSettings
    from app.core.servers import Server

_DOMAIN: Final = f"%{DOMAIN}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A provider with its active domains, each with all its servers and no variable left."""

    provider: Provider
    holdings: tuple[Holding, ...]

    @property
    def usual_servers(self) -> tuple[Server, ...]:
        """The servers that most of the domains have."""
        counts = Counter(holding.servers for holding in self.holdings)
        return counts.most_common(1)[0][0] if counts else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFile:
    """A file for another program, and what it cannot hold."""

    data: bytes
    domains: int
    losses: tuple[Loss, ...] = ()


def holding_of(account: AccountSettings) -> Holding:
    """Return a domain with its servers; no other program knows the domain's own placeholder in host names."""
    filled = (_filled(server, account.domain.ascii) for server in account.servers)
    return Holding(domain=MovedDomain(name=account.domain), servers=keyed(filled))


def _filled(server: Server, domain: str) -> Server:
    if server.hostname is not None:
        return replace(server, hostname=server.hostname.replace(_DOMAIN, domain), shared_hostname=None)
    url = None if server.url is None else server.url.replace(_DOMAIN, domain)
    return replace(server, url=url)


def only_household(households: Sequence[Household]) -> Household:
    """Return the one that a form of one provider can hold.

    Raises:
        InvalidInput: When there are several, or none.
    """
    if len(households) != 1:
        raise refuse("must be one, for this form has one provider", "--provider")
    return households[0]


def losses_of_provider(provider: Provider) -> Iterator[Loss]:
    """Tell what a provider has that no other program has a place for."""
    parts = {
        "its support contact": provider.support != Support(),
        "its logo": provider.logo_url is not None,
        "its colour": provider.colour is not None,
        "its OAuth 2 data": provider.oauth2 is not None,
        "its pages for users": bool(provider.instructions or provider.enable or provider.input_fields),
        "sub-addresses": provider.subaddress_separator is not None,
        "logins in lower case": provider.lowercase_login,
        "its policies for mail servers": bool(provider.mta_sts or provider.tls_reporting),
    }
    for part, is_set in parts.items():
        if is_set:
            yield Loss(f"provider {provider.slug}", f"what has no place there: {part}")


def is_usual_service(server: Server) -> bool:
    """Tell whether a web service is logged in to with the address and a password."""
    return server.authentication == (Authentication.HTTP_BASIC,) and server.username == f"%{ADDRESS}%"


def first_known(
    server: Server, words: Mapping[str, Authentication]
) -> tuple[str | None, tuple[Authentication, ...]]:
    """Return the word for the first method that another program knows, and the methods that are lost.

    Args:
        server: Its methods are in the provider's order.
        words: The program's words; of several for a method the last counts.
    """
    by_method = {method: word for word, method in words.items()}
    known = [method for method in server.authentication if method in by_method]
    if not known:
        return None, server.authentication
    return by_method[known[0]], tuple(one for one in server.authentication if one is not known[0])


def distinct(servers: Iterable[Sequence[Server]]) -> list[Server]:
    """Return each server once, whatever its key, in the order of appearance."""
    return list({replace(server, key=server.type.value): None for found in servers for server in found})
