"""Every kind of finding there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.verification import certificate_kinds, connecting, conversing, dane, logins, web_services

if TYPE_CHECKING:
    from app.core.findings import FindingKind

KINDS: Final[tuple[FindingKind, ...]] = (
    *connecting.KINDS,
    *conversing.KINDS,
    *certificate_kinds.KINDS,
    *logins.KINDS,
    *web_services.KINDS,
    *dane.KINDS,
)
KINDS_BY_CODE: Final = {kind.code: kind for kind in KINDS}
"""By which stored findings find their kind again."""
