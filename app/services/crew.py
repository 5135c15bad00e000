"""The processes that serve one port together, as each of them sees itself and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Channel(Protocol):
    """Leads to the others, by way of the process that started them all."""

    async def add_up(self, metrics: str) -> str:
        """Return the sums of these metrics and of those of all others.

        Raises:
            NotAvailable: When there is no answer: a part must not pass for the whole.
        """
        ...


class Crew:
    """This process among those that serve with it: by itself where nobody else is there."""

    def __init__(self, *, is_first: bool = True) -> None:
        """Take whether this one does what is to be done once for all of them."""
        self.is_first = is_first
        self.is_leaving = False
        """Whether it was told to stop, and takes no new work."""
        self.describe: Callable[[], str] = str
        """Gives the metrics of this process."""
        self._channel: Channel | None = None

    def join(self, channel: Channel) -> None:
        """Take note that there are others."""
        self._channel = channel

    def leave(self) -> None:
        """Take note that this process is told to stop."""
        self.is_leaving = True

    async def metrics(self) -> str:
        """Return the metrics of all, added up.

        Raises:
            NotAvailable: When the others cannot be asked.
        """
        own = self.describe()
        return own if self._channel is None else await self._channel.add_up(own)
