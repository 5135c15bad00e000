"""Instructions as data: ways, their steps, and the values to enter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.instructions.phrases import Phrase, Wording
    from app.instructions.program import Program
    from app.instructions.values import ValueKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A field, and what is entered or chosen in it."""

    label: Phrase
    """What the client calls the field."""
    kind: ValueKind
    text: Wording
    """What to enter, in the words that the client shows."""
    value: str | int | None = None
    """The same as the settings API has it; None for what only the person knows."""
    service: str | None = None
    """The server's type, such as ``imap``."""
    server: str | None = None
    """The server's key."""


class Action(StrEnum):
    """What a person does in a step."""

    OPEN = "open"
    CHOOSE = "choose"
    PRESS = "press"
    ENTER = "enter"
    COPY = "copy"
    DO = "do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do."""

    action: Action
    text: Phrase
    targets: tuple[Phrase, ...] = ()
    """What is pressed or chosen, in this order."""
    entries: tuple[Entry, ...] = ()
    url: str | None = None
    snippet: str | None = None
    """Text for a configuration file."""


class NoteKind(StrEnum):
    """How much a note matters."""

    HINT = "hint"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know."""

    kind: NoteKind = NoteKind.HINT
    code: str
    """Stable, for programs."""
    text: Phrase


class WayKind(StrEnum):
    """How the account gets into the client, the least work first."""

    AUTOMATIC = "automatic"
    PROFILE = "profile"
    EXCHANGE = "exchange"
    MANUAL = "manual"
    CONFIGURATION = "configuration"
    WEBMAIL = "webmail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the mail, from its first step to its last."""

    kind: WayKind
    service: str | None = None
    """``imap`` or ``pop3`` where the way is for one of them."""
    title: Phrase
    steps: tuple[Step, ...]
    outcome: Phrase
    """What is to be seen at the end."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolChoice:
    """What fetching mail in this way means."""

    service: str
    is_preferred: bool
    text: Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """What has to be there, or to be done, before."""

    text: Phrase
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """All that a person needs for one client."""

    client: Program
    domain: str
    address: str | None
    """None where the instructions are for a whole domain."""
    provider: str
    title: Phrase
    prerequisites: tuple[Prerequisite, ...]
    notes: tuple[Note, ...]
    protocols: tuple[ProtocolChoice, ...]
    ways: tuple[Way, ...]
    """The easiest first."""
    basis: Phrase
    """What these instructions were written from."""
