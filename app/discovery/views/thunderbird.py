"""Thunderbird on desktops (protocol brief §1.1, §1.3, §2.1, §2.4).

Of the four places of the provider the first that answers counts, before it is read: a page that answers
for everything keeps Thunderbird from the file that is there.
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
    read_port,
    shown_login,
)
from app.parsers.autoconfig import read_sections
from app.parsers.autodiscover import read_protocols

if TYPE_CHECKING:
    from app.core.candidates import Candidate, Discovery, Subject
    from app.parsers.autoconfig import Section
    from app.parsers.autodiscover import WrittenProtocol

_NAME: Final = "thunderbird"
_TITLE: Final = "Thunderbird"
_PROVIDER: Final = ("autoconfig", "well-known", "autoconfig-http", "well-known-http")
_AUTODISCOVER: Final = ("autodiscover", "autodiscover-root", "autodiscover-redirect", "autodiscover-srv")
_MEDIA_TYPES: Final = ("text/xml", "application/xml", "text/rdf")
_TYPES: Final = {"imap": ServerType.IMAP, "pop3": ServerType.POP3, "smtp": ServerType.SMTP}
_SOCKET_TYPES: Final = {
    "SSL": SocketType.TLS, "STARTTLS": SocketType.STARTTLS, "plain": SocketType.PLAIN,
}  # fmt: skip
_METHODS: Final = {
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "plain": Authentication.PASSWORD_CLEARTEXT,
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
    "secure": Authentication.PASSWORD_ENCRYPTED,
    "GSSAPI": Authentication.GSSAPI,
    "NTLM": Authentication.NTLM,
    "OAuth2": Authentication.OAUTH2,
}
_OPEN: Final = dict.fromkeys(("none", "client-IP-address", "smtp-after-pop"), Authentication.NONE)
_STARTTLS_PORTS: Final = frozenset({25, 110, 143, 587})


def view(discovery: Discovery) -> ClientView:
    """Go where Thunderbird goes: provider, ISPDB, mail exchanger, and Autodiscover where all have nothing."""
    journey = Journey(discovery)
    subject = discovery.subject

    def read(candidate: Candidate) -> tuple[ChosenServer, ...]:
        return read_file(candidate, subject)

    journey.try_each(journey.at(*_PROVIDER), read, is_first_final=True)
    journey.try_each(journey.at("ispdb", "mail-exchanger"), read)
    pox = journey.at(*_AUTODISCOVER)
    journey.try_each(pox, lambda candidate: _read_pox(candidate, subject), is_first_final=True)
    if journey.taken is None:
        journey.remarks.append("It guesses host names next, and tries them.")
    elif not journey.taken.trust.is_authenticated:
        journey.remarks.append("It takes what nobody vouches for, and shows the host names to confirm.")
    return journey.view(_NAME, _TITLE)


def read_file(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    """Read an autoconfig file; what is not as it wants it loses a section, or the file.

    Raises:
        UnusableError: When it takes nothing of it.
    """
    _check_media_type(candidate)
    try:
        written = read_sections(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no such document: {error}") from None
    if written is None:
        raise UnusableError("is no autoconfig file")
    check_names(written)
    servers = [_server(section, subject) for section in written.sections]
    chosen = [server for server in servers if server is not None]
    incoming = [server for server in chosen if server.type is not ServerType.SMTP]
    outgoing = [server for server in chosen if server.type is ServerType.SMTP]
    if not incoming or not outgoing:
        raise UnusableError(f"has no {'outgoing' if incoming else 'incoming'}Server that can be used")
    return (*incoming, *outgoing)


def _check_media_type(candidate: Candidate) -> None:
    # What comes from a folder has none.
    if candidate.status is not None and not candidate.media_type.startswith(_MEDIA_TYPES):
        named = f"the media type {candidate.media_type}" if candidate.media_type else "no media type"
        raise UnusableError(f"has {named}, and is not read")


def _server(section: Section, subject: Subject) -> ChosenServer | None:
    kind = _TYPES.get(section.type)
    if kind is None or section.is_incoming is (kind is ServerType.SMTP):
        return None
    hostname = filled_host(first(section.hostnames), subject)
    port = read_port(first(section.ports))
    socket_type = next((_SOCKET_TYPES[one] for one in section.socket_types if one in _SOCKET_TYPES), None)
    methods = _METHODS | ({} if section.is_incoming else _OPEN)
    method = next(
        (
            methods[one]
            for one in section.authentication
            if one in methods and (one != "OAuth2" or has_built_in_oauth(hostname))
        ),
        None,
    )
    if not is_legal_host(hostname) or port is None or socket_type is None or method is None:
        return None
    return ChosenServer(
        type=kind,
        hostname=hostname,
        port=port,
        socket_type=socket_type,
        username=_login(section, method, subject),
        authentication=(method,),
    )


def _login(section: Section, method: Authentication, subject: Subject) -> str:
    """Return the login as its reader of XML makes it: numbers lose their zeros, and nothing is a word."""
    if not section.usernames:
        return "" if method is Authentication.NONE else "undefined"
    text = section.usernames[0]
    if not text:
        return "true"
    if text.isascii() and text.isdigit():
        return str(int(text)) if len(text) < 16 else text  # noqa: PLR2004 - exact as a float
    return shown_login(text, subject)


def _read_pox(candidate: Candidate, subject: Subject) -> tuple[ChosenServer, ...]:
    if candidate.hops:
        raise UnusableError("leads on to another place, where it does not follow")
    _check_media_type(candidate)
    try:
        protocols = read_protocols(candidate.document)
    except InvalidInput as error:
        raise UnusableError(f"is no such document: {error}") from None
    servers = [server for one in protocols if (server := _of_protocol(one, subject)) is not None]
    kinds = {server.type is ServerType.SMTP for server in servers}
    if kinds != {True, False}:
        raise UnusableError("has no pair of mail servers")
    return tuple(sorted(servers, key=lambda server: server.type is ServerType.SMTP))


def _of_protocol(protocol: WrittenProtocol, subject: Subject) -> ChosenServer | None:
    kind = {"IMAP": ServerType.IMAP, "POP3": ServerType.POP3, "SMTP": ServerType.SMTP}.get(protocol.type)
    port = read_port(protocol.port or "")
    hostname = filled_host(protocol.server or "", subject)
    if kind is None or port is None or not is_legal_host(hostname):
        return None
    is_plain = (protocol.ssl or "").lower() == "off" or (protocol.encryption or "").lower() == "none"
    with_tls = SocketType.STARTTLS if port in _STARTTLS_PORTS else SocketType.TLS
    is_secure = (protocol.spa or "").lower() == "on"
    return ChosenServer(
        type=kind,
        hostname=hostname,
        port=port,
        socket_type=SocketType.PLAIN if is_plain else with_tls,
        username=shown_login(protocol.login_name or "%EMAILADDRESS%", subject),
        authentication=(
            Authentication.PASSWORD_ENCRYPTED if is_secure else Authentication.PASSWORD_CLEARTEXT,
        ),
    )


RULES: Final = ClientRules(name=_NAME, title=_TITLE, view=view)
