"""Sentences of which steps are made; few, so that a language is soon translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.instructions.guide import Action, Step
from app.instructions.phrases import say

if TYPE_CHECKING:
    from app.instructions.guide import Entry
    from app.instructions.phrases import Phrase, Wording


def open_app(name: Wording) -> Step:
    """Open a program."""
    return Step(action=Action.OPEN, text=say("Open {app}.", app=name))


def choose(*path: Phrase) -> Step:
    """Choose something, or follow a path of menus."""
    return Step(action=Action.CHOOSE, text=say("Choose {path}.", path=path), targets=path)


def press(button: Phrase) -> Step:
    """Press a button."""
    return Step(action=Action.PRESS, text=say("Press {button}.", button=button), targets=(button,))


def enter(*entries: Entry) -> Step:
    """Fill in fields."""
    return Step(action=Action.ENTER, text=say("Enter this:"), entries=entries)


def enter_under(heading: Phrase, *entries: Entry) -> Step:
    """Fill in the fields below a heading, or on a page with this title."""
    return Step(
        action=Action.ENTER, text=say("Under {heading} enter this:", heading=heading), entries=entries
    )


def enter_if_shown(*entries: Entry) -> Step:
    """Fill in fields that not every version shows."""
    return Step(
        action=Action.ENTER,
        text=say("If these fields are shown too, make sure that they say this:"),
        entries=entries,
    )


def do(text: Phrase, *, url: str | None = None) -> Step:
    """Do what a sentence of its own says."""
    return Step(action=Action.DO, text=text, url=url)


def put_into(file: str, snippet: str) -> Step:
    """Write lines into a configuration file."""
    return Step(action=Action.COPY, text=say("Put these lines into {file}:", file=file), snippet=snippet)
