"""Texts that are still to be translated: the English sentence, and what goes into its places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of ours. Its English wording names it in the catalogues, together with its context."""

    message: str
    arguments: tuple[tuple[str, Argument], ...] = ()
    is_label: bool = False
    """Whether it is written so on the client's screen; inside a sentence it gets quotation marks."""
    context: str | None = None
    """Whose word it is (gettext's ``msgctxt``), where some language has several for the English one."""


Argument: TypeAlias = "Phrase | str | int | tuple[Phrase, ...]"
"""A tuple is a path of labels: a menu, its entry, the entry below."""
Wording: TypeAlias = "Phrase | str"
"""A text as it is, such as a host name, is not translated."""


def say(message: str, /, **arguments: Argument) -> Phrase:
    """Build a sentence; the first argument is a literal, so that the catalogues' test finds it."""
    return Phrase(message, tuple(arguments.items()))


def label(message: str, /, *, context: str | None = None, **arguments: Argument) -> Phrase:
    """Build the text of a button, a menu or a field; a context is a literal too."""
    return Phrase(message, tuple(arguments.items()), is_label=True, context=context)


def same(text: str) -> Phrase:
    """Build the text of a button or a field that is the same in every language."""
    return Phrase(text, is_label=True)
