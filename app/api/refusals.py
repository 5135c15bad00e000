"""Requests that are refused before anything is done for them, in the form that whoever asks can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.api.problem_types import PROBLEMS
from app.api.problems import problem_of
from app.core.errors import wait_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI
    from starlette.types import Scope

    from app.core.errors import AppError

    PageOf: TypeAlias = Callable[[Request, AppError], Response | None]

MANAGEMENT: Final = "/api/"


def no_page(_request: Request, _error: AppError) -> None:
    """Return no page, where there are none."""


class Refusals:
    """Answers for what is refused: problems for programs, pages for people, text for mail clients."""

    def __init__(self, api: FastAPI, page_of: PageOf = no_page) -> None:
        """Take the application, and what returns the page of a refusal for a path at which people read."""
        self._api = api
        self._page_of = page_of

    def answer(self, scope: Scope, error: AppError, fields: Mapping[str, str] | None = None) -> Response:
        """Return the answer, with further header fields."""
        request, fields = Request({**scope, "app": self._api}), fields or {}
        if scope["path"].startswith(MANAGEMENT):
            return problem_of(request, error, fields)
        if (page := self._page_of(request, error)) is not None:
            page.headers.update(fields)
            return page
        # For mail clients: nothing that could be taken for a document.
        headers = {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": "*",
            **fields,
        }
        if (wait := wait_seconds(error)) is not None:
            headers["Retry-After"] = str(wait)
        return PlainTextResponse(f"{error}\n", PROBLEMS[type(error)].status, headers)
