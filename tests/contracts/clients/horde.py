"""Horde: knows TLS or tries STARTTLS, and two placeholders (protocol brief §1.3)."""

from __future__ import annotations

import re

from contracts.clients.settings import (
    ADDRESS,
    LOCAL_PART,
    Configured,
    RefusalError,
    Refused,
    Result,
    Security,
    Server,
    filled,
)
from contracts.clients.tree import Node, provider_of

_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def read(body: bytes, address: str) -> Result:
    try:
        provider = provider_of(body)
    except RefusalError as error:
        return Refused(str(error))
    incoming = _servers(provider, "incomingServer", ("imap", "pop3"), address)
    outgoing = _servers(provider, "outgoingServer", ("smtp",), address)
    if not incoming and not outgoing:
        return Refused("no server of a known type")
    return Configured(incoming=incoming, outgoing=outgoing)


def _servers(provider: Node, name: str, types: tuple[str, ...], address: str) -> tuple[Server, ...]:
    sections = [node for node in provider.elements(name) if node.attributes.get("type") in types]
    return tuple(_server(node, address) for node in sections)


def _server(node: Node, address: str) -> Server:
    number = _WHOLE.match(node.text_of("port") or "")
    is_tls = node.text_of("socketType") == "SSL"
    return Server(
        type=node.attributes["type"],
        hostname=node.text_of("hostname"),
        port=int(number[1]) if number else 0,
        security=Security.TLS if is_tls else Security.UNSTATED,
        username=filled(node.text_of("username") or "", address, (ADDRESS, LOCAL_PART)),
    )
