"""GNOME Online Accounts: one placeholder as user name, or the address (protocol brief §1.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from contracts.clients.settings import (
    ADDRESS,
    DOMAIN,
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

SOCKET_TYPES = {"ssl": Security.TLS, "starttls": Security.STARTTLS, "plain": Security.PLAIN}
_LAST_PORT = 65534


def read(body: bytes, address: str) -> Result:
    try:
        provider = provider_of(body)
    except RefusalError as error:
        return Refused(str(error))
    incoming = _servers(provider, "incomingServer", ("imap", "pop3", "jmap"), address)
    outgoing = _servers(provider, "outgoingServer", ("smtp",), address)
    if not incoming and not outgoing:
        return Refused("no server of a known type")
    return Configured(incoming=incoming, outgoing=outgoing)


def _servers(provider: Node, name: str, types: tuple[str, ...], address: str) -> tuple[Server, ...]:
    sections = [node for node in provider.elements(name) if node.attributes.get("type") in types]
    return tuple(server for node in sections if (server := _server(node, address)) is not None)


def _server(node: Node, address: str) -> Server | None:
    server_type = node.attributes["type"]
    hostname, port_text = node.text_of("hostname"), node.text_of("port") or ""
    security = SOCKET_TYPES.get((node.text_of("socketType") or "").lower(), Security.UNSTATED)
    if server_type == "jmap":
        hostname, port_text, security = urlsplit(node.text_of("url") or "").hostname, "443", Security.TLS
    is_port = port_text.isascii() and port_text.isdigit() and 1 <= int(port_text) <= _LAST_PORT
    if hostname is None or not is_port:
        return None
    return Server(
        type=server_type,
        hostname=hostname,
        port=int(port_text),
        security=security,
        username=_username(node.text_of("username") or "", address),
    )


def _username(text: str, address: str) -> str:
    return filled(text.upper(), address) if text.upper() in (ADDRESS, LOCAL_PART, DOMAIN) else address
