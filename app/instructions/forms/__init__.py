"""Guides written down: as JSON, as text, as Markdown, and as HTML to embed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.instructions.forms import html, json_document, markdown, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.instructions.guide import Guide
    from app.instructions.languages import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to write a guide down."""

    name: str
    media_type: str
    render: Callable[[Guide, Language], bytes]


FORMS: Final[dict[str, Form]] = {
    form.name: form
    for form in (
        Form(name="json", media_type="application/json", render=json_document.render),
        Form(name="text", media_type="text/plain; charset=utf-8", render=text.render),
        Form(name="markdown", media_type="text/markdown; charset=utf-8", render=markdown.render),
        Form(name="html", media_type="text/html; charset=utf-8", render=html.render),
    )
}
