"""A serving process of several."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from app.cli.crew.channel import ALIVE, LEAVING, READY, SupervisorChannel
from app.cli.crew.serving import end_when_told, make_config, run_server
from app.cli.session import load_settings
from app.net.draining import DrainingServer
from app.services.crew import Crew

if TYPE_CHECKING:
    import socket

    from uvicorn import Config

_TICKS: Final = 10
"""The server ticks ten times a second; once a second it tells how it is."""


class MemberServer(DrainingServer):
    """A server that tells whoever started it how it is."""

    def __init__(self, config: Config, *, crew: Crew, channel: SupervisorChannel, seconds: float) -> None:
        """Take the others, and the way to them."""
        super().__init__(config, on_leaving=self._say_goodbye, announce_seconds=seconds)
        self._crew = crew
        self._channel = channel
        self._listening: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await self._channel.open()
        self._listening = asyncio.create_task(self._channel.listen(self._on_lost))
        self._crew.join(self._channel)
        await super().startup(sockets)
        self._channel.say(READY)

    @override
    async def on_tick(self, counter: int) -> bool:
        """Tell that the loop turns, and what was counted."""
        if counter % _TICKS == 0:
            self._channel.say(ALIVE, self._crew.describe())
        return await super().on_tick(counter)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order, and leave what was counted behind."""
        await super().shutdown(sockets)
        self._channel.say(ALIVE, self._crew.describe())
        if self._listening is not None:
            self._listening.cancel()
        await self._channel.close()

    def _say_goodbye(self) -> None:
        self._crew.leave()
        self._channel.say(LEAVING)

    def _on_lost(self) -> None:
        self.should_exit = True


def serve_as_member(listening: socket.socket, connected: socket.socket, slot: int) -> None:
    """Serve on a socket that was handed over, until told to stop or left alone.

    Args:
        listening: The socket that all accept from.
        connected: Leads to the process that started this one.
        slot: The place among the others.
    """
    end_when_told()
    settings = load_settings()
    crew = Crew(is_first=slot == 0)
    server = MemberServer(
        make_config(settings, crew),
        crew=crew,
        channel=SupervisorChannel(connected),
        seconds=settings.drain_seconds,
    )
    run_server(server, listening)
