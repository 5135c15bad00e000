"""Constraint violations, told apart: a name that is taken, and a race that was lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import IntegrityError

from app.core.errors import AppError, ConcurrentChange

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNIQUE_VIOLATION: Final = "23505"  # PostgreSQL's appendix A


@contextmanager
def conflicts(what: str, taken: AppError | None = None) -> Iterator[None]:
    """Turn a violated constraint into the error that callers can act on.

    Args:
        what: What is being written, for the message.
        taken: The error for a unique name that is in use.

    Raises:
        ConcurrentChange: When a row that this one refers to, or that refers to it, came or went.
    """
    try:
        yield
    except IntegrityError as error:
        if taken is not None and _is_unique_violation(error):
            raise taken from None
        raise ConcurrentChange(what) from None


def _is_unique_violation(error: IntegrityError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in str(error.orig)
