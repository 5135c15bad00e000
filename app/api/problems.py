"""Errors as problem documents (RFC 9457), by the table in ``problem_types``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from app.api.problem_types import PROBLEMS, PROBLEMS_BY_SLUG, problem_text
from app.core import errors
from app.services.bulk import LineRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope as AsgiScope

    from app.api.problem_types import ProblemType

MEDIA_TYPE: Final = "application/problem+json"

REFUSED: Final = "refused"
"""Tags routes of methods that are refused with status 405 by their handler."""

_log = structlog.get_logger(__name__)
_WORDS: Final = {"extra_forbidden": "is no field of this", "missing": "is needed"}


def problem_response(  # noqa: PLR0913 - the members of a problem document
    request: Request,
    status: int,
    *,
    problem: ProblemType | None = None,
    detail: str | None = None,
    issues: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    line: int | None = None,
) -> Response:
    """Build a problem document; without a type it is ``about:blank``, a plain HTTP status."""
    base = str(request.app.state.settings.public_url).rstrip("/")
    body: dict[str, Any] = {
        "type": "about:blank" if problem is None else f"{base}/problems/{problem.slug}",
        "title": HTTPStatus(status).phrase if problem is None else problem.title,
        "status": status,
        "instance": f"urn:uuid:{request.state.request_id}",
    }
    marks = {"Signpost-Dry-Run": "true"} if getattr(request.state, "dry_run", False) else {}
    if detail:
        body["detail"] = _encodable(detail)
    if issues:
        body["errors"] = [{name: _encodable(text) for name, text in issue.items()} for issue in issues]
    if line is not None:
        body["line"] = line
    return JSONResponse(body, status, {**marks, **(headers or {})}, MEDIA_TYPE)


def _encodable(text: str) -> str:
    """Write halves of surrogate pairs as escapes: JSON can carry them in, UTF-8 cannot carry them out."""
    return text.encode("utf-8", "backslashreplace").decode()


def install(app: FastAPI) -> None:
    """Install the handlers and the pages behind the types' URIs."""
    app.add_exception_handler(errors.AppError, _on_app_error)
    app.add_exception_handler(LineRefused, _on_refused_line)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)
    app.add_api_route(
        "/problems/{slug}", _problem_page, include_in_schema=False, response_class=PlainTextResponse
    )


def problem_members(error: errors.AppError, public_url: str) -> dict[str, Any]:
    """Return what a problem document says of an error, apart from the request that it came with."""
    problem = PROBLEMS[type(error)]
    members: dict[str, Any] = {
        "type": f"{public_url.rstrip('/')}/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status.value,
        "detail": _encodable(str(error)),
    }
    if issues := _issues(error):
        members["errors"] = [{name: _encodable(text) for name, text in issue.items()} for issue in issues]
    return members


def _issues(error: errors.AppError) -> list[dict[str, str]]:
    if not isinstance(error, errors.InvalidInput):
        return []
    return [{"pointer": issue.pointer, "detail": issue.rule} for issue in error.issues]


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.AppError)  # noqa: S101 - as registered
    return problem_of(request, error)


def problem_of(
    request: Request, error: errors.AppError, headers: Mapping[str, str] | None = None
) -> Response:
    """Build the problem document of an error."""
    problem = PROBLEMS[type(error)]
    sent = dict(headers or {})
    if isinstance(error, errors.NotAuthenticated):
        sent["WWW-Authenticate"] = "Bearer"
    if (wait := errors.wait_seconds(error)) is not None:
        sent["Retry-After"] = str(wait)
    if isinstance(error, errors.NotAvailable):
        _log.warning("not_available", what=error.what, cause=type(error.__cause__).__name__)
    return problem_response(
        request, problem.status, problem=problem, detail=str(error), issues=_issues(error), headers=sent
    )


async def _on_refused_line(request: Request, error: Exception) -> Response:
    assert isinstance(error, LineRefused)  # noqa: S101 - as registered
    outcome = error.outcome
    assert outcome.error is not None, "a refused line has an error"  # noqa: S101
    problem = PROBLEMS[type(outcome.error)]
    return problem_response(
        request,
        problem.status,
        problem=problem,
        detail=str(outcome.error),
        issues=_issues(outcome.error),
        line=outcome.line.number,
    )


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    found = error.errors()
    if any(issue["type"] == "json_invalid" for issue in found):
        detail = "The body is not JSON."
        return problem_response(request, HTTPStatus.BAD_REQUEST, detail=detail)
    if _is_said_to_be_no_json(request) and any(issue["loc"] == ("body",) for issue in found):
        detail = "The body must be JSON, and said to be: Content-Type: application/json."
        return problem_response(request, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail=detail)
    issues = [_located(issue["loc"], _worded(issue)) for issue in found]
    problem = PROBLEMS[errors.InvalidInput]
    detail = "; ".join(f"{_named(issue['loc'])}: {_worded(issue)}" for issue in found[:5])
    return problem_response(request, problem.status, problem=problem, detail=detail, issues=issues)


def _is_said_to_be_no_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type != "application/json" and not media_type.endswith("+json")


def _worded(issue: Mapping[str, Any]) -> str:
    """Say it as lines of bulk requests have it, where they have the same rule."""
    said: str = _WORDS.get(issue["type"], issue["msg"])
    return said


def _named(location: Sequence[int | str]) -> str:
    """Write a place as in the sentences of InvalidInput: with dots, and the body alone by its name."""
    where, *path = map(str, location)
    return ".".join(path) or where


def _located(location: Sequence[int | str], message: str) -> dict[str, str]:
    where, *path = location
    if where == "body":
        return {"pointer": errors.Issue(tuple(path), message).pointer, "detail": message}
    return {"parameter": ".".join(map(str, path)), "detail": message}


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of the first route of a path only.
        headers["Allow"] = ", ".join(sorted(_methods(request.app.routes, request.scope)))
    detail = None if error.detail == HTTPStatus(error.status_code).phrase else error.detail
    return problem_response(request, error.status_code, detail=detail, headers=headers)


def _methods(routes: Sequence[Any], scope: AsgiScope) -> set[str]:
    matching = [
        route for route in routes if getattr(route, "methods", None) and route.path_regex.match(scope["path"])
    ]
    # A name may have the same form as a path of its own, such as /bulk beside /{name}: the first one counts.
    first = [route for route in matching if route.path == matching[0].path]
    # Some formats say themselves why a method is refused.
    return {
        method for route in first if REFUSED not in getattr(route, "tags", ()) for method in route.methods
    }


async def _on_bug(request: Request, error: Exception) -> Response:
    _log.error("bug", request_id=request.state.request_id, exc_info=error)
    return problem_response(request, HTTPStatus.INTERNAL_SERVER_ERROR)


async def _problem_page(slug: str) -> Response:
    problem = PROBLEMS_BY_SLUG.get(slug)
    if problem is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return PlainTextResponse(problem_text(problem))
