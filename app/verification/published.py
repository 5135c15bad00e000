"""Fetches what a domain's names return, as clients do: one address after the other, redirects followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from app.core.observations import Failure, FailureReason, HttpAnswer, Stage
from app.core.publications import DocumentCheck, DocumentObservation
from app.net.addresses import resolve
from app.net.failures import ConversationError, shown
from app.net.http import WebRequest, find_redirect, send_request, target_of
from app.net.streams import Handshake
from app.net.tls import server_name_of
from app.net.web_bodies import read_body
from app.verification.web_answers import OK

if TYPE_CHECKING:
    from app.core.dns_lookups import Lookup
    from app.core.observations import TlsSession
    from app.core.publications import ExpectedDocument
    from app.net.dialer import Dialer
    from app.net.http import WebResponse, WebTarget
    from app.net.resolver import Resolver
    from app.net.streams import Stream

_MAX_REDIRECTS: Final = 5
_MAX_ADDRESSES: Final = 3
_BODY_START: Final = 512
_SEE_OTHER: Final = 303
_TRY_NEXT: Final = frozenset({
    FailureReason.REFUSED, FailureReason.TIMED_OUT, FailureReason.UNREACHABLE, FailureReason.FORBIDDEN,
    FailureReason.NO_LOCAL_FAMILY,
})  # fmt: skip
_AGENT: Final = (("User-Agent", "Signpost"), ("Accept", "*/*"))
_XML: Final = ("Content-Type", "text/xml; charset=utf-8")


@dataclass(slots=True)
class _Progress:
    stage: Stage = Stage.CONNECT
    tls: TlsSession | None = None
    """Of the connection that is there."""
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fetched:
    response: WebResponse
    body: bytes | None
    """None where it was too long to be a document."""


class DocumentFetcher:
    """Fetches documents under the same limits and address policy as probes."""

    def __init__(self, dialer: Dialer, resolver: Resolver) -> None:
        """Take what connects, and what finds addresses."""
        self._dialer = dialer
        self._resolver = resolver

    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        """Fetch a document; whatever is wrong is in what is returned."""
        return DocumentCheck(expected=expected, seen=await self._observe(expected))

    async def _observe(self, expected: ExpectedDocument) -> DocumentObservation:
        seen = DocumentObservation(url=expected.url)
        target = target_of(expected.url)
        if target is None:
            failure = Failure(stage=Stage.CONNECT, reason=FailureReason.UNREACHABLE, detail="no URL")
            return replace(seen, failure=failure)
        request = WebRequest(method="GET", headers=_AGENT)
        if expected.posted:
            request = WebRequest(method="POST", headers=(*_AGENT, _XML), body=expected.posted)
        progress = _Progress()
        try:
            fetched = await self._fetch(target, request, progress)
        except ConversationError as error:
            failure = Failure(stage=progress.stage, reason=error.reason, detail=error.detail)
            return replace(seen, lookups=progress.lookups, failure=failure, tls=progress.tls)
        seen = replace(seen, lookups=progress.lookups, tls=progress.tls)
        return await self._follow(_with_answer(seen, target, fetched), target, request, fetched)

    async def _follow(
        self, seen: DocumentObservation, target: WebTarget, request: WebRequest, fetched: _Fetched
    ) -> DocumentObservation:
        """Go on as long as the answers lead on; a failure on the way is the observation's."""
        hops: tuple[str, ...] = ()
        while (location := fetched.response.location) is not None and len(hops) < _MAX_REDIRECTS:
            found = find_redirect(target, location)
            if found is None:
                break
            hops, target = (*hops, shown(target.url)), found
            if fetched.response.status == _SEE_OTHER:
                request = WebRequest(method="GET", headers=_AGENT)
            progress = _Progress()
            try:
                fetched = await self._fetch(target, request, progress)
            except ConversationError as error:
                detail = f"leads to {target.hostname}: {error.detail}"[:200]
                failure = Failure(stage=Stage.REQUEST, reason=error.reason, detail=detail)
                return replace(seen, failure=failure)
            seen = _with_answer(seen, target, fetched, hops, progress.tls)
        return seen

    async def _fetch(self, target: WebTarget, request: WebRequest, progress: _Progress) -> _Fetched:
        """Ask the first address that takes a connection."""
        ended = ConversationError(FailureReason.UNREACHABLE, "has no address")
        resolved = await resolve(self._resolver, target.hostname)
        progress.lookups = resolved.lookups
        for address in resolved.addresses[:_MAX_ADDRESSES]:
            progress.stage = Stage.CONNECT
            try:
                async with self._dialer.connection(address, target.port) as stream:
                    return await _ask(stream, target, request, progress)
            except ConversationError as error:
                ended = error
                if progress.stage is not Stage.CONNECT or error.reason not in _TRY_NEXT:
                    break
        raise ended


async def _ask(stream: Stream, target: WebTarget, request: WebRequest, progress: _Progress) -> _Fetched:
    if target.scheme == "https":
        progress.stage = Stage.HANDSHAKE
        progress.tls = await stream.start_tls(Handshake(server_name_of(target.hostname)))
    progress.stage = Stage.REQUEST
    response, reader = await send_request(stream, target, request)
    if response.status != OK:
        return _Fetched(response, b"")
    try:
        return _Fetched(response, await read_body(reader, response))
    except ConversationError as error:
        if error.reason is FailureReason.TOO_LONG:
            return _Fetched(response, None)
        raise


def _with_answer(
    seen: DocumentObservation,
    target: WebTarget,
    fetched: _Fetched,
    redirects: tuple[str, ...] = (),
    tls: TlsSession | None = None,
) -> DocumentObservation:
    response, body = fetched.response, fetched.body
    media_type = (response.header("content-type") or "").partition(";")[0].strip().lower()
    return replace(
        seen,
        http=HttpAnswer(
            status=response.status, url=shown(target.url), redirects=redirects, tls=tls if redirects else None
        ),
        media_type=shown(media_type),
        body_sha256="" if body is None else sha256(body).hexdigest(),
        body_start=(body or b"")[:_BODY_START],
    )
