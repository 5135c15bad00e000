"""Posts to URLs that customers chose: to addresses that the policy allows, with limits on all of it.

The host name is resolved here, each address judged, and the one that is connected to is the one that was
judged: a name that stands for another address a moment later (DNS rebinding) gains nothing. Redirects
are not followed, proxies not used, and of an answer little more than its status is
read. What the far side does is a value, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.net.address_policy import AddressPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How a request ended."""

    status: int | None = None
    """None where there was no answer."""
    detail: str = ""
    """What went wrong, as the end of a sentence about the receiver; no URL and no address is in it."""
    retry_after: str | None = None
    """The header as it came."""

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 §15.3


class Poster(Protocol):
    """Posts a body to a URL."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Send a request and say how it ended, within a time limit.

        Never raises for what the network or the receiver does.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingLimits:
    """What may be asked of the network."""

    policy: AddressPolicy
    allow_http: bool = False
    timeout_seconds: float = 15.0
    """For all of it: name, connection, answer."""
