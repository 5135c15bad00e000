"""Why a stored server is not in an Autodiscover document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.account import Omission
from app.core.exchange import offered_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.core.exchange import FoundService
    from app.core.servers import Server

PLAIN_SOCKET: Final = "plain-socket"
AUTHENTICATION: Final = "authentication-not-in-format"
ENCRYPTED_PASSWORD: Final = "password-encrypted-not-in-format"  # noqa: S105 - a reason's name
BROKEN_USERNAME: Final = "username-broken"
FURTHER_SERVER: Final = "further-server"
ON_REQUEST: Final = "on-request"
NOT_IN_FORMAT: Final = "not-in-format"

_DETAILS: Final = {
    PLAIN_SOCKET: "An encrypted server of the account is published instead.",
    AUTHENTICATION: "The format knows passwords, NTLM, Kerberos and no authentication; clients would ask "
    "for a password that cannot work.",
    ENCRYPTED_PASSWORD: "The server is published, but the format cannot say that it wants the password "
    "encrypted; clients that read the server's own offer log in.",
    BROKEN_USERNAME: "The user name has a placeholder that lacks a percent sign.",
    FURTHER_SERVER: "Clients disagree on which of several servers of a type they take, so one is published.",
    ON_REQUEST: "Told to clients that say that they can use MAPI over HTTP (X-MapiHttpCapability).",
    NOT_IN_FORMAT: "The format has no place for servers of this type.",
}


def omitted(server: Server, reason: str) -> Omission:
    """Build the omission of a server for one of the reasons above."""
    return Omission(server=server.key, reason=reason, detail=_DETAILS[reason])


def service_omissions(
    servers: Iterable[Server], services: Mapping[str, FoundService], told: tuple[str, ...]
) -> Iterator[Omission]:
    """Explain the servers behind none of the services whose names are told."""
    keys = {services[name].server.key for name in told if name in services}
    for server in servers:
        if server.key not in keys:
            has_place = not offered_services(server).isdisjoint(told)
            yield omitted(server, FURTHER_SERVER if has_place else NOT_IN_FORMAT)
