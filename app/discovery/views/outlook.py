"""Outlook for Windows, where it uses Autodiscover for IMAP at all (protocol brief §2.1, §2.4, §2.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import InvalidInput
from app.core.servers import Authentication, ServerType, SocketType
from app.discovery.views.view import (
    ChosenServer,
    ClientRules,
    ClientView,
    Journey,
    UnusableError,
    filled_host,
    read_port,
    shown_login,
)
from app.parsers.autodiscover import read_protocols

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Discovery, Subject
    from app.parsers.autodiscover import WrittenProtocol

_NAME: Final = "outlook"
_TITLE: Final = "Outlook for Windows (classic, Autodiscover)"
_SOURCES: Final = (
    "autodiscover-json", "autodiscover-root", "autodiscover", "autodiscover-redirect", "autodiscover-srv",
)  # fmt: skip
_TYPES: Final = {"IMAP": ServerType.IMAP, "POP3": ServerType.POP3, "SMTP": ServerType.SMTP}
_ENCRYPTIONS: Final = {"none": SocketType.PLAIN, "ssl": SocketType.TLS, "tls": SocketType.STARTTLS}


def view(discovery: Discovery) -> ClientView:
    """Go where it goes; what is no response is passed over."""
    journey = Journey(discovery)
    journey.try_each(journey.at(*_SOURCES), lambda candidate: _read(candidate, discovery.subject))
    if journey.taken is not None and journey.taken.source == "autodiscover-redirect":
        journey.remarks.append("It asks once whether the other host may configure the account.")
    journey.remarks.append(
        "New Outlook, Outlook for phones and the simplified dialog of the classic one ask Microsoft's cloud, "
        "which knows providers by their mail exchangers; they may never ask the domain."
    )
    return journey.view(_NAME, _TITLE)


def _read(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    try:
        protocols = read_protocols(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no such document: {error}") from None
    servers: dict[ServerType, ChosenServer] = {}
    for protocol in protocols:
        kind = _TYPES.get(protocol.type)
        if kind is not None and protocol.server and kind not in servers:
            servers[kind] = _server(protocol, kind, subject)
    if not servers:
        raise UnusableError("names no mail server")
    return tuple(servers.values())


def _server(protocol: WrittenProtocol, kind: ServerType, subject: Subject) -> ChosenServer:
    is_open = (protocol.ssl or "on").lower() == "off"
    by_switch = SocketType.PLAIN if is_open else SocketType.TLS
    # On is what it takes where nothing is said.
    is_secure = (protocol.spa or "on").lower() == "on"
    return ChosenServer(
        type=kind,
        hostname=filled_host(protocol.server or "", subject),
        port=read_port(protocol.port or ""),
        socket_type=_ENCRYPTIONS.get((protocol.encryption or "").lower(), by_switch),
        username=shown_login(protocol.login_name or "%EMAILLOCALPART%", subject),
        authentication=(Authentication.NTLM if is_secure else Authentication.PASSWORD_CLEARTEXT,),
    )


RULES: Final = ClientRules(name=_NAME, title=_TITLE, view=view)
