"""Quotas of addresses and tokens over HTTP: who is counted, what is refused, and what is told of it.

Told in the header fields of draft-ietf-httpapi-ratelimit-headers-10 and later, `RateLimit-Policy` and
`RateLimit` as lists of strings with parameters; the three fields of earlier drafts and the ``X-`` fields have
no one meaning of their times. Answers without a token have them in refusals only: caches keep the others,
and a client behind a shared address would learn of its neighbours' requests.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from app.api.bearers import find_bearer
from app.api.refusals import MANAGEMENT, Refusals, no_page
from app.core.errors import QuotaExceeded
from app.core.networks import is_in_networks

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.api.refusals import PageOf
    from app.core.quotas import Standing
    from app.services.callers import Caller
    from app.services.rates import RequestRates
    from app.settings import Settings
    from app.wiring import Services

RATE_LIMIT: Final = "RateLimit"
RATE_LIMIT_POLICY: Final = "RateLimit-Policy"

_UNCOUNTED: Final = frozenset({"/health/live", "/health/ready", "/health/serving"})
_TLS_ASK: Final = "/tls/ask"
_TOLD_EVERY_SECONDS: Final = 60

_log = structlog.get_logger(__name__)


class AddressLimit:
    """Refuses requests without a token over their address's quota, before anything is done for them.

    Those with a token are counted where the token is looked up; wrong tokens have waits of their own.
    """

    def __init__(self, app: ASGIApp, api: FastAPI, page_of: PageOf = no_page) -> None:
        """Take what comes next, the application whose services and settings these are, and pages for people.

        Args:
            app: What comes next.
            api: The application.
            page_of: Returns the page of a refusal, for a path at which people read.
        """
        settings: Settings = api.state.settings
        services: Services = api.state.services
        self._app = app
        self._refusals = Refusals(api, page_of)
        self._rates: RequestRates = services.rates
        self._tls_askers = (*settings.tls_ask_networks, *settings.trusted_proxies)
        self._refused = 0
        self._told_at = -float(_TOLD_EVERY_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, and pass it on or refuse it."""
        if scope["type"] == "http" and self._is_counted(scope):
            client = scope.get("client")
            address = client[0] if client else None
            wait = self._rates.count_address(address)
            if wait:
                self._rates.refused["address"] += 1
                self._note()
                await self._refusal(scope, address, wait)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_counted(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path.startswith(MANAGEMENT):
            return find_bearer(scope) is None
        if path == _TLS_ASK:
            # The proxy asks for everybody, and limits by itself.
            client = scope.get("client")
            return not is_in_networks(client[0] if client else None, self._tls_askers)
        return path not in _UNCOUNTED

    def _refusal(self, scope: Scope, address: str | None, wait_seconds: int) -> Response:
        error = QuotaExceeded("address", wait_seconds)
        standing = self._rates.standing_of_address(address)
        fields = {} if standing is None else rate_fields(standing)
        return self._refusals.answer(scope, error, fields)

    def _note(self) -> None:
        """Log how many were refused, once a minute at most: under a flood each line would be one more."""
        self._refused += 1
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_SECONDS:
            _log.warning("requests_refused", count=self._refused)
            self._refused, self._told_at = 0, now


def count_token(request: Request, rates: RequestRates, caller: Caller) -> None:
    """Count a caller's request, and have its answer tell what is left.

    Raises:
        QuotaExceeded: When it is one too many.
    """
    try:
        rates.count_token(caller.token_id)
    finally:
        standing = rates.standing_of_token(caller.token_id)
        if standing is not None:
            request.state.answer_fields = [
                (name.lower().encode(), value.encode()) for name, value in rate_fields(standing).items()
            ]


def rate_fields(standing: Standing) -> dict[str, str]:
    """Write a quota and what is left of it as header fields."""
    quota = standing.quota
    return {
        RATE_LIMIT_POLICY: f'"{quota.name}";q={quota.requests};w={quota.window_seconds}',
        RATE_LIMIT: f'"{quota.name}";r={standing.remaining};t={standing.wait_seconds}',
    }
