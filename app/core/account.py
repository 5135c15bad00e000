"""What an address or a domain resolves to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.core import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.mail_transport import MtaSts, TlsReporting
    from app.core.names import DomainName, EmailAddress
    from app.core.provider import Provider
    from app.core.servers import Server, ServerType


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """Something stored that is not published, and why."""

    server: str | None
    """The server's key; None when it is not about a server."""
    reason: str
    """Stable kebab-case code, such as ``plain-socket``."""
    detail: str
    """One sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldServer(Omission):
    """A stored server that no format can publish."""

    server_type: ServerType


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDomain:
    """A domain that a document may name beside the one that was asked for."""

    name: DomainName
    serves_mx: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """All that one address, or a whole domain, resolves to.

    The servers are in the provider's order of preference. Their variables are filled in; the three
    standard placeholders are still there, because clients expand them themselves.
    """

    domain: DomainName
    """The domain that was asked for, which may be an alias."""
    address: EmailAddress | None
    """The address that was asked for; None when only the domain is known."""
    login_address: EmailAddress | None
    """The address as the provider's servers know it: without its tag, in lower case."""
    provider: Provider
    servers: tuple[Server, ...]
    listed_domains: tuple[ListedDomain, ...] = ()
    """The provider's domains that the full document may name; empty where it does not say so."""
    own_hostnames: Mapping[str, str] = field(default_factory=dict)
    """By server key, the own host names in whose place the automatic choice publishes the shared ones.

    Patterns, with their variables filled in.
    """
    shared_hostnames: Mapping[str, str] = field(default_factory=dict)
    """By server key, the shared host names in whose place the automatic choice publishes the own ones."""
    serves_mx: bool = False
    mta_sts: MtaSts | None = None
    tls_reporting: TlsReporting | None = None
    withheld: tuple[WithheldServer, ...] = ()
    """What no format can publish."""

    @property
    def withheld_types(self) -> frozenset[ServerType]:
        """The types of the servers that no format can publish."""
        return frozenset(omission.server_type for omission in self.withheld)

    @property
    def stored_types(self) -> frozenset[ServerType]:
        """The types of all servers that are stored, whether they can be published or not."""
        return self.withheld_types.union(server.type for server in self.servers)

    def expanded(self, pattern: str) -> str:
        """Fill in all that is known: the domain always, the address when there is one."""
        return placeholders.expand(pattern, self._values())

    def expanded_url(self, pattern: str) -> str:
        """Fill in as ``expanded`` does, percent-encoded as parts of a URL must be (RFC 3986 §2)."""
        values = {name: quote(value, safe="@") for name, value in self._values().items()}
        return placeholders.expand(pattern, values)

    def _values(self) -> Mapping[str, str]:
        if self.login_address is None:
            return placeholders.domain_values(self.domain)
        return placeholders.address_values(self.login_address)

    @property
    def login_differs(self) -> bool:
        """Whether the address as typed is not what the servers take as login."""
        return self.login_address != self.address
