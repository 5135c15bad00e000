"""Posts by httpx, each over a connection of its own; what is promised of it is in app/net/posting.py."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
from typing_extensions import override

from app.net.addresses import resolve
from app.net.posting import Posted, Poster
from app.net.tls import trust_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.net.address_policy import Address
    from app.net.posting import PostingLimits
    from app.net.resolver import Resolver

_CONNECT_SECONDS: Final = 5.0
_MAX_ADDRESSES: Final = 3
# Enough for the few words that receivers answer with, so that they are not cut off while they write.
_MAX_BODY_BYTES: Final = 16_384
_BODY_SECONDS: Final = 1.0


class HttpxPoster(Poster):
    """Posts by httpx, each time over a connection of its own."""

    def __init__(self, resolver: Resolver, limits: PostingLimits, ca_file: Path | None = None) -> None:
        """Take what resolves names, the limits, and further roots to trust; nothing is read yet."""
        self._resolver = resolver
        self._limits = limits
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None

    def load(self) -> None:
        """Read the roots.

        Raises:
            InvalidInput: When the file of further roots is none.
        """
        context = ssl.create_default_context()
        if self._ca_file is not None:
            trust_file(context, self._ca_file)
        self._context = context

    @override
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Resolve, judge, connect, send; try another address only where the last took no connection."""
        try:
            async with asyncio.timeout(self._limits.timeout_seconds):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Posted(detail=f"did not answer within {self._limits.timeout_seconds:g} seconds")

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        parts = urlsplit(url)
        if parts.scheme.lower() != "https" and not self._limits.allow_http:
            return Posted(detail="has a URL of plain http, which the operator does not allow")
        host = (parts.hostname or "").lower()
        addresses, detail = await self._addresses(host)
        ended = Posted(detail=detail)
        for address in addresses[:_MAX_ADDRESSES]:
            request = httpx.Request(
                "POST",
                httpx.URL(url).copy_with(host=str(address)),
                headers={**headers, "Host": parts.netloc.lower()},
                content=body,
                extensions={"sni_hostname": host, "timeout": {"connect": _CONNECT_SECONDS}},
            )
            try:
                return await self._send(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                ended = Posted(detail=_said_of_connection(error))
            except httpx.HTTPError as error:
                return Posted(detail=_said(error))
        return ended

    async def _send(self, request: httpx.Request) -> Posted:
        if self._context is None:
            self.load()
        assert self._context is not None, "loaded"  # noqa: S101
        # A pool would take connections to one address for the same, whatever name their certificate is of.
        async with httpx.AsyncHTTPTransport(verify=self._context, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                await _read_some(response)
            finally:
                await response.aclose()
        status = response.status_code
        detail = f"answered {status}"
        if response.has_redirect_location:
            detail += ", and redirects are not followed"
        return Posted(status=status, detail=detail, retry_after=response.headers.get("retry-after"))

    async def _addresses(self, host: str) -> tuple[list[Address], str]:
        """Return the host's addresses that may be connected to, and why there is none."""
        resolved = await resolve(self._resolver, host)
        if not resolved.addresses:
            statuses = sorted({lookup.status.value for lookup in resolved.lookups})
            return [], f"has a name without an address ({', '.join(statuses)})"
        reasons = {address: self._limits.policy.refusal(address) for address in resolved.addresses}
        allowed = [address for address, reason in reasons.items() if reason is None]
        refusals = [reason for reason in reasons.values() if reason is not None]
        return allowed, f"has an address that {refusals[0]}" if refusals else ""


async def _read_some(response: httpx.Response) -> None:
    """Read the body up to a limit; the status counts, whatever becomes of the rest."""
    seen = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in response.aiter_raw():
                seen += len(part)
                if seen >= _MAX_BODY_BYTES:
                    return


def _said_of_connection(error: httpx.HTTPError) -> str:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that does not hold: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "does not speak TLS that we can"
    if isinstance(error, httpx.ConnectTimeout):
        return "did not take the connection in time"
    return "took no connection"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _said(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ProtocolError):
        return "answered something that is not HTTP"
    return "ended the connection without an answer"
