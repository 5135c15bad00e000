"""A value together with what the store knows about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[T]):
    """A value as it is stored."""

    id: int
    value: T
    version: int
    """1 at first, one more with each change."""
    created_at: datetime
    updated_at: datetime
