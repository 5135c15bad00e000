"""Evolution (protocol brief §1.1, §1.3, §4.2).

It has one place for each type, which later sections of a file overwrite field by field; SRV records are
looked up beside the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import InvalidInput
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.discovery.views.view import (
    ChosenServer,
    ClientRules,
    ClientView,
    Journey,
    UnusableError,
    filled_host,
    named,
    read_port,
    shown_login,
)
from app.parsers.autoconfig import read_sections

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Discovery, Subject
    from app.parsers.autoconfig import Section

_NAME: Final = "evolution"
_TITLE: Final = "Evolution"
_FILES: Final = (
    "autoconfig", "autoconfig-http", "well-known", "well-known-http", "ispdb", "mail-exchanger",
)  # fmt: skip
_TYPES: Final = {"imap": ServerType.IMAP, "pop3": ServerType.POP3, "smtp": ServerType.SMTP}
_SOCKET_TYPES: Final = {
    "SSL": SocketType.TLS, "STARTTLS": SocketType.STARTTLS, "plain": SocketType.PLAIN,
}  # fmt: skip
_METHODS: Final = {
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "plain": Authentication.PASSWORD_CLEARTEXT,
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
}


def view(discovery: Discovery) -> ClientView:
    """Go where it goes: files, then what the records say of what is missing."""
    journey = Journey(discovery)
    journey.try_each(journey.at(*_FILES), lambda candidate: _read_file(candidate, discovery.subject))
    journey.try_each(journey.at("srv"), _read_records)
    if journey.taken is not None and not journey.taken.trust.is_authenticated:
        journey.remarks.append("It takes what nobody vouches for without a word.")
    return journey.view(_NAME, _TITLE)


def _read_file(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    try:
        candidate.document.decode()
        written = read_sections(candidate.document)
    except (InvalidInput, UnicodeDecodeError) as error:
        raise UnusableError(f"is no such document in UTF-8: {error}") from None
    if written is None:
        raise UnusableError("is no autoconfig file")
    fields: dict[ServerType, dict[str, str]] = {}
    for section in written.sections:
        if section.has_other_attributes:
            raise UnusableError(f"has an {named(section)} with further attributes, over which it is dropped")
        if section.type in _TYPES:
            fields.setdefault(_TYPES[section.type], {}).update(_fields(section))
    servers = [_server(kind, values, subject) for kind, values in fields.items()]
    found = tuple(server for server in servers if server.hostname)
    if not found:
        raise UnusableError("names no server that it knows")
    return found


def _fields(section: Section) -> dict[str, str]:
    """Return what a section overwrites: the last of each element, of the methods the last that is known."""
    known = [method for method in section.authentication if method in _METHODS]
    texts = {
        "hostname": section.hostnames,
        "port": section.ports,
        "socket_type": section.socket_types,
        "username": section.usernames,
        "authentication": tuple(known),
    }
    return {name: values[-1] for name, values in texts.items() if values}


def _server(kind: ServerType, fields: dict[str, str], subject: Subject) -> ChosenServer:
    method = _METHODS.get(fields.get("authentication", ""))
    return ChosenServer(
        type=kind,
        hostname=filled_host(fields.get("hostname", ""), subject),
        port=read_port(fields.get("port", "")),
        socket_type=_SOCKET_TYPES.get(fields.get("socket_type", "")),
        username=shown_login(fields.get("username", ""), subject),
        authentication=() if method is None else (method,),
    )


def _read_records(candidate: Candidate) -> tuple[ChosenServer, ...]:
    first: dict[ServerType, Server] = {}
    for server in candidate.servers:
        if server.type in _TYPES.values():
            first.setdefault(server.type, server)
    if not first:
        raise UnusableError("names no mail server")
    return tuple(
        ChosenServer(
            type=server.type,
            hostname=server.hostname or "",
            port=server.port,
            socket_type=server.socket_type,
            username=server.username or "",
        )
        for server in first.values()
    )


RULES: Final = ClientRules(name=_NAME, title=_TITLE, view=view)
