"""Who asks, found out before anything else of a management request is looked at.

Dependencies would be too late: FastAPI reads a body first, and a refusal of what is in it, or of its media
type, would answer callers who may not ask at all.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from typing_extensions import override

from app.api.bearers import find_bearer
from app.api.rate_limits import count_token
from app.core.errors import NotAuthenticated

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from app.wiring import Services

_MANAGEMENT: Final = "/api/"


async def authenticate(request: Request) -> None:
    """Find out who asks, count it, and keep it as the state's ``caller``.

    Raises:
        NotAuthenticated: When it bears no token, or one that does not hold.
        TooManyRequests: When too many wrong ones came from its address.
        QuotaExceeded: When it is one too many.
    """
    bearer = find_bearer(request.scope)
    if bearer is None:
        raise NotAuthenticated
    services: Services = request.app.state.services
    address = request.client.host if request.client else None
    caller = await services.access.authenticate(bearer, address)
    request.state.token_id = caller.token_id
    count_token(request, services.rates, caller)
    request.state.caller = caller


class AuthenticatedRoute(APIRoute):
    """A route for callers with a token; others do not even learn which methods it has."""

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, then do what is asked."""
        await authenticate(Request(scope))
        await super().handle(scope, receive, send)


async def refuse_path(scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer a request for a path that no route has; in the management API to callers with a token only.

    Raises:
        NotAuthenticated: As `authenticate` does.
        TooManyRequests: The same.
        QuotaExceeded: The same.
        HTTPException: Otherwise.
    """
    if scope["path"].startswith(_MANAGEMENT):
        await authenticate(Request(scope))
    raise HTTPException(HTTPStatus.NOT_FOUND)
