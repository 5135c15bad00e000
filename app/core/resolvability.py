"""Whether many domains of one provider can be published, with no combination resolved twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.resolving import check_resolvable

if TYPE_CHECKING:
    from app.core.domains import Domain, Mailbox
    from app.core.provider import Provider
    from app.core.servers import Server

_MOST_REMEMBERED: Final = 10_000


class Resolvability:
    """The checks of one provider's domains.

    What a domain without servers of its own resolves to depends on its variables, its target and the
    kind of name that is published, and on its name only where a server's texts have that in them.
    """

    def __init__(self, provider: Provider) -> None:
        """Take the provider as it is stored."""
        self._provider = provider
        self._is_same_for_all_names = not _names_domain(provider.servers)
        self._passed: set[object] = set()

    def check(self, domain: Domain, target: Domain | None = None) -> None:
        """Check that every server of a domain can be published.

        Raises:
            InvalidInput: Naming the variables that are missing or whose values do not fit.
        """
        has_own_servers = bool(domain.servers) or (target is not None and bool(target.servers))
        if has_own_servers or not self._is_same_for_all_names:
            check_resolvable(self._provider, domain, target)
            return
        inherited = () if target is None else tuple(target.variables.items())
        key = (domain.published_name, tuple(domain.variables.items()), inherited)
        if key in self._passed:
            return
        check_resolvable(self._provider, domain, target)
        if len(self._passed) < _MOST_REMEMBERED:
            self._passed.add(key)

    def check_mailbox(self, domain: Domain, mailbox: Mailbox) -> None:
        """Check that every server of a mailbox can be published.

        Raises:
            InvalidInput: As above.
        """
        check_resolvable(self._provider, domain, mailbox=mailbox)


def _names_domain(servers: tuple[Server, ...]) -> bool:
    """Tell whether a server's texts hold the domain's name."""
    return any(
        placeholders.DOMAIN in placeholders.placeholders_in(text)
        for server in servers
        for text in server.patterns
    )
