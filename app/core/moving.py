"""What another program has stored, as far as it can be said here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.provider import Provider


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that could not be carried over, and why."""

    subject: str
    """What it is, as the other program calls it."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """Providers and domains of another program; each domain's provider is among them."""

    providers: tuple[Provider, ...] = ()
    domains: tuple[Domain, ...] = ()
    losses: tuple[Loss, ...] = ()
