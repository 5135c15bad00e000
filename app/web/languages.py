"""Which language a visitor reads: what they chose, else what their browser asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from babel import Locale

from app.core.questions import preferred_languages
from app.instructions.languages import LANGUAGES, choose_language, load_language

if TYPE_CHECKING:
    from starlette.requests import Request

    from app.instructions.languages import Language

PARAMETER: Final = "lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageChoice:
    """A language to change to."""

    tag: str
    name: str
    """In itself."""
    query: str
    """Of the same page in it."""
    is_chosen: bool


def chosen_tag(request: Request) -> str | None:
    """Return the language that a visitor chose; None for none, and for one that there is not."""
    chosen = request.query_params.get(PARAMETER)
    return chosen if chosen in LANGUAGES else None


def choose_for(request: Request) -> Language:
    """Return a visitor's language."""
    if (chosen := chosen_tag(request)) is not None:
        return load_language(chosen)
    return choose_language(preferred_languages(request.headers.get("accept-language")))


def language_choices(request: Request, present: Language) -> tuple[LanguageChoice, ...]:
    """Return the languages that a page can be read in."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != PARAMETER]
    query = urlencode([*kept, (PARAMETER, "")])
    return tuple(
        LanguageChoice(
            tag=tag,
            name=_name_in_itself(tag),
            query=f"{query}{tag}",
            is_chosen=tag == present.tag,
        )
        for tag in LANGUAGES
    )


@cache
def _name_in_itself(tag: str) -> str:
    locale = Locale.parse(tag, sep="-")
    name = locale.get_display_name(locale) or tag
    return name[0].upper() + name[1:]
