"""Delta Chat: a lenient reader; what it does not find it guesses (protocol brief §1.3)."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("hostname", "port", "sockettype", "username")
SOCKET_TYPES = {"ssl": Security.TLS, "starttls": Security.STARTTLS, "plain": Security.PLAIN}
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<![^>]*>"
    r"|<(?P<end>/)?(?P<name>[^\s/>]+)(?P<attributes>[^>]*?)(?P<empty>/)?>|(?P<text>[^<]+)|(?P<stray><)",
    re.DOTALL,
)
_TYPE = re.compile(r"""(?:^|\s)type\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_LAST_PORT = 65535


def read(body: bytes, address: str) -> Result:
    try:
        servers = list(_servers(body.decode(errors="replace"), address))
    except RefusalError as error:
        return Refused(str(error))
    return Configured(
        incoming=tuple(server for server in servers if server.type == "imap"),
        outgoing=tuple(server for server in servers if server.type == "smtp"),
    )


def _servers(text: str, address: str) -> Iterator[Server]:
    """Read the tokens; only an end tag that closes nothing is an error."""
    path: list[str] = []
    server_type = ""
    fields: dict[str, str] = {}
    for token in _TOKEN.finditer(text):
        if token["stray"]:
            reason = "a tag is not closed"
            raise RefusalError(reason)
        name = (token["name"] or "").lower()
        if token["text"] and path and path[-1] in FIELDS and token["text"].strip():
            fields[path[-1]] = unescape(token["text"].strip())
        elif token["end"]:
            if not path or path.pop() != name:
                reason = f"</{name}> closes nothing"
                raise RefusalError(reason)
            if name in ("incomingserver", "outgoingserver"):
                yield from _server(server_type, fields, address)
        elif name and not token["empty"]:
            path.append(name)
            if name in ("incomingserver", "outgoingserver"):
                found = _TYPE.search(token["attributes"])
                server_type, fields = (found[1].lower() if found else ""), {}


def _server(server_type: str, fields: dict[str, str], address: str) -> Iterator[Server]:
    if server_type in ("imap", "smtp") and {"hostname", "port", "username"} <= fields.keys():
        port = fields["port"]
        is_port = port.isascii() and port.isdigit() and int(port) <= _LAST_PORT
        yield Server(
            type=server_type,
            hostname=filled(fields["hostname"], address),
            port=int(port) if is_port else 0,
            security=SOCKET_TYPES.get(fields.get("sockettype", "").lower(), Security.UNSTATED),
            username=filled(fields["username"], address),
        )
