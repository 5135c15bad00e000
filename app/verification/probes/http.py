"""Probes web services: one request that needs no login, whose refusal tells as much as an answer would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.markup import element, to_document
from app.core.observations import Capabilities, Stage
from app.core.servers import ServerType, SocketType
from app.net.addresses import resolve
from app.net.failures import shown
from app.net.http import WebRequest, WebTarget, exchange, schemes_of
from app.net.streams import Handshake
from app.net.tls import server_name_of
from app.net.web_asking import AGENT, GET, Question, Reply, ask_once, first_connection, follow
from app.verification.probe import Probe

if TYPE_CHECKING:
    from app.core.endpoints import Endpoint
    from app.net.address_policy import Address
    from app.net.http import WebResponse
    from app.net.web_asking import Progress
    from app.verification.probe import Contact, Sight

_KEPT_HEADERS: Final = frozenset({
    "content-type", "dav", "ms-asprotocolversions", "strict-transport-security", "www-authenticate",
})  # fmt: skip
_PROPFIND: Final = WebRequest(
    method="PROPFIND",
    headers=(AGENT, ("Depth", "0"), ("Content-Type", "application/xml; charset=utf-8")),
    # What clients ask first (RFC 5397 §3).
    body=to_document(element("propfind", element("prop", element("current-user-principal")), xmlns="DAV:")),
)
_REQUESTS: Final = {
    ServerType.CALDAV: _PROPFIND,
    ServerType.CARDDAV: _PROPFIND,
    ServerType.WEBDAV: _PROPFIND,
    ServerType.ACTIVESYNC: WebRequest(method="OPTIONS", headers=(AGENT,)),
}


async def ask(contact: Contact, sight: Sight) -> None:
    """Ask, and follow where the answer leads: each other host is resolved and judged anew."""
    question = _question(contact.endpoint)
    is_tls = question.target.scheme == "https"
    async with contact.connect(sight) as stream:
        if is_tls:
            sight.stage = Stage.HANDSHAKE
            sight.tls = await stream.start_tls(contact.handshake)
        if contact.is_brief:
            sight.stage = Stage.DONE
            return
        sight.stage = Stage.REQUEST
        response = await exchange(stream, question.target, question.request)
    offered = await _follow(contact, sight, question, response)
    if is_tls:
        sight.in_tls = offered
    else:
        sight.before_tls = offered
    sight.stage = Stage.DONE


def _question(endpoint: Endpoint) -> Question:
    target = WebTarget(
        scheme="https" if endpoint.socket_type is SocketType.TLS else "http",
        hostname=endpoint.hostname,
        port=endpoint.port,
        path=endpoint.path or "/",
    )
    return Question(target, GET if endpoint.service is None else _REQUESTS.get(endpoint.service, GET))


async def _follow(contact: Contact, sight: Sight, question: Question, response: WebResponse) -> Capabilities:
    """Note where the answers lead; return the ways to log in there."""

    async def ask_elsewhere(onward: Question, progress: Progress) -> Reply:
        addresses = await _addresses(contact, onward.target)
        visit = contact.visit(f"redirected to {onward.target.scheme}", lambda: progress.stage)
        async with first_connection(contact.dialer, addresses, onward.target.port, visit) as stream:
            handshake = Handshake(server_name_of(onward.target.hostname), contact.handshake.policy)
            return Reply((await ask_once(stream, onward, progress, handshake))[0])

    answer, reply = await follow(question, Reply(response), ask_elsewhere)
    sight.http = replace(answer, headers=_kept_headers(reply.response))
    return Capabilities(mechanisms=schemes_of(reply.response.header("www-authenticate")))


async def _addresses(contact: Contact, target: WebTarget) -> tuple[Address, ...]:
    if target.hostname == contact.endpoint.hostname:
        # It is this address that is being looked at.
        return (contact.address,)
    return (await resolve(contact.resolver, target.hostname)).known_addresses()


def _kept_headers(response: WebResponse) -> tuple[tuple[str, str], ...]:
    names = dict.fromkeys(name for name, _ in response.headers if name in _KEPT_HEADERS)
    return tuple((name, shown(response.header(name) or "")) for name in names)


PROBE: Final = Probe(Protocol.HTTP, ask)
