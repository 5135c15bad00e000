"""A guide as plain text, for mails and tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.instructions.headings import (
    AT_THE_END,
    BEFORE,
    GOOD_TO_KNOW,
    WHICH_PROTOCOL,
    note_text,
    protocol_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.instructions.guide import Guide, Step, Way
    from app.instructions.languages import Language
    from app.instructions.phrases import Phrase


def render(guide: Guide, language: Language) -> bytes:
    """Write a guide as text."""
    return ("\n".join(_lines(guide, language)).rstrip("\n") + "\n").encode()


def _lines(guide: Guide, language: Language) -> Iterator[str]:
    title = language.text(guide.title)
    yield from (title, "=" * len(title), "")
    before = [
        language.text(item.text) + ("" if item.url is None else f" {item.url}")
        for item in guide.prerequisites
    ]
    yield from _list(BEFORE, before, language)
    yield from _list(GOOD_TO_KNOW, [note_text(note, language) for note in guide.notes], language)
    meanings = [protocol_text(choice, guide, language) for choice in guide.protocols]
    yield from _list(WHICH_PROTOCOL, meanings, language)
    for way in guide.ways:
        yield from _way(way, language)
    yield language.text(guide.basis)


def _list(heading: Phrase, items: Iterable[str], language: Language) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from (language.text(heading), *lines, "")


def _way(way: Way, language: Language) -> Iterator[str]:
    title = language.text(way.title)
    yield from (title, "-" * len(title))
    for number, step in enumerate(way.steps, 1):
        yield f"{number:2}. {language.text(step.text)}"
        yield from _details(step, language)
    yield f"{language.text(AT_THE_END)}: {language.text(way.outcome)}"
    yield from (f"- {note_text(note, language)}" for note in way.notes)
    yield ""


def _details(step: Step, language: Language) -> Iterator[str]:
    for entry in step.entries:
        yield f"      {language.text(entry.label)}: {language.text(entry.text)}"
    if step.url is not None:
        yield f"      {step.url}"
    if step.snippet is not None:
        yield from (f"      {line}".rstrip() for line in step.snippet.split("\n"))
