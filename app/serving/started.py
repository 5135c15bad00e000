"""A message that is taken if it is there already, and else awaited by whoever comes next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, MutableMapping
    from typing import TypeAlias

    Message: TypeAlias = "MutableMapping[str, Any]"
    Receive: TypeAlias = "Callable[[], Awaitable[Message]]"


class Receiving:
    """The first message of a request: there, or on its way."""

    __slots__ = ("_is_given", "_receive", "_rest", "result")

    def __init__(self, receive: Receive, result: Message | None, rest: Awaitable[Message] | None) -> None:
        """Take what receives, and the message, or what is left to be awaited of it."""
        self._receive = receive
        self._rest = rest
        self._is_given = False
        self.result = result
        """None where it is not there yet."""

    @property
    def whole_body(self) -> bytes | None:
        """The body, where this is all of it."""
        message = self.result
        if message is None or message["type"] != "http.request" or message.get("more_body", False):
            return None
        body: bytes = message.get("body", b"")
        return body

    async def replay(self) -> Message:
        """Receive as if nothing had been received."""
        if self._is_given:
            return await self._receive()
        self._is_given = True
        if self.result is not None:
            return self.result
        assert self._rest is not None, "a message that is not there is on its way"  # noqa: S101
        return await self._rest


class _Rest:
    """What is left of a coroutine that was run to its first pause."""

    __slots__ = ("_paused_on", "_running")

    def __init__(self, running: Generator[Any, Any, Message], paused_on: Any) -> None:  # noqa: ANN401 - the loop's
        self._running = running
        self._paused_on = paused_on

    def __await__(self) -> Generator[Any, Any, Message]:
        waits_for = self._paused_on
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - such as a deadline's; the coroutine's to hear of
                step = partial(self._running.throw, error)
            else:
                step = partial(self._running.send, sent)
            try:
                waits_for = step()
            except StopIteration as stopped:
                message: Message = stopped.value
                return message


def run_to_first_pause(receive: Receive) -> Receiving:
    """Receive without waiting: bodies mostly come with their header, and a deadline is dear."""
    running = receive().__await__()
    try:
        paused_on = next(running)
    except StopIteration as stopped:
        return Receiving(receive, stopped.value, None)
    return Receiving(receive, None, _Rest(running, paused_on))
