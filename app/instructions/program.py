"""A mail program: what it calls things, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from app.core.servers import Authentication, ServerType, SocketType
from app.instructions.phrases import label, same
from app.instructions.values import ValueKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.instructions.phrases import Phrase, Wording

SOCKET_FIELDS: Final = (ValueKind.HOSTNAME, ValueKind.PORT, ValueKind.SOCKET_TYPE)
LOGIN_FIELDS: Final = (ValueKind.AUTHENTICATION, ValueKind.USERNAME, ValueKind.PASSWORD)


class SignIn(Enum):
    """Whether a client can open a provider's sign-in page (OAuth 2)."""

    KNOWN_PROVIDERS = "only those of providers that it knows"
    OWN_PROGRAM = "with a program that fetches tokens"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a client's steps were written from. None of these programs runs here."""

    source: Phrase
    """Public documentation that was read."""
    url: str
    read: str
    """Year and month of reading."""
    version: str | None = None
    """That the documentation is about, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a client calls its fields, and what can be chosen in them."""

    hostname: Phrase = field(default_factory=lambda: label("Server"))
    port_follows_hostname: bool = False
    """Whether the port stands in the field of the host name, after a colon."""
    port: Phrase = field(default_factory=lambda: label("Port"))
    security: Phrase = field(default_factory=lambda: label("Security"))
    socket_types: Mapping[SocketType, Phrase]
    """What is chosen for each; a missing one cannot be chosen."""
    authentication: Phrase = field(default_factory=lambda: label("Authentication"))
    methods: Mapping[Authentication, Phrase] = field(default_factory=dict)
    """Empty for clients that ask for a password and find out the rest."""
    username: Phrase = field(default_factory=lambda: label("User name"))
    password: Phrase = field(default_factory=lambda: label("Password"))
    path_prefix: Phrase | None = None
    adds_delimiter: bool = False
    """Whether the client itself ends the path prefix with the server's delimiter."""
    fields: tuple[ValueKind, ...] = (*SOCKET_FIELDS, *LOGIN_FIELDS, ValueKind.PATH_PREFIX)
    """Those there are, in the order of the screen."""


SSL_TLS_WORDS: Final = {
    SocketType.TLS: same("SSL/TLS"),
    SocketType.STARTTLS: same("STARTTLS"),
    SocketType.PLAIN: label("None"),
}
SWITCH_WORDS: Final = {
    SocketType.TLS: label("On"),
    SocketType.STARTTLS: label("On"),
    SocketType.PLAIN: label("Off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A mail program."""

    slug: str
    """Names it in the API; never changes."""
    name: Wording
    platforms: tuple[str, ...]
    basis: Basis | None = None
    """None where nothing could be looked up: the instructions then say so."""
    words: Words
    protocols: tuple[ServerType, ...] = (ServerType.IMAP, ServerType.POP3)
    sends: bool = True
    sign_in: SignIn = SignIn.KNOWN_PROVIDERS
    reads: str | None = None
    """The format from which it finds settings by itself, once these have been published for it."""
    always_finds: bool = True
    """Whether it takes them for certain; else it is only worth a try."""
    needs_universal: bool = False
    """Whether it drops settings that have no encryption or no method it knows."""
    is_configured_by_file: bool = False
