"""Style sheets, scripts and images, under names that change with what is in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

PATH: Final = "/static"
_FOLDER: Final = files("app.web") / "static"
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A drawing that is opened by itself is a document.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_NOT_KEPT: Final = "no-store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file."""

    name: str
    hashed_name: str
    """With a hash of what is in it, so that it may be kept for ever."""
    body: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Read all files, by their names."""
    return {path.name: _asset(path.name, path.read_bytes()) for path in _FOLDER.iterdir()}


def _asset(name: str, body: bytes) -> Asset:
    stem, _, kind = name.rpartition(".")
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return Asset(name=name, hashed_name=f"{stem}.{digest}.{kind}", body=body, media_type=_MEDIA_TYPES[kind])


def asset_path(name: str) -> str:
    """Return where a file is, below the service's own path."""
    return f"{PATH}/{assets()[name].hashed_name}"


async def _send(request: Request) -> Response:
    asked: str = request.path_params["name"]
    found = next((one for one in assets().values() if one.hashed_name == asked), None)
    kept = _FOR_EVER
    if found is None:
        # While versions are exchanged, a page of one may ask a process of another: better than no style.
        stem, _, kind = asked.rpartition(".")
        found, kept = assets().get(f"{stem.rpartition('.')[0]}.{kind}"), _NOT_KEPT
    if found is None:
        return PlainTextResponse("There is no such file.\n", HTTPStatus.NOT_FOUND, _HEADERS)
    headers = {**_HEADERS, "Cache-Control": kept}
    return Response(found.body, headers=headers, media_type=found.media_type)


ROUTE: Final = Route(f"{PATH}/{{name}}", _send, include_in_schema=False)
