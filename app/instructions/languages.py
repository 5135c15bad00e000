"""Languages: one gettext catalogue each, read with Babel; English is what the code says itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from unicodedata import bidirectional

from babel import Locale
from babel.messages.pofile import read_po

from app.core.errors import refuse
from app.instructions.phrases import Phrase, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.instructions.phrases import Argument, Wording

DEFAULT_LANGUAGE: Final = "en"
_FOLDER: Final = files("app.instructions") / "catalogues"
LANGUAGES: Final = tuple(
    sorted({DEFAULT_LANGUAGE, *(path.name[:-3] for path in _FOLDER.iterdir() if path.name.endswith(".po"))})
)
"""The tags of all languages there are."""
_PATH: Final = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_ISOLATE_BY_FIRST: Final = "\N{FIRST STRONG ISOLATE}"
_ISOLATE_LEFT_TO_RIGHT: Final = "\N{LEFT-TO-RIGHT ISOLATE}"
_END_OF_ISOLATE: Final = "\N{POP DIRECTIONAL ISOLATE}"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_QUOTED: Final = say("“{label}”").message


@dataclass(frozen=True, slots=True)
class Language:
    """A language that instructions can be written in."""

    tag: str
    direction: str
    """``ltr`` or ``rtl``."""
    texts: Mapping[tuple[str | None, str], str]
    """By context and English text, that in this language."""

    def text(self, wording: Wording) -> str:
        """Write a text in this language, all its places filled in."""
        if isinstance(wording, str):
            return wording
        template = self._template(wording.message, wording.context)
        return template.format(**{name: self._argument(value) for name, value in wording.arguments})

    def _template(self, message: str, context: str | None = None) -> str:
        plain = self.texts.get((None, message), message)
        return self.texts.get((context, message), plain)

    def _argument(self, value: Argument) -> str:
        if isinstance(value, tuple):
            return _PATH.join(self._argument(part) for part in value)
        if isinstance(value, Phrase):
            text = self.text(value)
            return self._template(_QUOTED).format(label=text) if value.is_label else text
        return _isolated(str(value)) if self.direction == "rtl" else str(value)


def _isolated(name: str) -> str:
    """Keep a host name, an address or a number from changing the order of the words around it."""
    is_mixed = any(bidirectional(character) in _RIGHT_TO_LEFT for character in name)
    return f"{_ISOLATE_BY_FIRST if is_mixed else _ISOLATE_LEFT_TO_RIGHT}{name}{_END_OF_ISOLATE}"


@cache
def load_language(tag: str) -> Language:
    """Return a language.

    Raises:
        InvalidInput: When there is no catalogue for it.
    """
    if tag not in LANGUAGES:
        raise refuse(f"must be one of {', '.join(LANGUAGES)}", "locale")
    texts: dict[tuple[str | None, str], str] = {}
    if tag != DEFAULT_LANGUAGE:
        with (_FOLDER / f"{tag}.po").open("rb") as stream:
            catalogue = read_po(stream, locale=tag, abort_invalid=True)
        texts = {
            (message.context, message.id): message.string
            for message in catalogue
            if isinstance(message.id, str) and isinstance(message.string, str) and message.id
        }
        texts = {key: text for key, text in texts.items() if text}
    return Language(tag, Locale.parse(tag, sep="-").text_direction, texts)


def choose_language(preferred: Sequence[str]) -> Language:
    """Return the first preferred language that there is, English otherwise; regions do not matter."""
    tags = (tag.lower().partition("-")[0] for tag in preferred)
    return load_language(next((tag for tag in tags if tag in LANGUAGES), DEFAULT_LANGUAGE))
