"""Lists of domains: what can be asked of them, and their pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.responses import Response

from app.api.dependencies import ProviderQuery
from app.api.lists import NO_PLACE, ListRequest, page_response, parameter_error
from app.api.schemas.domains import DomainRead, domain_to_read
from app.api.schemas.rules import Name
from app.api.schemas.shapes import NO_CONTROL_CHARACTERS, Moment
from app.core.domains import Domain, DomainStatus
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.core.queries import DomainOrder, DomainQuery
from app.core.reports import State
from app.core.stored import Stored
from app.services.callers import Caller
from app.wiring import Services

Sort = Literal["name", "-name", "updated_at", "-updated_at", "created_at", "-created_at"]


def _query(  # noqa: PLR0913, PLR0917 - a parameter each is FastAPI's way
    provider: ProviderQuery = None,
    status: Annotated[DomainStatus | None, Query(description="Only of this status.")] = None,
    reference: Annotated[
        str | None,
        Query(
            max_length=100, pattern=NO_CONTROL_CHARACTERS, description="Only with this reference of yours."
        ),
    ] = None,
    node: Annotated[
        str | None,
        Query(
            max_length=253,
            pattern=NO_CONTROL_CHARACTERS,
            description="Only those whose own variable `NODE` has this value.",
        ),
    ] = None,
    alias_of: Annotated[Name | None, Query(description="Only aliases of this domain.")] = None,
    updated_since: Annotated[
        Moment | None, Query(description="Only those changed at or after this moment.")
    ] = None,
    verified: Annotated[
        State | None, Query(description="Only those whose servers verification found in this state.")
    ] = None,
    sort: Annotated[Sort, Query(description="What to order by; with a minus the other way round.")] = "name",
) -> DomainQuery:
    target = None
    if alias_of is not None:
        try:
            target = DomainName.parse(alias_of)
        except InvalidInput as error:
            raise parameter_error("alias_of", error.issues[0].rule) from None
    return DomainQuery(
        provider=provider,
        status=status,
        reference=reference,
        node=node,
        alias_of=target,
        updated_since=updated_since,
        verified=verified,
        order=DomainOrder(sort.removeprefix("-")),
        is_descending=sort.startswith("-"),
    )


DomainQueryDependency = Annotated[DomainQuery, Depends(_query)]


async def domain_page(
    services: Services, caller: Caller, query: DomainQuery, request: ListRequest
) -> Response:
    """Answer with a page of the domains that are wanted."""
    request.check_fields(DomainRead)
    order = f"{'-' if query.is_descending else ''}{query.order}"
    after, behind = _place(query, request, order)
    found = await services.domains.page(
        caller, after=after, behind=behind, limit=request.limit + 1, query=query
    )
    total = await services.domains.count(caller, query) if request.total else None

    def place(stored: Stored[Domain]) -> tuple[str, ...]:
        name = stored.value.name.ascii
        if query.order is DomainOrder.NAME:
            return order, name
        return order, name, getattr(stored, query.order.value).isoformat()

    return page_response(request, found, domain_to_read, place, total)


def _place(query: DomainQuery, request: ListRequest, order: str) -> tuple[str, datetime | None]:
    if query.order is DomainOrder.NAME:
        position = request.position(order, (str,))
        return (position[0] if position else ""), None
    position = request.position(order, (str, str))
    if position is None:
        return "", None
    moment = _moment(position[1])
    if moment is None:
        raise parameter_error("after", NO_PLACE)
    return position[0], moment


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        # Near the first and the last year there are moments that do not exist in UTC.
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def aliases_of(name: DomainName) -> DomainQuery:
    """Return the query for the aliases of a domain."""
    return replace(DomainQuery(), alias_of=name)
