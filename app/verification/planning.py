"""Which endpoints a domain's settings list, and what of them cannot be probed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from app.core import placeholders
from app.core.endpoints import Endpoint, Listing, Protocol, Unprobed, VerificationPlan
from app.core.errors import InvalidInput
from app.core.names import Hostname
from app.core.servers import ExchangeOptions, Server, ServerType, SocketType, WebmailOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.account import AccountSettings

_SOCKET_PROTOCOLS: Final = {
    ServerType.IMAP: Protocol.IMAP,
    ServerType.POP3: Protocol.POP3,
    ServerType.SMTP: Protocol.SMTP,
    ServerType.MANAGESIEVE: Protocol.MANAGESIEVE,
}
_WEB_TYPES: Final = frozenset({
    ServerType.JMAP, ServerType.EWS, ServerType.OWA, ServerType.MAPI, ServerType.ACTIVESYNC,
    ServerType.CALDAV, ServerType.CARDDAV, ServerType.WEBDAV, ServerType.WEBMAIL,
})  # fmt: skip
_SOCKET_TYPES: Final = {"https": SocketType.TLS, "http": SocketType.PLAIN}
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}

_DETAILS: Final = {
    "no-probe": "There is no probe for servers of this type.",
    "address-needed": "Its host name or URL has the mailbox in it, so that there is none for the domain.",
    "no-url": "None of the URLs of its services is stored.",
    "name-unfit": "Its host name or URL is none that can be connected to.",
}


def plan(settings: AccountSettings) -> VerificationPlan:
    """Plan what is to be probed for a domain.

    A server with an own and a shared name is listed with both: the name that is not published is
    probed too, because the automatic choice between them needs proof.

    Args:
        settings: Of the whole domain. Those of an address list that mailbox's endpoints.
    """
    listings: dict[Listing, None] = {}
    unprobed: dict[Unprobed, None] = {}
    for server in settings.servers:
        for found in _planned(settings, server):
            if isinstance(found, Listing):
                listings[found] = None
            else:
                unprobed[found] = None
    return VerificationPlan(domain=settings.domain, listings=tuple(listings), unprobed=tuple(unprobed))


def _planned(settings: AccountSettings, server: Server) -> Iterator[Listing | Unprobed]:
    protocol = _SOCKET_PROTOCOLS.get(server.type)
    if server.url is not None and server.type in _WEB_TYPES:
        yield from _web(settings, server)
    elif isinstance(server.options, ExchangeOptions) and server.options.urls:
        yield from _exchange(settings, server, server.options)
    elif server.type is ServerType.EXCHANGE:
        yield _unprobed(server, "no-url")
    elif protocol is None:
        yield _unprobed(server, "no-probe")
    else:
        yield from _sockets(settings, server, protocol)


def _sockets(settings: AccountSettings, server: Server, protocol: Protocol) -> Iterator[Listing | Unprobed]:
    published = _socket(settings, server, protocol, server.hostname)
    yield published
    own = settings.own_hostnames.get(server.key)
    for other in (own, server.shared_hostname):
        if other is not None and other != server.hostname:
            listing = _socket(settings, server, protocol, other)
            is_same = (
                isinstance(published, Listing)
                and isinstance(listing, Listing)
                and (published.endpoint == listing.endpoint)
            )
            if isinstance(listing, Listing) and not is_same:
                yield replace(listing, is_published=False)


def _socket(
    settings: AccountSettings, server: Server, protocol: Protocol, pattern: str | None
) -> Listing | Unprobed:
    hostname = settings.expanded(pattern or "")
    if placeholders.has_placeholders(hostname):
        return _unprobed(server, "address-needed")
    try:
        hostname = Hostname.parse_text(hostname)
    except InvalidInput:
        return _unprobed(server, "name-unfit")
    if server.port is None or server.socket_type is None:
        return _unprobed(server, "name-unfit")
    endpoint = Endpoint(
        protocol=protocol, hostname=hostname, port=server.port, socket_type=server.socket_type
    )
    return Listing(endpoint=endpoint, server=server.key, authentication=server.authentication)


def _web(settings: AccountSettings, server: Server) -> Iterator[Listing | Unprobed]:
    yield _url(settings, server, server.type, server.url or "")
    if isinstance(server.options, WebmailOptions):
        yield _url(settings, server, server.type, server.options.login_form.url)


def _exchange(
    settings: AccountSettings, server: Server, options: ExchangeOptions
) -> Iterator[Listing | Unprobed]:
    urls = (
        (ServerType.OWA, options.owa_url),
        (ServerType.EWS, options.ews_url),
        (ServerType.ACTIVESYNC, options.eas_url),
        (ServerType.EXCHANGE, options.autodiscover_url),
    )
    for service, url in urls:
        if url is not None:
            yield _url(settings, server, service, url)


def _url(settings: AccountSettings, server: Server, service: ServerType, pattern: str) -> Listing | Unprobed:
    url = settings.expanded_url(pattern)
    if placeholders.has_placeholders(url):
        return _unprobed(server, "address-needed")
    try:
        endpoint = _web_endpoint(service, urlsplit(url))
    except (InvalidInput, ValueError, KeyError):
        return _unprobed(server, "name-unfit")
    # People log in to web mail with a form, of which the documents promise nothing.
    promised = () if service is ServerType.WEBMAIL else server.authentication
    return Listing(endpoint=endpoint, server=server.key, authentication=promised)


def _web_endpoint(service: ServerType, parts: SplitResult) -> Endpoint:
    query = f"?{parts.query}" if parts.query else ""
    return Endpoint(
        protocol=Protocol.HTTP,
        hostname=Hostname.parse_text(parts.hostname or ""),
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        socket_type=_SOCKET_TYPES[parts.scheme],
        service=service,
        path=f"{parts.path or '/'}{query}",
    )


def _unprobed(server: Server, reason: str) -> Unprobed:
    return Unprobed(server=server.key, reason=reason, detail=_DETAILS[reason])
