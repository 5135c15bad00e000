"""What a reader of documents did not take, or took with a remark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in a document that was not taken, or taken with a remark."""

    where: str
    """The element, as a path below the root."""
    reason: str
