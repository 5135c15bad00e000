"""The contract of a client's module: a program, and its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.instructions.phrases import say
from app.instructions.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.core.servers import Server
    from app.instructions.guide import Note, Step
    from app.instructions.phrases import Phrase
    from app.instructions.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Program):
    """A program with its steps; those that it has not are None."""

    automatic: Callable[[Situation], Iterable[Step]] | None = None
    """Steps where it finds the settings by itself."""
    profile: Callable[[Situation], Iterable[Step]] | None = None
    exchange: Callable[[Situation], Iterable[Step]] | None = None
    """Steps for Exchange; empty where what it needs is not stored."""
    manual: Callable[[Situation, Server], Iterable[Step]] | None = None
    """Steps for one incoming server, and the outgoing one that there may be."""
    notes: Callable[[Situation], Iterable[Note]] = lambda _situation: ()
    outcome: Phrase = field(default_factory=lambda: say("Your inbox appears and shows your messages."))
