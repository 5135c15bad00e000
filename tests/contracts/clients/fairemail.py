"""FairEmail: a flat pull parser with one user name for the whole file (protocol brief §1.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

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
from contracts.clients.tree import Event, read_events

PROTOCOLS = {"incomingServer": "imap", "outgoingServer": "smtp"}
STARTTLS_PORTS = {"imap": 143, "smtp": 587}


@dataclass(slots=True)
class Half:
    hostname: str | None = None
    port: int = 0
    starttls: bool = False


@dataclass(slots=True)
class State:
    halves: dict[str, Half] = field(default_factory=lambda: {"imap": Half(), "smtp": Half()})
    seen: set[str] = field(default_factory=set)
    """The kinds of section of which one has ended, whatever its type was."""
    current: str | None = None
    username: str = ADDRESS
    name: str | None = None

    def open(self, event: Event) -> None:
        protocol = PROTOCOLS.get(event.name)
        if protocol is not None:
            is_first = event.name not in self.seen
            self.current = protocol if is_first and event.attributes.get("type") == protocol else None

    def close(self, name: str) -> None:
        if name in PROTOCOLS:
            self.seen.add(name)
            self.current = None

    def take(self, name: str, text: str) -> None:
        if name == "username":
            self.username = text
        elif name == "displayShortName":
            self.name = text
        elif self.current is not None:
            self._take_server(self.current, self.halves[self.current], name, text)

    def _take_server(self, protocol: str, half: Half, name: str, text: str) -> None:
        if name == "hostname":
            half.hostname = text
        elif name == "port":
            try:
                half.port = int(text)
            except ValueError:
                reason = f"port {text}"
                raise RefusalError(reason) from None
            half.starttls = half.port == STARTTLS_PORTS[protocol]
        elif name == "socketType" and text in ("SSL", "STARTTLS"):
            half.starttls = text == "STARTTLS"


def read(body: bytes, address: str) -> Result:
    try:
        state = _state([event for event in read_events(body) if event.kind != "comment"])
    except RefusalError as error:
        return Refused(str(error))
    for protocol, half in state.halves.items():
        if half.hostname is None or half.port <= 0:
            return Refused(f"no {protocol} server in the first section")
    is_whole = state.username in (ADDRESS, LOCAL_PART)
    username = filled(state.username, address) if is_whole else state.username
    imap, smtp = (
        Server(
            type=protocol,
            hostname=half.hostname,
            port=half.port,
            security=Security.STARTTLS if half.starttls else Security.TLS,
            username=username,
        )
        for protocol, half in state.halves.items()
    )
    return Configured(incoming=(imap,), outgoing=(smtp,))


def account_name(body: bytes) -> str | None:
    return _state(read_events(body)).name


def _state(events: list[Event]) -> State:
    state = State()
    for event, following in zip(events, [*events[1:], Event("end", "")], strict=True):
        if event.kind == "start":
            state.open(event)
            if following.kind == "text":
                state.take(event.name, following.name)
        elif event.kind == "end":
            state.close(event.name)
    return state
