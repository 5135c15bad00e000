"""What a writer expects to find: If-Match and If-None-Match (RFC 9110 §13.1), without HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.errors import StaleVersion

if TYPE_CHECKING:
    from app.core.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """A condition on the version that is stored."""

    versions: frozenset[int] | None = None
    """The write holds for one of these versions only; None where any will do."""
    must_exist: bool = False
    must_not_exist: bool = False

    def check(self, stored: Stored[Any] | None) -> None:
        """Compare with what is stored.

        Raises:
            StaleVersion: When it is not what the writer expects.
        """
        present = None if stored is None else stored.version
        stale = (
            (self.must_not_exist and stored is not None)
            or (self.must_exist and stored is None)
            or (self.versions is not None and present not in self.versions)
        )
        if stale:
            raise StaleVersion(present)


ANYTHING = Precondition()
