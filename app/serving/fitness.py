"""Which documents depend on an address, and on a domain, only by holding them.

A template cannot show that by itself: a host name may become too long, or a user name that somebody stored
may be the local part that is asked for. Whatever is not plain here is left to the ordinary way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.exchange import found_services
from app.core.names import DomainName
from app.core.servers import ExchangeOptions, Server, WebmailOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.services.known_domains import Shared

MAX_ADDRESS: Final = 128
"""Longer addresses, and domains, are left to the ordinary way: limits of names may come into play."""
_MAX_NAME: Final = 253
_MAX_URL: Final = 1000
_PERSONAL: Final = frozenset({placeholders.ADDRESS, placeholders.LOCAL_PART})
# A label with more than the domain's name in it may become too long.
_WHOLE_LABELS: Final = re.compile(r"(?:[^%]*\.)?%EMAILDOMAIN%(?:\.[^%]*)?|[^%]*")
_WITHIN_LABEL: Final = re.compile(r"[^/.@=]%EMAILDOMAIN%|%EMAILDOMAIN%[^/.?&:]")
_MODEL: Final = DomainName("qz4k.wj8f.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What the short way may answer of domains of one kind."""

    for_domains: bool
    for_addresses: bool
    literal_logins: frozenset[bytes]
    """Local parts that are somebody's stored user name, which a document may write in another way."""
    separator: bytes | None
    is_lowering: bool
    """Whether local parts with capital letters log in as others."""
    leads_elsewhere: bool
    """Whether there is an Autodiscover to which only some are sent on."""
    has_exchange: bool
    """Whether answers for Outlook depend on what it says that it can."""
    lists_domains: bool


def find_fitness(shared: Shared) -> Fitness:
    """Find out what templates can be right for."""
    account = shared.settings(shared.own or _MODEL, None)
    services = found_services(account)
    provider = shared.found.provider
    names = [server.hostname for server in account.servers if server.hostname is not None]
    names += account.own_hostnames.values()
    urls = [url for server in account.servers for url in _urls(server)]
    is_plain = all(map(_is_plain_name, names)) and all(map(_is_plain_url, urls))
    logins = [server.username for server in account.servers if server.username is not None]
    separator = provider.subaddress_separator
    return Fitness(
        for_domains=is_plain,
        for_addresses=is_plain and all(map(_is_plain_login, logins)),
        literal_logins=frozenset(word for login in logins if "%" not in login for word in _spellings(login)),
        separator=None if separator is None else separator.encode(),
        is_lowering=provider.lowercase_login,
        leads_elsewhere="autodiscover" in services,
        has_exchange=bool(services),
        lists_domains=provider.list_domains,
    )


def _urls(server: Server) -> Iterator[str]:
    if server.url is not None:
        yield server.url
    if isinstance(server.options, ExchangeOptions):
        yield from server.options.urls
    elif isinstance(server.options, WebmailOptions):
        yield server.options.login_form.url


def _is_plain_name(name: str) -> bool:
    return _WHOLE_LABELS.fullmatch(name) is not None and _longest(name) <= _MAX_NAME


def _is_plain_url(url: str) -> bool:
    if not _PERSONAL.isdisjoint(placeholders.placeholders_in(url)):
        return False
    return _WITHIN_LABEL.search(url) is None and _longest(url) <= _MAX_URL


def _is_plain_login(login: str) -> bool:
    """Tell whether it is composed of the local part, or of nothing that is the request's."""
    named = set(placeholders.placeholders_in(login))
    return (not named or not named.isdisjoint(_PERSONAL)) and _longest(login) <= _MAX_NAME


def _longest(pattern: str) -> int:
    return len(pattern) + MAX_ADDRESS * len(placeholders.PLACEHOLDER.findall(pattern))


def _spellings(login: str) -> Iterator[bytes]:
    for text in (login, login.rpartition("@")[0]):
        yield from (text.encode(), text.lower().encode())
