"""The kinds of problems: one table from errors to what callers are told (RFC 9457), and their pages."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from app.core import errors


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
    errors.HttpsRequired: ProblemType(
        "https-required",
        HTTPStatus.FORBIDDEN,
        "Plain http is refused",
        "Nothing was done. Send it over https, and replace a token that was sent over plain http: others may "
        "have read it. An operator who meets this over https has to look at what the proxy says in "
        "`X-Forwarded-Proto`.",
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


def problem_text(problem: ProblemType) -> str:
    """Return the page of a problem type, as Markdown."""
    return f"# {problem.title}\n\nStatus {problem.status.value}, `{problem.slug}`.\n\n{problem.advice}\n"
