"""What another program has stored, as far as it can be said here."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.core.domains import Domain, DomainStatus
from app.core.errors import InvalidInput
from app.core.placeholders import ADDRESS
from app.core.provider import MAX_DISPLAY_NAME, MAX_SHORT_NAME, Provider
from app.core.servers import Authentication, Server, ServerType, SocketType, next_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.core.names import DomainName

MAX_FILE_BYTES: Final = 64_000_000
_MAX_STEM: Final = 50


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that could not be carried over, and why."""

    subject: str
    """What it is, as the other program calls it."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """Providers and domains of another program; each domain's provider is among them, or stored."""

    providers: tuple[Provider, ...] = ()
    domains: tuple[Domain, ...] = ()
    losses: tuple[Loss, ...] = ()
    are_names_only: bool = False
    """Whether no settings of the domains are known, so that what is stored of one is never in question."""

    def with_losses(self, losses: tuple[Loss, ...]) -> Belongings:
        """Return the same with losses of another file before its own."""
        return replace(self, losses=(*losses, *self.losses))


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDomain:
    """A domain that another program lists, without its settings."""

    name: DomainName
    alias_of: DomainName | None = None
    status: DomainStatus = DomainStatus.ACTIVE

    def of_provider(self, slug: str, servers: tuple[Server, ...] = ()) -> Domain:
        """Return it as a domain of a provider; an alias has the servers of its target."""
        own = () if self.alias_of else servers
        return Domain(name=self.name, provider=slug, alias_of=self.alias_of, status=self.status, servers=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainList:
    """The domains that a file lists."""

    domains: tuple[MovedDomain, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A domain of another program, with all servers that its clients are told of."""

    domain: MovedDomain
    servers: tuple[Server, ...]


def attach(domains: Sequence[MovedDomain], slug: str, losses: tuple[Loss, ...] = ()) -> Belongings:
    """Put domains of which no settings are known with a provider that is stored."""
    return Belongings(
        domains=tuple(domain.of_provider(slug) for domain in domains), losses=losses, are_names_only=True
    )


@dataclass(slots=True)
class Settlement:
    """Gathers providers and their domains, and what is left behind.

    A provider's servers are those that most of its domains have. A domain that has another of a type keeps
    servers of its own; one that has none of a type, which a domain cannot say, goes with a further provider.
    """

    _losses: dict[Loss, None] = field(default_factory=dict)
    _providers: list[Provider] = field(default_factory=list)
    _domains: dict[DomainName, Domain] = field(default_factory=dict)
    _slugs: set[str] = field(default_factory=set)

    @contextmanager
    def attempt(self, subject: str) -> Iterator[None]:
        """Leave out what turns out not to be valid in the block."""
        try:
            yield
        except InvalidInput as error:
            self.lose(subject, reason_of(error))

    def lose(self, subject: str, reason: str) -> None:
        """Note what is left behind; the same once."""
        self._losses[Loss(subject, reason)] = None

    def name_provider(self, name: str, short_name: str = "", fallback: str = "mail") -> Provider:
        """Return a provider without servers; a name that is too long is cut, and that is told.

        Raises:
            InvalidInput: When it could be no provider's name.
        """
        if len(name) > MAX_DISPLAY_NAME:
            self.lose(f"provider {name}", f"is cut to {MAX_DISPLAY_NAME} characters")
        short_name = short_name or name
        return Provider(
            slug=slug_of(short_name, fallback),
            display_name=_cut(name, MAX_DISPLAY_NAME),
            short_name=_cut(short_name, MAX_SHORT_NAME),
        )

    def add_alike(
        self, template: Provider, domains: Iterable[MovedDomain], servers: tuple[Server, ...]
    ) -> None:
        """Take a provider whose domains have all its servers.

        Raises:
            InvalidInput: When the servers could not be a provider's.
        """
        holdings = [Holding(domain=domain, servers=servers) for domain in domains]
        self.add(replace(template, servers=servers), holdings)

    def add(self, template: Provider, holdings: Sequence[Holding]) -> None:
        """Take a provider that has these domains, or none; its slug gets a number where it is taken.

        Raises:
            InvalidInput: When the servers of one could not be a provider's.
        """
        remaining = [holding for holding in holdings if not holding.domain.alias_of]
        if not remaining:
            self._settle(template, template.servers)
        while remaining:
            usual = Counter(holding.servers for holding in remaining).most_common(1)[0][0]
            provider = self._settle(template, usual)
            types = {server.type for server in usual}
            staying = []
            for holding in remaining:
                if types <= {server.type for server in holding.servers}:
                    own = _differing(holding.servers, usual)
                    self._take(holding.domain.of_provider(provider.slug, own))
                else:
                    staying.append(holding)
            remaining = staying
        self._add_aliases(holding.domain for holding in holdings if holding.domain.alias_of)

    def _add_aliases(self, aliases: Iterable[MovedDomain]) -> None:
        for alias in aliases:
            target = self._domains.get(alias.alias_of) if alias.alias_of else None
            if target is None:
                self.lose(
                    f"domain {alias.name.ascii}", f"is an alias of {alias.alias_of}, which is not taken"
                )
            else:
                self._take(alias.of_provider(target.provider))

    def _take(self, domain: Domain) -> None:
        if domain.name in self._domains:
            self.lose(f"domain {domain.name.ascii}", "is listed more than once; the first counts")
        else:
            self._domains[domain.name] = domain

    def settled(self) -> Belongings:
        """Return all of it."""
        return Belongings(
            providers=tuple(self._providers),
            domains=tuple(self._domains.values()),
            losses=tuple(self._losses),
        )

    def _settle(self, template: Provider, servers: tuple[Server, ...]) -> Provider:
        stem = template.slug
        candidates = (stem, *(f"{stem}-{number}" for number in range(2, len(self._slugs) + 3)))
        slug = next(one for one in candidates if one not in self._slugs)
        provider = replace(template, slug=slug, servers=servers)
        self._slugs.add(slug)
        self._providers.append(provider)
        return provider


def reason_of(error: InvalidInput) -> str:
    """Return what rule is broken, for a loss whose subject names the value."""
    return str(error).removeprefix("input: ")


def slug_of(text: str, fallback: str) -> str:
    """Make a provider's slug of a name, with room for a number behind it."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_MAX_STEM].strip("-") or fallback


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].strip(" .-")


def mail_server(server_type: ServerType, hostname: str, port: int | None, socket_type: SocketType) -> Server:
    """Return a server that is logged in to with the address and a password.

    Raises:
        InvalidInput: When it could not be one.
    """
    return Server(
        key=server_type.value,
        type=server_type,
        hostname=hostname,
        port=port,
        socket_type=socket_type,
        authentication=(Authentication.PASSWORD_CLEARTEXT,),
        username=f"%{ADDRESS}%",
    )


def web_service(server_type: ServerType, url: str, username: str | None = f"%{ADDRESS}%") -> Server:
    """Return a service that is logged in to with a password, by HTTP's own means.

    Raises:
        InvalidInput: When it could not be one.
    """
    return Server(
        key=server_type.value,
        type=server_type,
        url=url,
        authentication=(Authentication.HTTP_BASIC,),
        username=username,
    )


def keyed(servers: Iterable[Server]) -> tuple[Server, ...]:
    """Give servers keys that are each used once."""
    taken: set[str] = set()
    found = []
    for server in servers:
        key = next_key(server.type, taken)
        taken.add(key)
        found.append(replace(server, key=key))
    return tuple(found)


def _differing(servers: tuple[Server, ...], usual: tuple[Server, ...]) -> tuple[Server, ...]:
    """Return the servers of the types in which they differ from the usual ones."""
    types = {server.type for server in servers}
    differing = {one for one in types if _of_type(servers, one) != _of_type(usual, one)}
    return keyed(server for server in servers if server.type in differing)


def _of_type(servers: tuple[Server, ...], server_type: ServerType) -> tuple[Server, ...]:
    return keyed(server for server in servers if server.type is server_type)
