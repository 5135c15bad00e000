"""The formats that there are, for a portal's list of downloads."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Response
from pydantic import ConfigDict

from app.api.authentication import AuthenticatedRoute
from app.api.dependencies import CallerDependency, problems
from app.api.lists import ListDependency, whole_response
from app.api.schemas.shapes import Listing, Shape, without_required
from app.renderers import FORMATS

# What a router's path says of a parameter beside its name.
_CONVERTOR: Final = re.compile(r":\w+}")

router = APIRouter(prefix="/api/v1/formats", tags=["formats"], route_class=AuthenticatedRoute)


class FormatRead(Shape):
    """A client format."""

    name: str
    title: str
    media_type: str
    file_extension: str
    paths: list[str]
    """Where clients look for it."""
    needs_address: bool
    """Whether it is for one mailbox, so that a domain alone gets none."""


class FormatItem(FormatRead):
    """A client format, or those fields of it that were asked for."""

    model_config = ConfigDict(json_schema_extra=without_required)


class FormatPage(Listing[FormatItem]):
    """All client formats."""


@router.get("", operation_id="list_formats", response_model=FormatPage, responses=problems())
async def list_formats(_caller: CallerDependency, request: ListDependency) -> Response:
    """List the client formats in their fixed order."""
    request.check_fields(FormatRead)
    return whole_response(request, format_reads())


def format_reads() -> list[FormatRead]:
    """Write the formats as JSON has them."""
    return [
        FormatRead(
            name=client_format.name,
            title=client_format.title,
            media_type=client_format.media_type,
            file_extension=client_format.file_extension,
            paths=[_CONVERTOR.sub("}", endpoint.path) for endpoint in client_format.endpoints],
            needs_address=client_format.needs_address,
        )
        for client_format in FORMATS
    ]
