"""Nextcloud Mail: the first IMAP and the first SMTP server, either may be missing (protocol brief §1.3)."""

from __future__ import annotations

import re

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.tree import Node, provider_of

SOCKET_TYPES = {"ssl": Security.TLS, "starttls": Security.STARTTLS, "tls": Security.STARTTLS}
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def read(body: bytes, address: str) -> Result:
    try:
        provider = provider_of(body)
    except RefusalError as error:
        return Refused(str(error))
    incoming = _first(provider, "incomingServer", "imap", address)
    outgoing = _first(provider, "outgoingServer", "smtp", address)
    if not incoming and not outgoing:
        return Refused("neither imap nor smtp")
    return Configured(incoming=incoming, outgoing=outgoing)


def _first(provider: Node, name: str, server_type: str, address: str) -> tuple[Server, ...]:
    node = next((n for n in provider.elements(name) if n.attributes.get("type") == server_type), None)
    if node is None:
        return ()
    number = _WHOLE.match(node.text_of("port") or "")
    server = Server(
        type=server_type,
        hostname=node.text_of("hostname"),
        port=int(number[1]) if number else 0,
        security=SOCKET_TYPES.get((node.text_of("socketType") or "").lower(), Security.PLAIN),
        username=filled(node.text_of("username") or "", address),
    )
    return (server,)
