"""The formats that there are, for a portal's list of downloads."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.dependencies import CallerDependency, problems
from app.api.schemas.shapes import Shape
from app.renderers import FORMATS

router = APIRouter(prefix="/api/v1/formats", tags=["formats"])


class FormatRead(Shape):
    """A client format."""

    name: str
    title: str
    media_type: str
    file_extension: str
    paths: list[str]
    """Where clients look for it."""


@router.get("", operation_id="list_formats", responses=problems())
async def list_formats(_caller: CallerDependency) -> list[FormatRead]:
    """List the client formats in their fixed order."""
    return format_reads()


def format_reads() -> list[FormatRead]:
    """Write the formats as JSON has them."""
    return [
        FormatRead(
            name=client_format.name,
            title=client_format.title,
            media_type=client_format.media_type,
            file_extension=client_format.file_extension,
            paths=[endpoint.path for endpoint in client_format.endpoints],
        )
        for client_format in FORMATS
    ]
