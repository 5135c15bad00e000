"""How the protocols of lines are probed: greeting, capabilities, STARTTLS, capabilities again, goodbye."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason, Stage
from app.core.servers import SocketType
from app.net.failures import ConversationError
from app.net.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.net.dialogues import Dialogue
    from app.net.streams import Stream
    from app.verification.probe import Contact, Sight

_GOODBYE_SECONDS: Final = 3.0
# Servers that said what is wrong are still listening.
_POLITE: Final = frozenset({FailureReason.REJECTED, FailureReason.TURNED_AWAY})


def asking(dialogue_type: type[Dialogue]) -> Callable[[Contact, Sight], Awaitable[None]]:
    """Return what a probe does that speaks by lines."""

    async def ask(contact: Contact, sight: Sight) -> None:
        async with contact.connect(sight) as stream:
            lines = Lines(stream)
            dialogue = dialogue_type(lines, contact.own_name)
            try:
                if contact.endpoint.socket_type is SocketType.TLS:
                    await _shake_hands(stream, contact, sight)
                await _talk(dialogue, lines, contact, sight)
            except ConversationError as error:
                if error.reason in _POLITE:
                    await _take_leave(dialogue)
                raise
            await _take_leave(dialogue)
        sight.stage = Stage.DONE

    return ask


async def _talk(dialogue: Dialogue, lines: Lines, contact: Contact, sight: Sight) -> None:
    sight.stage = Stage.GREETING
    greeting = await dialogue.greet()
    sight.greeting, sight.is_preauthenticated = greeting.text, greeting.is_preauthenticated
    socket_type = contact.endpoint.socket_type
    if socket_type is SocketType.STARTTLS and greeting.is_preauthenticated:
        # TLS cannot begin any more (RFC 9051 §11.1); whoever sends this may want just that.
        return
    if socket_type is SocketType.TLS:
        if contact.is_brief:
            return
        sight.stage = Stage.CAPABILITIES_IN_TLS
        sight.in_tls = await dialogue.ask_capabilities()
        return
    sight.stage = Stage.CAPABILITIES
    sight.before_tls = offered = await dialogue.ask_capabilities()
    if socket_type is SocketType.STARTTLS:
        # Who does not say what it can do may be able to all the same.
        if offered.are_known and dialogue.start_tls_atom not in offered.atoms:
            return
        await _upgrade(dialogue, lines, contact, sight)


async def _upgrade(dialogue: Dialogue, lines: Lines, contact: Contact, sight: Sight) -> None:
    sight.stage = Stage.STARTTLS
    injects = contact.injects and dialogue.takes_injecting
    await dialogue.ask_for_tls(injects=injects)
    # Bytes that came with the consent could have been sent by anybody in between: never taken for an answer,
    # and nothing that is said after them is worth asking for.
    had_bytes = lines.drop_rest()
    await _shake_hands(lines.stream, contact, sight, had_bytes=had_bytes)
    if injects:
        sight.takes_injected = await dialogue.answers_injected()
    elif not contact.is_brief and not had_bytes:
        sight.stage = Stage.CAPABILITIES_IN_TLS
        sight.in_tls = await dialogue.ask_capabilities()


async def _shake_hands(stream: Stream, contact: Contact, sight: Sight, *, had_bytes: bool = False) -> None:
    sight.stage = Stage.HANDSHAKE
    sight.tls = await stream.start_tls(replace(contact.handshake, had_bytes_before=had_bytes))


async def _take_leave(dialogue: Dialogue) -> None:
    # Nothing that is wrong with a goodbye matters to anybody.
    with suppress(ConversationError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await dialogue.take_leave()
