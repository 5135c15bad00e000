"""Headings and lead-ins that the written forms share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.instructions.guide import NoteKind
from app.instructions.phrases import say

if TYPE_CHECKING:
    from app.instructions.guide import Guide, Note, ProtocolChoice
    from app.instructions.languages import Language

BEFORE: Final = say("Before you start")
GOOD_TO_KNOW: Final = say("Good to know")
WHICH_PROTOCOL: Final = say("IMAP or POP3?")
AT_THE_END: Final = say("At the end")


def note_text(note: Note, language: Language) -> str:
    """Write a note, a warning with the word before it."""
    text = language.text(note.text)
    if note.kind is NoteKind.WARNING:
        return language.text(say("Warning: {text}", text=text))
    return text


def protocol_text(choice: ProtocolChoice, guide: Guide, language: Language) -> str:
    """Write what a protocol means, and whether the provider prefers it."""
    text = language.text(choice.text)
    if choice.is_preferred and len(guide.protocols) > 1:
        return f"{text} {language.text(say('This is what {provider} recommends.', provider=guide.provider))}"
    return text
