"""``signpost instructions``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import run_with_services
from app.core.errors import refuse
from app.instructions.clients import CLIENTS_BY_SLUG, GENERIC
from app.instructions.forms import FORMS
from app.instructions.languages import DEFAULT_LANGUAGE, LANGUAGES, load_language
from app.services.callers import CONSOLE

if TYPE_CHECKING:
    from app.wiring import Services


def instructions(
    address: Annotated[str, typer.Argument(help="A mail address, or a domain.")],
    client_slug: Annotated[
        str, typer.Option("--client", help=f"One of: {', '.join(CLIENTS_BY_SLUG)}.")
    ] = GENERIC,
    locale: Annotated[
        str, typer.Option("--locale", help=f"One of: {', '.join(LANGUAGES)}.")
    ] = DEFAULT_LANGUAGE,
    form_name: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMS)}.")] = "text",
) -> None:
    """Write the steps by which a person sets up a mail program."""

    async def work(services: Services) -> bytes:
        form, client = FORMS.get(form_name), CLIENTS_BY_SLUG.get(client_slug)
        if form is None:
            raise refuse(f"must be one of {', '.join(FORMS)}", "--format")
        if client is None:
            raise refuse(f"must be one of {', '.join(CLIENTS_BY_SLUG)}", "--client")
        language = load_language(locale)
        return form.render(await services.instructing.guide(CONSOLE, address, client), language)

    sys.stdout.buffer.write(run_with_services(work))
    sys.stdout.buffer.flush()
