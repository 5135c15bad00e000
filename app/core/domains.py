"""Mail domains and the mailboxes that differ from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector
from app.core.patterns import check_username
from app.core.placeholders import checked_variables
from app.core.provider import NAMING_RULE, is_slug
from app.core.servers import Server, check_servers
from app.core.text import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.mail_transport import MtaSts, TlsReporting
    from app.core.names import DomainName, EmailAddress

MAX_REFERENCE: Final = 100
NODE_VARIABLE: Final = "NODE"
"""The variable that names the machine a domain is on, by which domains can be listed."""


class DomainStatus(StrEnum):
    """Whether a domain is answered for."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class PublishedName(StrEnum):
    """Which of a server's two names clients are given."""

    OWN = "own"
    SHARED = "shared"
    AUTOMATIC = "automatic"
    """The own name while it is proven to have a valid certificate, the shared one otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A mail domain of a provider."""

    name: DomainName
    provider: str
    """The provider's slug."""
    alias_of: DomainName | None = None
    """The domain whose servers, variables and mailboxes are used; it is no alias itself."""
    variables: Mapping[str, str] = field(default_factory=dict)
    status: DomainStatus = DomainStatus.ACTIVE
    published_name: PublishedName = PublishedName.AUTOMATIC
    reference: str | None = None
    """The billing system's own name for the domain."""
    serves_mx: bool = False
    """Whether the settings hold for all domains whose MX is here (``purpose="mx"``)."""
    servers: tuple[Server, ...] = ()
    """Servers of the domain's own; those of a type replace all of the provider's of that type."""
    mta_sts: MtaSts | None = None
    """A policy of the domain's own; None where the provider's holds."""
    tls_reporting: TlsReporting | None = None
    """Where the domain's reports go; None where the provider's hold."""

    def __post_init__(self) -> None:
        """Refuse every broken rule at once."""
        issues = IssueCollector()
        if not is_slug(self.provider):
            issues.add(NAMING_RULE, "provider")
        if self.alias_of == self.name:
            issues.add("must not be the domain itself", "alias_of")
        if self.alias_of is not None and self.servers:
            issues.add("must be empty for an alias", "servers")
        if self.variables:
            with issues.at("variables"):
                checked_variables(self.variables)
        if self.reference is not None:
            with issues.at("reference"):
                single_line(self.reference, MAX_REFERENCE)
        if self.servers:
            with issues.at():
                check_servers(self.servers)
        issues.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox that differs from its domain: another login name, variables or servers."""

    address: EmailAddress
    login: str | None = None
    """The login name, as it is or with placeholders; None where the servers' own pattern holds."""
    variables: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[Server, ...] = ()

    def __post_init__(self) -> None:
        """Refuse every broken rule at once."""
        issues = IssueCollector()
        with issues.at("login"):
            if self.login is not None:
                check_username(self.login)
        with issues.at("variables"):
            checked_variables(self.variables)
        with issues.at():
            check_servers(self.servers)
        issues.close()
