"""What answers of the web mean, whatever was asked for. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.core.observations import Failure, HttpAnswer

OK: Final = 200
REDIRECT_STATUSES: Final = range(300, 400)
FAULT_STATUSES: Final = range(500, 600)
BUSY_STATUSES: Final = frozenset({408, 425, 429, 503})


def find_plain_hop(url: str, answer: HttpAnswer) -> str:
    """Return the first URL of http after one of https, on the way from a URL to its answer; else nothing."""
    hops = pairwise((url, *answer.redirects, answer.url))
    return next((onward for before, onward in hops if is_https(before) and _is_plain(onward)), "")


def is_https(url: str) -> bool:
    """Tell whether a URL is one of https."""
    return url.lower().startswith("https://")


def shown_failure(failure: Failure) -> str:
    """Return the words for a failure: the far side's or the system's, else its reason."""
    return failure.detail or failure.reason.replace("-", " ")


def _is_plain(url: str) -> bool:
    return url.lower().startswith("http://")
