"""Templates: Jinja with everything escaped, nothing undefined, and texts in the visitor's language.

``_("English text", name=value)`` writes a text of ours, ``text(wording)`` one that instructions hold.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from starlette.responses import HTMLResponse

from app.instructions.phrases import Phrase
from app.web.assets import asset_path
from app.web.languages import choose_for, language_choices

if TYPE_CHECKING:
    from jinja2.runtime import Context
    from starlette.requests import Request
    from starlette.responses import Response

    from app.instructions.languages import Language
    from app.instructions.phrases import Argument, Wording

TRANSLATE: Final = "_"


@cache
def templates() -> Environment:
    """Build what templates are read with."""
    made = Environment(
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {TRANSLATE: _translate, "text": _text}
    return made


@pass_context
def _translate(context: Context, message: str, /, **arguments: Argument) -> str:
    """Write a text of ours; it is escaped with all that is in it, like everything in a template."""
    return _text(context, Phrase(message, tuple(arguments.items())))


@pass_context
def _text(context: Context, wording: Wording) -> str:
    language: Language = context["language"]
    return language.text(wording)


def render(request: Request, template: str, status: int = HTTPStatus.OK, /, **values: object) -> Response:
    """Render a template for a visitor.

    Templates have ``language``, ``languages`` (the links to all of them), ``root`` (the service's own path,
    before all links), ``here`` (the path of this page) and ``asset(name)``, beside the values.

    Args:
        request: Theirs.
        template: Its name.
        status: The answer's.
        values: What it shows.
    """
    language = choose_for(request)
    root = request.scope.get("root_path", "").rstrip("/")
    page = (
        templates()
        .get_template(template)
        .render(
            language=language,
            languages=language_choices(request, language),
            root=root,
            here=request.url.path,
            asset=lambda name: root + asset_path(name),
            **values,
        )
    )
    headers = {"Content-Language": language.tag, "Vary": "Accept-Language"}
    return HTMLResponse(page, status, headers)
