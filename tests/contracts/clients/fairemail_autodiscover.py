"""FairEmail's Microsoft path: a flat pull parser, the last server of a type, no login name (brief §2.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.clients.settings import Configured, RefusalError, Refused, Result, Security, Server
from contracts.clients.tree import Event, read_events

PROTOCOLS = {"IMAP": "imap", "SMTP": "smtp"}
STARTTLS_PORTS = {"imap": 143, "smtp": 587}
WITH_TEXT = ("AccountType", "Action", "Type", "Server", "Port")


@dataclass(slots=True)
class State:
    is_account: bool = False
    is_email: bool = False
    is_settings: bool = False
    is_protocol: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    found: dict[str, tuple[str, int]] = field(default_factory=dict)

    def open(self, name: str, text: str | None) -> None:
        if name == "Account":
            self.is_account = True
        elif name == "AccountType" and self.is_account:
            self.is_email |= text == "email"
        elif name == "Action" and self.is_account:
            self.is_settings |= text == "settings"
        elif name == "Protocol" and self.is_account:
            self.is_protocol = True
        elif self._is_inside and name in WITH_TEXT and text is not None:
            self.fields[name] = text

    @property
    def _is_inside(self) -> bool:
        return self.is_account and self.is_email and self.is_settings and self.is_protocol

    def close(self, name: str) -> None:
        if name == "Account":
            self.is_account = self.is_email = self.is_settings = False
        elif name == "Protocol":
            protocol = PROTOCOLS.get(self.fields.get("Type", ""))
            host, port = self.fields.get("Server"), self.fields.get("Port", "")
            if self.is_protocol and protocol and host is not None and port.isdigit():
                self.found[protocol] = (host, int(port))
            self.is_protocol = False
            self.fields = {}


def read(body: bytes, address: str) -> Result:
    try:
        events = [event for event in read_events(body) if event.kind != "comment"]
    except RefusalError as error:
        return Refused(str(error))
    state = State()
    for event, following in zip(events, [*events[1:], Event("end", "")], strict=True):
        if event.kind == "start":
            state.open(event.name, following.name if following.kind == "text" else None)
        elif event.kind == "end":
            state.close(event.name)
    if set(state.found) != set(PROTOCOLS.values()):
        return Refused("no imap and smtp server")
    imap, smtp = (
        Server(
            type=protocol,
            hostname=state.found[protocol][0],
            port=state.found[protocol][1],
            security=Security.STARTTLS if state.found[protocol][1] == starttls_port else Security.TLS,
            username=address,
        )
        for protocol, starttls_port in STARTTLS_PORTS.items()
    )
    return Configured(incoming=(imap,), outgoing=(smtp,))
