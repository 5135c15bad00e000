"""A guide as Markdown (CommonMark): all that came from outside is escaped or in code spans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.instructions.headings import (
    AT_THE_END,
    BEFORE,
    GOOD_TO_KNOW,
    WHICH_PROTOCOL,
    note_text,
    protocol_text,
)
from app.instructions.phrases import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.instructions.guide import Guide, Step, Way
    from app.instructions.languages import Language
    from app.instructions.phrases import Wording

_SPECIAL: Final = re.compile(r"([!#$&()*+\-.<>@\[\\\]_`{|}~])")
_TICKS: Final = re.compile(r"`+")


def render(guide: Guide, language: Language) -> bytes:
    """Write a guide as Markdown."""
    return ("\n".join(_lines(guide, language)).rstrip("\n") + "\n").encode()


def escape_markdown(text: str) -> str:
    """Put a backslash before each character that could start markup, links or HTML (CommonMark §2.4)."""
    return _SPECIAL.sub(r"\\\1", text)


def code_span(text: str) -> str:
    """Write a text as it is, between more backticks than it holds in a row (CommonMark §6.1)."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    # One space at each end is taken off again; without them a backtick at an end would join the fence.
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _lines(guide: Guide, language: Language) -> Iterator[str]:
    yield from (f"## {escape_markdown(language.text(guide.title))}", "")
    before = [
        escape_markdown(language.text(item.text)) + ("" if item.url is None else f" {_link(item.url)}")
        for item in guide.prerequisites
    ]
    yield from _list(BEFORE, before, language)
    notes = [escape_markdown(note_text(note, language)) for note in guide.notes]
    yield from _list(GOOD_TO_KNOW, notes, language)
    meanings = [escape_markdown(protocol_text(choice, guide, language)) for choice in guide.protocols]
    yield from _list(WHICH_PROTOCOL, meanings, language)
    for way in guide.ways:
        yield from _way(way, language)
    yield escape_markdown(language.text(guide.basis))


def _list(heading: Phrase, items: Iterable[str], language: Language) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from (f"### {escape_markdown(language.text(heading))}", "", *lines, "")


def _way(way: Way, language: Language) -> Iterator[str]:
    yield from (f"### {escape_markdown(language.text(way.title))}", "")
    for number, step in enumerate(way.steps, 1):
        yield f"{number}. {escape_markdown(language.text(step.text))}"
        # Below a number the text starts after the mark and a space.
        indent = " " * (len(str(number)) + 2)
        yield from (f"{indent}{line}".rstrip() for line in _details(step, language))
    outcome = escape_markdown(language.text(way.outcome))
    yield from ("", f"**{escape_markdown(language.text(AT_THE_END))}:** {outcome}", "")
    notes = [f"- {escape_markdown(note_text(note, language))}" for note in way.notes]
    if notes:
        yield from (*notes, "")


def _details(step: Step, language: Language) -> Iterator[str]:
    for entry in step.entries:
        yield f"- {escape_markdown(language.text(entry.label))}: {_value(entry.text, language)}"
    if step.url is not None:
        yield from ("", _link(step.url))
    if step.snippet is not None:
        longest = max((len(run) for run in _TICKS.findall(step.snippet)), default=0)
        fence = "`" * max(3, longest + 1)
        yield from ("", fence, *step.snippet.split("\n"), fence)


def _value(wording: Wording, language: Language) -> str:
    """Write what is entered to the letter as code, and what only describes it as text."""
    text = language.text(wording)
    if isinstance(wording, Phrase) and not wording.is_label:
        return escape_markdown(text)
    return code_span(text)


def _link(url: str) -> str:
    # URLs hold neither spaces nor angle brackets, once these are percent-encoded.
    return f"<{url.replace('<', '%3C').replace('>', '%3E')}>"
