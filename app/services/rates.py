"""How many requests come from whom, counted in this process (docs/adr/0012)."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Final

from app.core.errors import QuotaExceeded
from app.core.networks import is_in_networks, line_of
from app.core.quotas import SECOND_NS, Quota, QuotaMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.networks import Network
    from app.core.quotas import Standing

_REMEMBERED_ADDRESSES: Final = 8192


class RequestRates:
    """The quotas of addresses and of tokens."""

    def __init__(
        self, clock: Callable[[], int], *, per_address: int, per_token: int, unlimited: Sequence[Network] = ()
    ) -> None:
        """Take the quotas.

        Args:
            clock: Gives nanoseconds, and never goes back.
            per_address: How many requests without a token a minute; 0 for any number.
            per_token: How many requests with a token a minute; 0 for any number.
            unlimited: Networks whose addresses may send any number without a token.
        """
        self._addresses = QuotaMeter(Quota("address", per_address), clock) if per_address else None
        self._tokens = QuotaMeter(Quota("token", per_token), clock) if per_token else None
        self._unlimited = tuple(unlimited)
        self.refused = {"address": 0, "token": 0}
        """How many requests were refused, by the quota that they were over."""
        # Reading an address costs more than all the rest.
        self._line = lru_cache(_REMEMBERED_ADDRESSES)(self._find_line)
        self._places = lru_cache(_REMEMBERED_ADDRESSES)(self._find_places)

    def _find_line(self, address: str) -> str | None:
        return None if is_in_networks(address, self._unlimited) else line_of(address)

    def _find_places(self, address: str) -> tuple[int, int] | None:
        line = None if self._addresses is None else self._find_line(address)
        return None if line is None or self._addresses is None else self._addresses.places_of(line)

    def count_address(self, address: str | None) -> int:
        """Count a request from an address.

        Args:
            address: None for a socket of the machine itself, which has no quota.

        Returns:
            0 if the request is allowed; else in how many seconds the next one is.
        """
        places = None if address is None else self._places(address)
        if places is None or self._addresses is None:
            return 0
        wait = self._addresses.take_at(*places)
        return ceil(wait / SECOND_NS) if wait else 0

    def standing_of_address(self, address: str | None) -> Standing | None:
        """Return what is left of an address's quota; None where it has none."""
        line = None if address is None or self._addresses is None else self._line(address)
        return None if line is None or self._addresses is None else self._addresses.standing(line)

    def count_token(self, token_id: str) -> None:
        """Count a request with a token.

        Raises:
            QuotaExceeded: When it is one too many.
        """
        wait = 0 if self._tokens is None else self._tokens.take(token_id)
        if wait:
            self.refused["token"] += 1
            raise QuotaExceeded("token", ceil(wait / SECOND_NS))

    def standing_of_token(self, token_id: str) -> Standing | None:
        """Return what is left of a token's quota; None where there is no limit."""
        return None if self._tokens is None else self._tokens.standing(token_id)
