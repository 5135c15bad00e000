"""How large a request may be and how long it may take: the usual, and the routes that have their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a request may take."""

    has_body_limit: bool = True
    """Whether the size of its body is limited."""
    has_deadline: bool = True
    """Whether it must end in time; only what reads or writes in a stream may do without."""


OWN_ALLOWANCES: Final[Mapping[str, Allowance]] = {
    "/api/v1/audit/export": Allowance(has_deadline=False),
    "/api/v1/domains/bulk": Allowance(has_body_limit=False, has_deadline=False),
    "/api/v1/domains/export": Allowance(has_deadline=False),
}
"""By path, those routes that differ from the usual. A route that streams its body has neither limit."""

FOLLOWING: Final = Allowance(has_deadline=False)
"""Of whoever follows a verification or a discovery, by program or on the operator pages."""
_FOLLOWING_PATH: Final = re.compile(
    r"/(?:api/v1|admin)/domains/[^/]+/verifications/[^/]+/events|/api/v1/discoveries/events|/admin/discovery"
)


def is_followed(path: str) -> bool:
    """Tell whether a path is one whose answer comes bit by bit, as something happens."""
    return _FOLLOWING_PATH.fullmatch(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """An allowance in numbers."""

    max_body_bytes: int | None
    body_seconds: int
    """How long it may keep us waiting for its body, in all, or without a deadline, for each part."""
    request_seconds: int | None


def limits_of(settings: Settings, allowance: Allowance) -> Limits:
    """Return the numbers of an allowance."""
    return Limits(
        max_body_bytes=settings.max_body_bytes if allowance.has_body_limit else None,
        body_seconds=settings.body_seconds,
        request_seconds=settings.request_seconds if allowance.has_deadline else None,
    )
