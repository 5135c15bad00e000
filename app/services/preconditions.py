"""What a writer expects to find: If-Match and If-None-Match (RFC 9110 §13.1), without HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.core.errors import PreconditionMissing, StaleVersion


class Versioned(Protocol):
    """Something stored."""

    @property
    def version(self) -> int:
        """The present version."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """A condition on the version that is stored."""

    versions: frozenset[int] | None = None
    """The write holds for one of these versions only; None where any will do."""
    must_exist: bool = False
    must_not_exist: bool = False
    is_needed: bool = False
    """Whether what is stored is changed only under a condition."""

    def check(self, stored: Versioned | None, *, is_there: bool = True) -> None:
        """Compare with what is stored.

        Args:
            stored: What has the version; None where there is nothing.
            is_there: Whether that has the part of it that is written.

        Raises:
            StaleVersion: When it is not what the writer expects.
            PreconditionMissing: When the writer had to say what it expects.
        """
        present = None if stored is None else stored.version
        if self.is_needed and stored is not None and not self._is_given:
            raise PreconditionMissing
        stale = (
            (self.must_not_exist and stored is not None and is_there)
            or (self.must_exist and stored is None)
            or (self.versions is not None and present not in self.versions)
        )
        if stale:
            raise StaleVersion(present)

    @property
    def _is_given(self) -> bool:
        return self.must_exist or self.must_not_exist or self.versions is not None


ANYTHING = Precondition()
