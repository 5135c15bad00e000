"""A server that stops without losing a request.

uvicorn's own way closes connections that wait for their next request at once, and so meets requests that are
on their way. Here readiness is taken back first; then no connection is accepted any more, and those that
are open end with their next answer, when they have waited for as long as they may at any time, or when
time is over.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from typing_extensions import override
from uvicorn import Server
from uvicorn.server import ServerState

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from uvicorn import Config

_TICK_SECONDS: Final = 0.1
_LAST_SECONDS: Final = 1


@runtime_checkable
class Leaving(Protocol):
    """A connection that can be told to end when it is fit to."""

    def leave(self) -> None:
        """Have it end with the next answer that has not begun yet."""
        ...


class LeavingState(ServerState):
    """What connections share, with whether they are to end."""

    def __init__(self) -> None:
        """Begin as a server that stays."""
        super().__init__()
        self.is_leaving = False


class DrainingServer(Server):
    """Serves until it is told to stop, and then for as long as there is something to end."""

    def __init__(
        self, config: Config, *, on_leaving: Callable[[], None], announce_seconds: float = 0
    ) -> None:
        """Take the server's settings.

        Args:
            config: Its ``timeout_graceful_shutdown`` is what requests under way have, beginning when no
                connection is accepted any more.
            on_leaving: Called first, so that readiness can be taken back.
            announce_seconds: How long connections are accepted after that.
        """
        super().__init__(config)
        self.server_state = self._state = LeavingState()
        self._on_leaving = on_leaving
        self._announce_seconds = announce_seconds

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order; told a second time by SIGINT, at once."""
        self._on_leaving()
        self._state.is_leaving = True
        for connection in list(self._state.connections):
            if isinstance(connection, Leaving):
                connection.leave()
        await self._go_on(self._announce_seconds)
        await self._stop_accepting(sockets or [])
        patience = float(self.config.timeout_graceful_shutdown or 0)
        left = await self._go_on(patience, lambda: not self._state.connections)
        self.config.timeout_graceful_shutdown = max(_LAST_SECONDS, int(left))
        await super().shutdown(sockets)

    async def _go_on(self, seconds: float, has_ended: Callable[[], bool] = lambda: False) -> float:
        """Serve for so long, or until all has ended; return what is left of the time."""
        end = time.monotonic() + seconds
        counter = 0
        while not (self.force_exit or has_ended()) and (left := end - time.monotonic()) > 0:
            await self.on_tick(counter)
            counter += 1
            await asyncio.sleep(min(_TICK_SECONDS, left))
        return max(0.0, end - time.monotonic())

    async def _stop_accepting(self, sockets: Iterable[socket.socket]) -> None:
        """Take over the connections that wait to be accepted, and close the door behind them at once."""
        waiting = [accepted for listening in sockets for accepted in _accept_waiting(listening)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for accepted in waiting:
            await loop.connect_accepted_socket(self._make_connection, accepted)

    def _make_connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg] # as uvicorn itself does
            config=self.config, server_state=self._state, app_state=self.lifespan.state
        )


def _accept_waiting(listening: socket.socket) -> list[socket.socket]:
    listening.settimeout(0)
    accepted: list[socket.socket] = []
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            # Nobody waits any more; or there are no descriptors left, and nothing can be done for them.
            return accepted
        connection.settimeout(0)
        accepted.append(connection)
