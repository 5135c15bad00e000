"""Which language a visitor reads: what they chose, else what their browser asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

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


def choose_for(request: Request) -> Language:
    """Return a visitor's language; one that there is not is passed over."""
    chosen = request.query_params.get(PARAMETER)
    if chosen in LANGUAGES:
        return load_language(chosen)
    return choose_language(preferred_languages(request.headers.get("accept-language")))


def language_choices(request: Request, present: Language) -> tuple[LanguageChoice, ...]:
    """Return the languages that a page can be read in."""
    return tuple(
        LanguageChoice(
            tag=tag,
            name=_name_in_itself(tag),
            query=str(request.url.include_query_params(**{PARAMETER: tag}).query),
            is_chosen=tag == present.tag,
        )
        for tag in LANGUAGES
    )


@cache
def _name_in_itself(tag: str) -> str:
    locale = Locale.parse(tag, sep="-")
    name = locale.get_display_name(locale) or tag
    return name[0].upper() + name[1:]
