"""What a mail client would configure from a document, in words that all readers share.

Servers stand in the order in which the client offers or tries them: the first is its choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Security(StrEnum):
    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"
    UNSTATED = "unstated"
    """The client tries what the server offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    type: str
    hostname: str | None
    port: int | None
    security: Security
    username: str | None
    """The login name, placeholders filled in; None where the client logs in without one."""
    authentication: tuple[str, ...] = ()
    """The methods that the client would try; empty where it reads none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    incoming: tuple[Server, ...] = ()
    """Empty where the client goes on without: it guesses, or asks its user."""
    outgoing: tuple[Server, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


Result: TypeAlias = Configured | Refused
Reader: TypeAlias = Callable[[bytes, str], Result]


class RefusalError(Exception):
    """The document, or a section of it, is of no use to the client."""


ADDRESS, LOCAL_PART, DOMAIN = "%EMAILADDRESS%", "%EMAILLOCALPART%", "%EMAILDOMAIN%"


def filled(text: str, address: str, known: tuple[str, ...] = (ADDRESS, LOCAL_PART, DOMAIN)) -> str:
    """Replace the placeholders that a client knows, wherever they stand in the text."""
    local_part, _, domain = address.rpartition("@")
    values = {ADDRESS: address, LOCAL_PART: local_part, DOMAIN: domain}
    for placeholder in known:
        text = text.replace(placeholder, values[placeholder])
    return text
