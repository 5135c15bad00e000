"""Errors as problem documents (RFC 9457): one table, and the handlers that use it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from app.core import errors
from app.services.bulk import LineRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope as AsgiScope

MEDIA_TYPE: Final = "application/problem+json"

REFUSED: Final = "refused"
"""Tags routes of methods that are refused with status 405 by their handler."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem; the slug is part of the API and never changes."""

    slug: str
    status: HTTPStatus
    title: str
    advice: str
    """What the caller should do, for the page behind the type's URI."""


_NOT_FOUND, _CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
_SEE_ETAG: Final = "Read it again, decide whether your change still fits, and send it with the new ETag."
_WORDS: Final = {"extra_forbidden": "is no field of this", "missing": "is needed"}
_RETRY: Final = "Nothing was changed. Send the request again after the time in Retry-After."

PROBLEMS: Final[dict[type[errors.AppError], ProblemType]] = {
    errors.InvalidInput: ProblemType(
        "invalid-input",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A value breaks a rule",
        "`errors` names each field with a JSON Pointer and the rule that it breaks. Nothing was changed.",
    ),
    errors.DomainNotFound: ProblemType(
        "domain-not-found", _NOT_FOUND, "No such domain", "Check the name, and what the token may see."
    ),
    errors.DeletedDomainNotFound: ProblemType(
        "deleted-domain-not-found",
        _NOT_FOUND,
        "No such deleted domain",
        "Deleted domains are kept for `SIGNPOST_DELETED_RETENTION_DAYS`; `GET /api/v1/deleted-domains` "
        "lists them.",
    ),
    errors.MailboxNotFound: ProblemType(
        "mailbox-not-found",
        _NOT_FOUND,
        "No such mailbox",
        "Only mailboxes that differ from their domain are stored; all others have the domain's settings.",
    ),
    errors.ProviderNotFound: ProblemType(
        "provider-not-found", _NOT_FOUND, "No such provider", "Check the slug, and what the token may see."
    ),
    errors.ServerNotFound: ProblemType(
        "server-not-found", _NOT_FOUND, "No such server", "Read the provider to see its servers' keys."
    ),
    errors.TokenNotFound: ProblemType(
        "token-not-found", _NOT_FOUND, "No such token", "Check the id, and what your own token may see."
    ),
    errors.WebhookNotFound: ProblemType(
        "webhook-not-found", _NOT_FOUND, "No such webhook", "Check the id, and what your token may see."
    ),
    errors.DeliveryNotFound: ProblemType(
        "delivery-not-found",
        _NOT_FOUND,
        "No such delivery",
        "Check the id, and what your token may see. Deliveries are kept for "
        "`SIGNPOST_WEBHOOK_RETENTION_DAYS`.",
    ),
    errors.EndpointNotFound: ProblemType(
        "endpoint-not-found", _NOT_FOUND, "No such endpoint", "Check the id; nobody may list it any more."
    ),
    errors.VerificationNotFound: ProblemType(
        "verification-not-found",
        _NOT_FOUND,
        "No such verification",
        "Check the id. Reports are kept for `SIGNPOST_REPORT_RETENTION_DAYS`.",
    ),
    errors.FormatNotFound: ProblemType(
        "format-not-found", _NOT_FOUND, "No such format", "The detail names the formats that there are."
    ),
    errors.DocumentNotPossible: ProblemType(
        "document-not-possible",
        _NOT_FOUND,
        "The format has nothing to say",
        "The detail says which settings the format cannot express, or that it needs an address.",
    ),
    errors.DomainTaken: ProblemType(
        "domain-taken", _CONFLICT, "The domain is stored already", "Use PUT to replace what is stored."
    ),
    errors.MailboxTaken: ProblemType(
        "mailbox-taken", _CONFLICT, "The mailbox is stored already", "Use PUT to replace what is stored."
    ),
    errors.ProviderTaken: ProblemType(
        "provider-taken", _CONFLICT, "The slug is in use", "Choose another, or use PUT to replace it."
    ),
    errors.ProviderInUse: ProblemType(
        "provider-in-use", _CONFLICT, "The provider has domains", "Delete its domains or move them first."
    ),
    errors.DomainInUse: ProblemType(
        "domain-in-use", _CONFLICT, "The domain has aliases", "Delete its aliases or change them first."
    ),
    errors.NotRestorable: ProblemType(
        "not-restorable",
        _CONFLICT,
        "The domain cannot come back as it was",
        "Put what the detail names in order, or store the domain anew.",
    ),
    errors.IdempotencyKeyReused: ProblemType(
        "idempotency-key-reused",
        _CONFLICT,
        "The key named another request",
        "Send each request with a key of its own, and a retry with the same bytes as the first time.",
    ),
    errors.ConcurrentChange: ProblemType(
        "concurrent-change", _CONFLICT, "Somebody else wrote at the same moment", "Send it again."
    ),
    errors.StaleVersion: ProblemType(
        "stale-version", HTTPStatus.PRECONDITION_FAILED, "The version is not the present one", _SEE_ETAG
    ),
    errors.PreconditionMissing: ProblemType(
        "precondition-required",
        HTTPStatus.PRECONDITION_REQUIRED,
        "If-Match is needed",
        "Read the resource and send its ETag in If-Match, or `*` if any version will do. The operator "
        "asks for it with `SIGNPOST_REQUIRE_IF_MATCH`.",
    ),
    errors.NotAuthenticated: ProblemType(
        "not-authenticated",
        HTTPStatus.UNAUTHORIZED,
        "No valid token",
        "Send `Authorization: Bearer TOKEN` with a token from `signpost token create`.",
    ),
    errors.NotPermitted: ProblemType(
        "not-permitted",
        HTTPStatus.FORBIDDEN,
        "The token does not reach this far",
        "Use a token with the scope that the detail names, not limited to another provider.",
    ),
    errors.TooManyRequests: ProblemType(
        "too-many-requests",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many attempts failed",
        "Wait for the time in Retry-After, and check the token: each failure makes the next wait longer.",
    ),
    errors.QuotaExceeded: ProblemType(
        "quota-exceeded",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Nothing was done. Wait for the time in Retry-After. `RateLimit` says how many requests are left, "
        "`RateLimit-Policy` how many there are in all; many changes at once are better sent in bulk.",
    ),
    errors.TookTooLong: ProblemType(
        "took-too-long",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The request took too long",
        "A change is whole or not there at all, but which of the two is not known. Send it again after the "
        "time in Retry-After: PUT, PATCH and DELETE with the same If-Match, POST with the same "
        "Idempotency-Key. Without these, read first.",
    ),
    errors.Overloaded: ProblemType(
        "overloaded", HTTPStatus.SERVICE_UNAVAILABLE, "Too much to do at the moment", _RETRY
    ),
    errors.UnreadableLine: ProblemType(
        "unreadable-line",
        HTTPStatus.BAD_REQUEST,
        "A line cannot be read",
        "Each line is one JSON object in UTF-8, no longer than `SIGNPOST_BULK_MAX_LINE_BYTES`; "
        "`docs/integrations/bulk.md` says what it holds.",
    ),
    errors.TooMuchInput: ProblemType(
        "too-much-input",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "There is more than is taken at once",
        "Send the rest in another request. The operator sets the limits: `SIGNPOST_BULK_MAX_LINES`, "
        "`SIGNPOST_BULK_MAX_WHOLE_BYTES`.",
    ),
    errors.SweepingChange: ProblemType(
        "sweeping-change", _CONFLICT, "Too much would change", "Look at the plan, then force it if meant."
    ),
    errors.SchemaTooNew: ProblemType(
        "schema-too-new",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A newer version migrated the database",
        "Run that version, or restore the backup from before it.",
    ),
    errors.NotAvailable: ProblemType(
        "not-available", HTTPStatus.SERVICE_UNAVAILABLE, "Not available at the moment", _RETRY
    ),
}
PROBLEMS_BY_SLUG: Final = {problem.slug: problem for problem in PROBLEMS.values()}


def problem_types() -> dict[str, dict[str, int | str]]:
    """List the problem types for the OpenAPI document: what clients tell failures apart by."""
    return {
        slug: {"status": problem.status.value, "title": problem.title}
        for slug, problem in sorted(PROBLEMS_BY_SLUG.items())
    }


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


def problem_text(problem: ProblemType) -> str:
    """Return the page of a problem type, as Markdown."""
    return f"# {problem.title}\n\nStatus {problem.status.value}, `{problem.slug}`.\n\n{problem.advice}\n"
