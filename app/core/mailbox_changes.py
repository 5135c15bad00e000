"""What a change of a domain takes from its mailboxes, which have variables, servers or logins of their own.

Only what gets worse counts: what cannot be published as it is stored today stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.errors import IssueCollector, refuse
from app.core.resolving import resolve
from app.core.servers import variables_of

if TYPE_CHECKING:
    from app.core.account import AccountSettings, WithheldServer
    from app.core.domains import Domain, Mailbox
    from app.core.provider import Provider

_OTHERS: Final = ("provider", "servers", "published_name")
INHERITED: Final = frozenset({"variables", *_OTHERS})
"""The fields of a domain that decide what its mailboxes inherit."""


def concerns_mailboxes(before: Domain, after: Domain) -> bool:
    """Tell whether a change of a domain changes what its mailboxes inherit."""
    return any(getattr(before, name) != getattr(after, name) for name in INHERITED)


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What mailboxes of a domain have from it and from its provider."""

    provider: Provider
    domain: Domain

    def resolve(self, mailbox: Mailbox) -> AccountSettings:
        """Resolve a mailbox."""
        return resolve(self.provider, self.domain, mailbox=mailbox)

    def names_of(self, mailbox: Mailbox, withheld: WithheldServer) -> frozenset[str]:
        """Return the variables that one of a mailbox's servers and its login name."""
        of_login = () if mailbox.login is None else placeholders.variables_in(mailbox.login)
        every = (*mailbox.servers, *self.domain.servers, *self.provider.servers)
        found = (one for one in every if (one.key, one.type) == (withheld.server, withheld.server_type))
        return variables_of(found).union(of_login)


class InheritanceChange:
    """What mailboxes of a domain inherit as it is stored, and as it is to be."""

    def __init__(self, before: Inheritance, after: Inheritance) -> None:
        """Take both."""
        self._before, self._after = before, after
        self._changed = placeholders.changed_variables(before.domain.variables, after.domain.variables)

    def check(self, mailbox: Mailbox) -> None:
        """Check that nothing of a mailbox is withheld that was not.

        Raises:
            InvalidInput: Naming the field of the domain that is at fault, and the domain.
        """
        after = self._after.resolve(mailbox)
        if not after.withheld:
            return
        before = self._before.resolve(mailbox)
        known = {omission.server for omission in before.withheld}
        # A server of another key may have come in the place of one that could not be published.
        lacking = before.withheld_types - {server.type for server in before.servers}
        issues = IssueCollector()
        for omission in after.withheld:
            if omission.server not in known and omission.server_type not in lacking:
                issues.add(_unpublished(omission, self._after.domain), self._field(mailbox, omission))
        issues.close()

    def _field(self, mailbox: Mailbox, omission: WithheldServer) -> str:
        if self._after.names_of(mailbox, omission) & self._changed:
            return "variables"
        before, after = self._before.domain, self._after.domain
        others = (name for name in _OTHERS if getattr(before, name) != getattr(after, name))
        return next(others, "variables")


def check_mailbox(inheritance: Inheritance, mailbox: Mailbox) -> None:
    """Check that every server of a mailbox can be published, whatever was before.

    Raises:
        InvalidInput: Naming the variables, and the domain.
    """
    for omission in inheritance.resolve(mailbox).withheld:
        raise refuse(_unpublished(omission, inheritance.domain), "variables")


def _unpublished(omission: WithheldServer, domain: Domain) -> str:
    # Errors are logged, and addresses are not.
    return f"{omission.detail}, or it could not be published for a mailbox of {domain.name.ascii}"
