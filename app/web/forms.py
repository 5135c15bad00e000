"""Forms as browsers send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from app.core.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 64


async def read_form(request: Request) -> Mapping[str, str]:
    """Read a form's fields; the last of equal names wins.

    Raises:
        InvalidInput: When it is no form, or has too many fields.
        HTTPException: When it is too long or too slow, from the guard around all requests.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise refuse("must be a form", "body")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise refuse(f"must be UTF-8, with at most {_MAX_FIELDS} fields", "body") from None
    return dict(pairs)
