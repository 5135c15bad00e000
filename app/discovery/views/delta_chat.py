"""Delta Chat (protocol brief §1.1, §1.3).

The first place that answers with well-formed XML counts, whatever is in it: what is missing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import InvalidInput
from app.core.servers import ServerType, SocketType
from app.discovery.views.view import (
    ChosenServer,
    ClientRules,
    ClientView,
    Journey,
    UnusableError,
    filled_host,
    first,
    read_port,
    shown_login,
)
from app.parsers.autoconfig import read_sections
from app.parsers.autodiscover import read_protocols

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Discovery, Subject

_NAME: Final = "delta-chat"
_TITLE: Final = "Delta Chat"
_TYPES: Final = {"imap": ServerType.IMAP, "smtp": ServerType.SMTP}
_SOCKET_TYPES: Final = {
    "ssl": SocketType.TLS, "starttls": SocketType.STARTTLS, "plain": SocketType.PLAIN,
}  # fmt: skip
_MARKUP: Final = b"<"


def view(discovery: Discovery) -> ClientView:
    """Go where it goes: autoconfig over https, Autodiscover with GET, the ISPDB."""
    journey = Journey(discovery)
    subject = discovery.subject
    journey.try_each(journey.at("autoconfig", "well-known"), lambda one: _read_file(one, subject))
    gotten = journey.at("autodiscover-root-get", "autodiscover-get")
    journey.try_each(gotten, lambda one: _read_pox(one, subject))
    journey.try_each(journey.at("ispdb"), lambda one: _read_file(one, subject))
    kinds = {server.type for server in journey.servers}
    for kind in (ServerType.IMAP, ServerType.SMTP):
        if kind not in kinds:
            journey.remarks.append(f"It guesses the {kind} server from the domain, and tries.")
    return journey.view(_NAME, _TITLE)


def _read_file(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    if _MARKUP not in candidate.document:
        # A text without any markup is no error to its reader of XML.
        return ()
    try:
        written = read_sections(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no XML that it can read: {error}") from None
    servers = []
    for section in () if written is None else written.sections:
        kind = _TYPES.get(section.type.lower())
        is_whole = section.hostnames and section.ports and section.usernames
        if kind is None or not is_whole:
            continue
        servers.append(
            ChosenServer(
                type=kind,
                hostname=filled_host(first(section.hostnames), subject),
                port=read_port(first(section.ports)),
                socket_type=_SOCKET_TYPES.get(first(section.socket_types).lower()),
                username=shown_login(first(section.usernames), subject),
            )
        )
    return tuple(servers)


def _read_pox(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    try:
        protocols = read_protocols(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no XML that it can read: {error}") from None
    return tuple(
        ChosenServer(
            type=_TYPES[protocol.type.lower()],
            hostname=filled_host(protocol.server or "", subject),
            port=read_port(protocol.port or ""),
            socket_type={"on": SocketType.TLS, "off": SocketType.PLAIN}.get(protocol.ssl or ""),
            username=shown_login("%EMAILADDRESS%", subject),
        )
        for protocol in protocols
        if protocol.type.lower() in _TYPES and protocol.server
    )


RULES: Final = ClientRules(name=_NAME, title=_TITLE, view=view)
