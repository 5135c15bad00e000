"""Probes web services: one request that needs no login, whose refusal tells as much as an answer would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.markup import element, to_document
from app.core.observations import Capabilities, FailureReason, HttpAnswer, Stage
from app.core.servers import ServerType, SocketType
from app.net.addresses import resolve
from app.net.failures import ConversationError, shown
from app.net.http import WebRequest, WebTarget, exchange, find_redirect, schemes_of
from app.net.streams import Handshake
from app.net.tls import server_name_of
from app.verification.probe import Probe

if TYPE_CHECKING:
    from app.core.observations import TlsSession
    from app.net.address_policy import Address
    from app.net.http import WebResponse
    from app.net.streams import Stream
    from app.verification.probe import Contact, Sight

_MAX_REDIRECTS: Final = 5
_MAX_ADDRESSES: Final = 3
_SEE_OTHER: Final = 303
_TRY_NEXT: Final = frozenset({
    FailureReason.REFUSED, FailureReason.TIMED_OUT, FailureReason.UNREACHABLE, FailureReason.FORBIDDEN,
    FailureReason.NO_LOCAL_FAMILY,
})  # fmt: skip
_KEPT_HEADERS: Final = frozenset({
    "content-type", "dav", "ms-asprotocolversions", "strict-transport-security", "www-authenticate",
})  # fmt: skip
_AGENT: Final = ("User-Agent", "Signpost")
_GET: Final = WebRequest(method="GET", headers=(_AGENT, ("Accept", "*/*")))
_PROPFIND: Final = WebRequest(
    method="PROPFIND",
    headers=(_AGENT, ("Depth", "0"), ("Content-Type", "application/xml; charset=utf-8")),
    # What clients ask first (RFC 5397 §3).
    body=to_document(element("propfind", element("prop", element("current-user-principal")), xmlns="DAV:")),
)
_REQUESTS: Final = {
    ServerType.CALDAV: _PROPFIND,
    ServerType.CARDDAV: _PROPFIND,
    ServerType.WEBDAV: _PROPFIND,
    ServerType.ACTIVESYNC: WebRequest(method="OPTIONS", headers=(_AGENT,)),
}


async def ask(contact: Contact, sight: Sight) -> None:
    """Ask, and follow where the answer leads: each other host is resolved and judged anew."""
    endpoint = contact.endpoint
    is_tls = endpoint.socket_type is SocketType.TLS
    target = WebTarget(
        scheme="https" if is_tls else "http",
        hostname=endpoint.hostname,
        port=endpoint.port,
        path=endpoint.path or "/",
    )
    request = _GET if endpoint.service is None else _REQUESTS.get(endpoint.service, _GET)
    async with contact.connect(sight) as stream:
        if is_tls:
            sight.stage = Stage.HANDSHAKE
            sight.tls = await stream.start_tls(contact.handshake)
        if not contact.is_brief:
            sight.stage = Stage.REQUEST
            response = await exchange(stream, target, request)
    if not contact.is_brief:
        response = await _follow(contact, sight, _Asked(target, request, response))
        offered = Capabilities(mechanisms=schemes_of(response.header("www-authenticate")))
        if is_tls:
            sight.in_tls = offered
        else:
            sight.before_tls = offered
    sight.stage = Stage.DONE


@dataclass(frozen=True, slots=True)
class _Asked:
    target: WebTarget
    request: WebRequest
    response: WebResponse


async def _follow(contact: Contact, sight: Sight, asked: _Asked) -> WebResponse:
    """Go on as long as the answers lead on, never from https to http, and note each."""
    target, request, response = asked.target, asked.request, asked.response
    sight.http = _answer(target, response)
    while (location := response.location) is not None and len(sight.http.redirects) < _MAX_REDIRECTS:
        found = find_redirect(target, location)
        if found is None:
            break
        redirects = (*sight.http.redirects, shown(target.url))
        if target.scheme == "https" and found.scheme != "https":
            sight.http = replace(sight.http, url=shown(found.url), redirects=redirects)
            break
        if response.status == _SEE_OTHER:
            request = _GET
        target = found
        response, tls = await _ask_elsewhere(contact, target, request)
        sight.http = replace(_answer(target, response), redirects=redirects, tls=tls)
    return response


async def _ask_elsewhere(
    contact: Contact, target: WebTarget, request: WebRequest
) -> tuple[WebResponse, TlsSession | None]:
    ended = ConversationError(FailureReason.UNREACHABLE, f"leads to {target.hostname}, which has no address")
    for address in await _addresses(contact, target):
        try:
            async with contact.dialer.connection(address, target.port) as stream:
                return await _ask_once(stream, contact, target, request)
        except ConversationError as error:
            ended = ConversationError(error.reason, f"leads to {target.hostname}: {error.detail}")
            if error.reason not in _TRY_NEXT:
                break
    raise ended


async def _ask_once(
    stream: Stream, contact: Contact, target: WebTarget, request: WebRequest
) -> tuple[WebResponse, TlsSession | None]:
    tls = None
    if target.scheme == "https":
        tls = await stream.start_tls(Handshake(server_name_of(target.hostname), contact.handshake.policy))
    return await exchange(stream, target, request), tls


async def _addresses(contact: Contact, target: WebTarget) -> tuple[Address, ...]:
    if target.hostname == contact.endpoint.hostname:
        # It is this address that is being looked at.
        return (contact.address,)
    resolved = await resolve(contact.resolver, target.hostname)
    return resolved.addresses[:_MAX_ADDRESSES]


def _answer(target: WebTarget, response: WebResponse) -> HttpAnswer:
    names = dict.fromkeys(name for name, _ in response.headers if name in _KEPT_HEADERS)
    headers = tuple((name, shown(response.header(name) or "")) for name in names)
    return HttpAnswer(status=response.status, url=shown(target.url), headers=headers)


PROBE: Final = Probe(Protocol.HTTP, ask)
