"""``signpost render``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import err, run_with_services
from app.core.documents import Presentation
from app.core.errors import FormatNotFound, refuse
from app.core.questions import question_for
from app.renderers import FORMATS_BY_NAME

if TYPE_CHECKING:
    from app.core.documents import Document
    from app.wiring import Services

_NAMES = ", ".join(FORMATS_BY_NAME)


def render(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help=f"One of: {_NAMES}.")],
    address: Annotated[str, typer.Argument(help="A mail address, or a domain.")],
    signed: Annotated[bool, typer.Option("--signed", help="Sign it, where clients get it signed.")] = False,
) -> None:
    """Write a client's document to standard output, and what it leaves out to standard error."""

    async def work(services: Services) -> Document:
        client_format = FORMATS_BY_NAME.get(format_name)
        if client_format is None:
            raise FormatNotFound(format_name, tuple(FORMATS_BY_NAME))
        if signed and not client_format.is_signable:
            raise refuse(f"must not be used with {format_name}, whose documents are not signed", "--signed")
        question = question_for(address)
        presentation = Presentation(service_url=services.service_url)
        document = await services.publishing.document(client_format, question, presentation)
        return await services.publishing.signed(document) if signed else document

    document = run_with_services(work)
    sys.stdout.buffer.write(document.body)
    sys.stdout.buffer.flush()
    for omission in document.omissions:
        err.print(f"left out: {omission.server} ({omission.reason}). {omission.detail}", markup=False)
