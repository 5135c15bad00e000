"""Who asks, what for, and the facts of the call that go with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.errors import NotPermitted

if TYPE_CHECKING:
    from datetime import datetime

    from app.store.unit_of_work import UnitOfWork


class Scope(StrEnum):
    """What a token may do."""

    DOMAINS_READ = "domains:read"
    DOMAINS_WRITE = "domains:write"
    PROVIDERS_WRITE = "providers:write"
    VERIFY = "verify"
    INSTRUCTIONS_READ = "instructions:read"
    TOKENS_WRITE = "tokens:write"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    ADMIN = "admin"
    """Everything, within the provider that the token is limited to, if it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a caller."""

    request_id: str | None = None
    dry_run: bool = False
    """Whether the call is a trial: checked and answered as if it were meant, and undone."""
    transaction: UnitOfWork | None = field(default=None, repr=False)
    """The transaction that the call's changes are part of; None where each change has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking."""

    token_id: str
    token_name: str
    scopes: frozenset[str]
    provider: str | None
    """The only provider that the caller may see; None for all."""
    expires_at: datetime | None = None
    """When the token ends; None for never."""
    call: Call = Call()

    def has(self, scope: str) -> bool:
        """Tell whether the token has a scope, or ``admin``."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Check a scope.

        Raises:
            NotPermitted: When the token has neither it nor ``admin``.
        """
        if not self.has(scope):
            raise NotPermitted(scope)

    def sees(self, provider: str) -> bool:
        """Tell whether a provider and what belongs to it exist for this caller."""
        return self.provider is None or self.provider == provider


CONSOLE: Final = Caller(
    token_id="console",  # noqa: S106 - a name, no secret
    token_name="command line",  # noqa: S106
    scopes=frozenset({Scope.ADMIN.value}),
    provider=None,
)
"""Whoever may run commands on the machine."""

DELIVERY: Final = Caller(
    token_id="delivery",  # noqa: S106 - a name, no secret
    token_name="webhook delivery",  # noqa: S106
    scopes=frozenset(),
    provider=None,
)
"""The service itself, where it turns off a webhook that nobody answers."""

VERIFICATION: Final = Caller(
    token_id="verification",  # noqa: S106 - a name, no secret
    token_name="verification",  # noqa: S106
    scopes=frozenset(),
    provider=None,
)
"""The service itself, where what it proved changes which host name is published."""


def trial(caller: Caller) -> Caller:
    """Return the caller of a call that changes nothing."""
    return replace(caller, call=replace(caller.call, dry_run=True))
