"""The FastAPI application: routes in their order, handlers, the OpenAPI document."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware

from app import __version__
from app.api import clients, problems, reference, well_known
from app.api.authentication import refuse_path
from app.api.chores import keep_up
from app.api.event_documents import add_webhooks
from app.api.examples import add_examples
from app.api.guard import RequestGuard
from app.api.limit_documents import add_limits
from app.api.merge_patch import patch_name, patch_schema
from app.api.parameter_documents import add_parameter_rules
from app.api.problems import problem_types
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
    health,
    instructions,
    lifecycle,
    mailboxes,
    providers,
    tls_ask,
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
from app.renderers import FORMATS
from app.wiring import build_services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.services.crew import Crew
    from app.settings import Settings
    from app.wiring import Services

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

_DISCOVERY: Final = clients.build_router(FORMATS)


def create_api(settings: Settings, crew: Crew | None = None) -> FastAPI:
    """Build the FastAPI application, of one process among those of a crew; connects to nothing yet."""
    api = FastAPI(
        title="Signpost",
        summary="Mail account auto-configuration",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_tags=_TAGS,
        lifespan=_running,
        redirect_slashes=False,
        # FastAPI's own limit answers in plain text.
        middleware=[Middleware(RequestGuard, settings=settings)],
        # Left on, it asks three providers about every request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.state.settings = settings
    services = api.state.services = build_services(settings, crew)
    services.crew.describe = services.own_metrics
    # Put in flat and in this order: routes are matched one after the other, discovery is the
    # product's traffic, and an included router would match each request twice.
    management = (
        lifecycle.router, bulk.router, domains.router, dns_records.router, mailboxes.router, providers.router,
        formats.router, instructions.router, tokens.router, webhooks.router, deliveries.router, audit.router,
        verification.router, endpoints.router, discoveries.router, dns_doctor.router,
    )  # fmt: skip
    own = (well_known.build_router(), tls_ask.router, health.router, reference.build_router(api.title))
    routers = (_DISCOVERY, *own, *management)
    api.router.routes[:0] = [route for router in routers for route in router.routes]
    api.router.default = refuse_path
    problems.install(api)
    api.openapi = lambda: _openapi(api)  # type: ignore[method-assign] # FastAPI's documented way
    return api


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    if services.signer is not None:
        services.signer.load()
    services.webhooks.poster.check()
    services.discovering.check()
    running = [asyncio.create_task(keep_up(services)), asyncio.create_task(services.watch())]
    running.append(asyncio.create_task(services.load.watch()))
    # One of several is enough for these, and what they may take of the network is meant for one.
    is_first = services.crew.is_first
    if is_first and app.state.settings.deliver_webhooks:
        running.append(asyncio.create_task(services.webhooks.delivering.run()))
    if is_first and app.state.settings.serve_verifies:
        services.verification.trust.check()
        running.append(asyncio.create_task(services.verification.run()))
    yield
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await services.close()


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
