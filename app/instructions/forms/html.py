"""A guide as a fragment of HTML: semantic elements, no style, no script, for pages of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.markup import element, leaf, to_fragment
from app.instructions.guide import NoteKind
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
    from collections.abc import Iterator

    from app.core.markup import Element
    from app.instructions.guide import Entry, Guide, Note, Step, Way
    from app.instructions.languages import Language


def render(guide: Guide, language: Language) -> bytes:
    """Write a guide as HTML."""
    article = element(
        "article",
        leaf("h2", language.text(guide.title)),
        *_body(guide, language),
        leaf("p", language.text(guide.basis), **{"class": "signpost-basis"}),
        **{"class": "signpost-instructions", "lang": language.tag, "dir": language.direction},
    )
    return to_fragment(article)


def _body(guide: Guide, language: Language) -> Iterator[Element]:
    before = [
        element("li", leaf("span", language.text(item.text)), None if item.url is None else _link(item.url))
        for item in guide.prerequisites
    ]
    yield from _section(BEFORE, before, language)
    yield from _section(GOOD_TO_KNOW, [_note(note, language) for note in guide.notes], language)
    meanings = [leaf("li", protocol_text(choice, guide, language)) for choice in guide.protocols]
    yield from _section(WHICH_PROTOCOL, meanings, language)
    for way in guide.ways:
        yield _way(way, language)


def _section(heading: Phrase, items: list[Element], language: Language) -> Iterator[Element]:
    if items:
        yield element("section", leaf("h3", language.text(heading)), element("ul", *items))


def _note(note: Note, language: Language) -> Element:
    is_warning = note.kind is NoteKind.WARNING
    kind = "signpost-warning" if is_warning else None
    return leaf("li", note_text(note, language), **{"class": kind})


def _way(way: Way, language: Language) -> Element:
    outcome = f"{language.text(AT_THE_END)}: {language.text(way.outcome)}"
    notes = [_note(note, language) for note in way.notes]
    return element(
        "section",
        leaf("h3", language.text(way.title)),
        element("ol", *(_step(step, language) for step in way.steps)),
        leaf("p", outcome, **{"class": "signpost-outcome"}),
        element("ul", *notes) if notes else None,
        **{"class": f"signpost-way signpost-{way.kind}"},
    )


def _step(step: Step, language: Language) -> Element:
    return element(
        "li",
        leaf("p", language.text(step.text)),
        element("dl", *(part for entry in step.entries for part in _entry(entry, language)))
        if step.entries
        else None,
        None if step.url is None else element("p", _link(step.url)),
        None if step.snippet is None else element("pre", leaf("code", step.snippet, dir="ltr")),
    )


def _entry(entry: Entry, language: Language) -> Iterator[Element]:
    yield leaf("dt", language.text(entry.label))
    text = language.text(entry.text)
    if isinstance(entry.text, Phrase):
        # A label may be of another script than the page: what is chosen must not turn around.
        yield element("dd", leaf("bdi", text))
    else:
        yield element("dd", leaf("code", text, dir="ltr"))


def _link(url: str) -> Element:
    return leaf("a", url, href=url, dir="ltr")
