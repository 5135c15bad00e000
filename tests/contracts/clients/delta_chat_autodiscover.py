"""Delta Chat's Outlook path: any well-formed XML is a success, and a redirect wins (brief §2.4, §2.6)."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server
from contracts.clients.tree import read_events

TYPES = {"imap": "imap", "smtp": "smtp"}
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Redirected:
    url: str


def read(body: bytes, address: str) -> Result | Redirected:
    try:
        events = [event for event in read_events(body) if event.kind != "comment"]
    except RefusalError as error:
        return Refused(str(error))
    servers: list[Server] = []
    fields: dict[str, str] | None = None
    current: str | None = None
    for event in events:
        name = event.name.strip().lower()
        if event.kind == "start":
            # A protocol inside a protocol goes on with the outer one's fields.
            fields = {} if name == "protocol" and fields is None else fields
            current = name
        elif event.kind == "end":
            if name == "protocol" and fields is not None:
                servers.extend(_server(fields, address))
                fields = None
            current = None if name == current else current
        elif current == "redirecturl":
            return Redirected(event.name.strip())
        elif fields is not None and current is not None and event.name.strip():
            fields[current] = event.name.strip()
    return Configured(
        incoming=tuple(server for server in servers if server.type == "imap"),
        outgoing=tuple(server for server in servers if server.type == "smtp"),
    )


def _server(fields: dict[str, str], address: str) -> list[Server]:
    if not {"type", "server", "port"} <= fields.keys() or fields["type"].lower() not in TYPES:
        return []
    port = fields["port"]
    is_port = port.isascii() and port.isdigit() and int(port) <= _LAST_PORT
    return [
        Server(
            type=TYPES[fields["type"].lower()],
            hostname=fields["server"],
            port=int(port) if is_port else 0,
            # It tries TLS, then STARTTLS.
            security=Security.PLAIN if fields.get("ssl") == "off" else Security.UNSTATED,
            username=address,
        )
    ]
