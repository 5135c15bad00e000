"""The management API: its routes, and the OpenAPI document of all that the application answers."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import reference
from app.api.event_documents import add_webhooks
from app.api.examples import add_examples
from app.api.limit_documents import add_limits
from app.api.merge_patch import patch_name, patch_schema
from app.api.parameter_documents import add_parameter_rules
from app.api.problem_types import problem_types
from app.api.routes import (
    audit,
    bulk,
    deliveries,
    discoveries,
    dns_doctor,
    dns_records,
    domains,
    endpoints,
    formats,
    instructions,
    lifecycle,
    mailboxes,
    providers,
    tokens,
    verification,
    webhooks,
)
from app.api.schemas.bulk import BulkSummary, DomainLine, LineResult, MailboxLine
from app.api.schemas.domains import DomainBody, MailboxBody
from app.api.schemas.providers import ProviderBody
from app.api.schemas.servers import ServerBody
from app.api.schemas.shapes import Problem, ProblemIssue
from app.api.schemas.webhooks import WebhookBody

_DOCUMENT: Final = "/openapi.json"
_TAGS: Final = [
    {"name": "clients", "description": "What mail clients ask; no token."},
    {"name": "well-known", "description": "What is found at a domain's own hosts; no token."},
    {"name": "certificates", "description": "For the reverse proxy that obtains them; no token."},
    {"name": "providers", "description": "Who runs the servers."},
    {"name": "domains", "description": "Mail domains and what they resolve to."},
    {"name": "mailboxes", "description": "Mailboxes that differ from their domain."},
    {"name": "verification", "description": "Whether the listed servers do what is said of them."},
    {"name": "discovery", "description": "What mail clients find for an address or a domain today."},
    {"name": "tokens", "description": "What the management API is used with."},
    {"name": "webhooks", "description": "Who is told of what happens, and how that goes."},
    {"name": "audit", "description": "Who changed what."},
    {"name": "formats", "description": "The documents that clients get."},
    {"name": "instructions", "description": "What people have to do to set up their mail programs."},
    {"name": "health", "description": "For load balancers."},
]

_ROUTERS: Final = (
    lifecycle.router, bulk.router, domains.router, dns_records.router, mailboxes.router, providers.router,
    formats.router, instructions.router, tokens.router, webhooks.router, deliveries.router, audit.router,
    verification.router, endpoints.router, discoveries.router, dns_doctor.router,
)  # fmt: skip


def add_management(api: FastAPI) -> None:
    """Add the routes behind those that are there, and the document of all."""
    routers = (reference.build_router(api.title), *_ROUTERS)
    api.router.routes.extend(route for router in routers for route in router.routes)
    api.openapi_tags = _TAGS
    api.openapi = lambda: _openapi(api)  # type: ignore[method-assign] # FastAPI's documented way
    api.openapi_url = _DOCUMENT
    api.setup()


def _openapi(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        document = get_openapi(
            title=api.title,
            version=api.version,
            summary=api.summary,
            routes=api.routes,
            tags=api.openapi_tags,
        )
        schemas = document["components"]["schemas"]
        for body in (DomainBody, MailboxBody, ProviderBody, ServerBody, WebhookBody):
            schemas[patch_name(body)] = patch_schema(body)
        for model in (Problem, ProblemIssue, DomainLine, MailboxLine, LineResult, BulkSummary):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            for name, inner in schema.pop("$defs", {}).items():
                schemas.setdefault(name, inner)
            schemas[model.__name__] = schema
        # FastAPI's own form of validation errors, which this API never sends.
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["x-problem-types"] = problem_types()
        add_parameter_rules(document)
        add_limits(document)
        add_webhooks(document)
        add_examples(document)
        api.openapi_schema = document
    return api.openapi_schema
