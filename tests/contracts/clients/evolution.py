"""Evolution: GMarkup, one slot a type, fields written over as they come (protocol brief §1.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server, filled
from contracts.clients.tree import Event, read_events

SOCKET_TYPES = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS, "plain": Security.PLAIN}
TYPES = ("imap", "pop3", "smtp")
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_LAST_PORT = 65535


@dataclass(slots=True)
class Slot:
    hostname: str | None = None
    port: int | None = None
    username: str | None = None
    security: Security = Security.PLAIN
    authentication: tuple[str, ...] = ()
    is_set: bool = False

    def take(self, server_type: str, name: str, text: str) -> None:
        if name == "hostname":
            self.hostname = text
        elif name == "username":
            self.username = text
        elif name == "port" and (number := _WHOLE.match(text)) and 1 <= int(number[1]) <= _LAST_PORT:
            self.port = int(number[1])
        elif name == "socketType" and text in SOCKET_TYPES:
            self.security = SOCKET_TYPES[text]
        elif name == "authentication" and text in ("password-cleartext", "plain"):
            self.authentication = ("LOGIN" if server_type == "smtp" else "native",)
        elif name == "authentication" and text == "password-encrypted":
            self.authentication = ("CRAM-MD5",)
        else:
            return
        self.is_set = True


def read(body: bytes, address: str) -> Result:
    try:
        body.decode()
    except UnicodeDecodeError:
        return Refused("not UTF-8")
    try:
        slots = _slots(read_events(body, "utf-8"), address)
    except RefusalError as error:
        return Refused(str(error))
    servers = {
        server_type: Server(
            type=server_type,
            hostname=slot.hostname,
            port=slot.port,
            security=slot.security,
            username=slot.username,
            authentication=slot.authentication,
        )
        for server_type, slot in slots.items()
        if slot.is_set
    }
    if not servers:
        return Refused("no imap, pop3 or smtp server")
    incoming = tuple(servers[server_type] for server_type in ("imap", "pop3") if server_type in servers)
    outgoing = (servers["smtp"],) if "smtp" in servers else ()
    return Configured(incoming=incoming, outgoing=outgoing)


def _slots(events: list[Event], address: str) -> dict[str, Slot]:
    slots = {server_type: Slot() for server_type in TYPES}
    path: list[str] = []
    current: str | None = None
    for event in events:
        if event.kind == "start":
            path.append(event.name)
            if event.name in ("incomingServer", "outgoingServer"):
                current = _type(event) or current
        elif event.kind == "end":
            path.pop()
            if event.name in ("incomingServer", "outgoingServer"):
                current = None
        elif event.kind == "text" and current is not None:
            slots[current].take(current, path[-1], filled(event.name, address))
    return slots


def _type(event: Event) -> str | None:
    if set(event.attributes) != {"type"}:
        reason = f"attributes {sorted(event.attributes)} on {event.name}"
        raise RefusalError(reason)
    server_type = event.attributes["type"]
    return server_type if server_type in TYPES else None
