"""What routes ask for: services, the caller, pages, preconditions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Query, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.schemas.rules import Name, PublicId, ServerKey, Slug
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS, Problem
from app.core.errors import refuse, within
from app.core.names import DomainName
from app.services.callers import Call, Caller
from app.services.preconditions import Precondition
from app.wiring import Services

_ENTITY_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,18})"')

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token from `signpost token create`, as `Authorization: Bearer sp_…`.",
)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDependency = Annotated[Services, Depends(_services)]


def _caller(
    request: Request,
    # Read before, by the route itself; here only for the OpenAPI document.
    _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    caller: Caller = request.state.caller
    return replace(caller, call=Call(request_id=request.state.request_id))


CallerDependency = Annotated[Caller, Depends(_caller)]

DRY_RUN_HEADER: Final = "Signpost-Dry-Run"
"""Marks every answer to a dry run, so that none is taken for the real thing."""
DryRunQuery = Annotated[bool, Query(description="Check and answer as if it were meant, and change nothing.")]


def _writer(
    request: Request,
    response: Response,
    caller: CallerDependency,
    dry_run: DryRunQuery = False,  # noqa: FBT002 - a query's parameter
) -> Caller:
    if dry_run:
        request.state.dry_run = True
        response.headers[DRY_RUN_HEADER] = "true"
    return replace(caller, call=replace(caller.call, dry_run=dry_run))


WriterDependency = Annotated[Caller, Depends(_writer)]
"""The caller of a request that writes."""


def _precondition(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description="Write only if the version is this: an ETag, or `*` for any.",
            examples=['"2"', "*"],
        ),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(description="`*`: write only if nothing is stored yet.", json_schema_extra={"enum": ["*"]}),
    ] = None,
) -> Precondition:
    versions = None
    if if_match is not None and if_match.strip() != "*":
        versions = frozenset(_version(tag) for tag in if_match.split(","))
    if if_none_match is not None and if_none_match.strip() != "*":
        raise refuse("must be * in a request that writes", "If-None-Match")
    return Precondition(
        versions=versions,
        must_exist=if_match is not None,
        must_not_exist=if_none_match is not None,
        is_needed=request.app.state.settings.require_if_match,
    )


def _version(tag: str) -> int:
    found = _ENTITY_TAG.fullmatch(tag.strip())
    # A tag that is none of ours is a version that was never stored, not an error.
    return int(found[1]) if found else 0


PreconditionDependency = Annotated[Precondition, Depends(_precondition)]


def _domain_name(
    name: Annotated[
        Name, Path(description="The domain's name, in U-labels or A-labels; two labels at least.")
    ],
) -> DomainName:
    with within("name"):
        return DomainName.parse(name)


DomainNameDependency = Annotated[DomainName, Depends(_domain_name)]
SlugPath = Annotated[Slug, Path(description="The provider's slug.")]
ProviderQuery = Annotated[
    str | None,
    # An empty one was meant to name a provider: to take it for none would show those of all.
    Query(min_length=1, max_length=63, pattern=NO_CONTROL_CHARACTERS, description="Only this provider's."),
]
ServerKeyPath = Annotated[ServerKey, Path(description="The server's key.")]
PublicIdPath = Annotated[PublicId, Path(description="The id, as lists have it.")]


def tag_version(response: Response, version: int) -> None:
    """Send a resource's version as its ETag."""
    response.headers["ETag"] = f'"{version}"'


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems of a route; 401, 403, 422, 429 and 503 can always come."""
    meanings = {
        400: "The request cannot be read",
        401: "No valid token",
        403: "The token does not reach this far",
        404: "Nothing of that name",
        409: "Not in the present state",
        412: "The version is not the present one",
        413: "The body is too large",
        415: "The body is of another media type",
        422: "A value breaks a rule",
        428: "If-Match is needed, by the operator's choice",
        429: "Too many requests",
        503: "Not available at the moment",
    }
    schema = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    return {
        status: {"description": meanings[status], "content": {"application/problem+json": schema}}
        for status in sorted({401, 403, 422, 429, 503, *statuses})
    }
