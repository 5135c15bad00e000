"""The reference of the API as pages to read and try: Swagger UI, served from here alone.

A billing system's developers read it inside networks that reach nothing else, and a page that fetches scripts
from elsewhere would let others see who manages mail domains.
"""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATH: Final = "/docs"
_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Swagger UI sets styles on its elements and draws with images of its own.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
_START: Final = """\
"use strict";
window.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("reference");
  SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    deepLinking: true,
    filter: true,
    docExpansion: "none",
    displayRequestDuration: true,
    validatorUrl: null,
    // A token is for one visit: it stays in no browser storage.
    persistAuthorization: false,
  });
});
"""
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{path}/favicon-32x32.png">
<link rel="stylesheet" href="{path}/swagger-ui.css">
<script src="{path}/swagger-ui-bundle.js"></script>
<script src="{path}/start.js"></script>
</head>
<body>
<div id="reference" data-document="{document}"></div>
<noscript>This page needs JavaScript; the document is at <a href="{document}">{document}</a>.</noscript>
</body>
</html>
"""


def build_router(title: str) -> APIRouter:
    """Build the routes of the pages; none of them is in the OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        text = _PAGE.format(
            title=escape(title), path=escape(f"{root}{PATH}"), document=escape(f"{root}/openapi.json")
        )
        return Response(text, 200, {**_HEADERS, "Cache-Control": "no-cache"}, "text/html; charset=utf-8")

    async def start() -> Response:
        return _asset(_START.encode(), "text/javascript; charset=utf-8")

    router.add_api_route(PATH, page, methods=["GET"])
    router.add_api_route(f"{PATH}/start.js", start, methods=["GET"])
    for name in _ASSETS:
        router.add_api_route(f"{PATH}/{name}", _sender(name), methods=["GET"])
    return router


def _sender(name: str) -> Callable[[], Awaitable[Response]]:
    async def send() -> Response:
        return _asset(_read(name), _ASSETS[name])

    return send


@cache
def _read(name: str) -> bytes:
    return files("fastapi_swagger.resources").joinpath(name).read_bytes()


def _asset(body: bytes, media_type: str) -> Response:
    return Response(body, 200, {**_HEADERS, "Cache-Control": "public, max-age=86400"}, media_type)
