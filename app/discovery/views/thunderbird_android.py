"""Thunderbird for Android, and K-9 Mail, which it grew from (protocol brief §1.1, §1.3).

Any defect of an IMAP or SMTP section loses the whole file.
"""

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
    check_names,
    filled_host,
    first,
    has_built_in_oauth,
    is_legal_host,
    named,
    read_port,
    shown_login,
)
from app.parsers.autoconfig import read_sections

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Discovery, Subject
    from app.parsers.autoconfig import Section

_NAME: Final = "thunderbird-android"
_TITLE: Final = "Thunderbird for Android and K-9 Mail"
_SOURCES: Final = (
    "autoconfig", "well-known", "autoconfig-http", "well-known-http", "ispdb", "mail-exchanger",
)  # fmt: skip
_TYPES: Final = {(True, "imap"): ServerType.IMAP, (False, "smtp"): ServerType.SMTP}
_SOCKET_TYPES: Final = {"SSL": SocketType.TLS, "STARTTLS": SocketType.STARTTLS}
_METHODS: Final = {
    "OAuth2": Authentication.OAUTH2,
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
}


def view(discovery: Discovery) -> ClientView:
    """Go where it goes: the same places as Thunderbird, and no Autodiscover."""
    journey = Journey(discovery)
    journey.try_each(journey.at(*_SOURCES), lambda candidate: _read_file(candidate, discovery.subject))
    if journey.taken is not None and not journey.taken.trust.is_authenticated:
        journey.remarks.append("It has the user approve what nobody vouches for.")
    return journey.view(_NAME, _TITLE)


def _read_file(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    try:
        written = read_sections(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no such document: {error}") from None
    if written is None:
        raise UnusableError("is no autoconfig file")
    check_names(written)
    servers = [
        _server(section, _TYPES[section.is_incoming, section.type], subject)
        for section in written.sections
        if (section.is_incoming, section.type) in _TYPES
    ]
    chosen = []
    for kind in (ServerType.IMAP, ServerType.SMTP):
        of_kind = [server for server in servers if server.type is kind]
        if not of_kind:
            raise UnusableError(f"has no {kind} server")
        if not of_kind[0].authentication:
            raise UnusableError("has no usable settings: OAuth2 is not built in for the host")
        chosen.append(of_kind[0])
    return tuple(chosen)


def _server(section: Section, kind: ServerType, subject: Subject) -> ChosenServer:
    """Read a section.

    Raises:
        UnusableError: When anything in it is not as it must be, whichever section is used in the end.
    """
    hostname = filled_host(first(section.hostnames), subject)
    port = read_port(first(section.ports))
    socket_type = _SOCKET_TYPES.get(first(section.socket_types).strip())
    methods = tuple(_METHODS[one] for one in section.authentication if one in _METHODS)
    defects = {
        "a host name": not is_legal_host(hostname),
        "a port": port is None,
        "a socketType of SSL or STARTTLS": socket_type is None,
        "a username": not first(section.usernames).strip(),
        "an authentication that it knows": not methods,
        "text alone in its elements": section.has_nested_texts,
    }
    missing = [what for what, is_missing in defects.items() if is_missing]
    if missing:
        raise UnusableError(f"has an {named(section)} without {missing[0]}, over which the file is dropped")
    return ChosenServer(
        type=kind,
        hostname=hostname,
        port=port,
        socket_type=socket_type,
        username=shown_login(first(section.usernames), subject),
        authentication=tuple(
            one for one in methods if one is not Authentication.OAUTH2 or has_built_in_oauth(hostname)
        ),
    )


RULES: Final = ClientRules(name=_NAME, title=_TITLE, view=view)
