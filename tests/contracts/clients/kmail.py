"""KMail's account wizard: prefers STARTTLS for sending, OAuth2 over passwords (protocol brief §1.3)."""

from __future__ import annotations

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.tree import Node, provider_of

SOCKET_TYPES = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS, "plain": Security.PLAIN}
# The order of its enum, which it takes for the order of strength.
STRENGTH = {Security.PLAIN: 0, Security.TLS: 1, Security.STARTTLS: 2}
AUTHENTICATION = {
    "password-cleartext": "PLAIN",
    "plain": "PLAIN",
    "password-encrypted": "CRAM-MD5",
    "secure": "CRAM-MD5",
    "NTLM": "NTLM",
    "GSSAPI": "GSSAPI",
    "client-ip-based": "ANONYMOUS",
    "none": "ANONYMOUS",
    "OAuth2": "OAuth2",
}


def read(body: bytes, address: str) -> Result:
    try:
        provider = provider_of(body)
    except RefusalError as error:
        return Refused(str(error))
    incoming = [
        *_servers(provider, "incomingServer", "imap", address),
        *_servers(provider, "incomingServer", "pop3", address),
    ]
    outgoing = _servers(provider, "outgoingServer", "smtp", address)
    if not incoming and not outgoing:
        return Refused("no server of a known type")
    strongest = sorted(outgoing, key=lambda server: -STRENGTH[server.security])[:1]
    return Configured(incoming=tuple(incoming), outgoing=tuple(strongest))


def _servers(provider: Node, name: str, server_type: str, address: str) -> list[Server]:
    sections = [node for node in provider.elements(name) if node.attributes.get("type") == server_type]
    return [server for node in sections if (server := _server(node, server_type, address)) is not None]


def _server(node: Node, server_type: str, address: str) -> Server | None:
    port = node.text_of("port") or ""
    if not (port.isascii() and port.isdigit()):
        return None
    method = "PLAIN"
    for found in node.elements("authentication"):
        if method == "PLAIN":
            method = AUTHENTICATION.get(found.text, method)
    return Server(
        type=server_type,
        hostname=filled(node.text_of("hostname") or "", address),
        port=int(port),
        security=SOCKET_TYPES.get(node.text_of("socketType") or "", Security.TLS),
        username=filled(node.text_of("username") or "", address),
        authentication=(method,),
    )
