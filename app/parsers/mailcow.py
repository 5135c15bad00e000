"""mailcow.conf (mailcow-dockerized 2024 to 2026): what its own autoconfig and Autodiscover pages make of it.

Its domains are in its database, not in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import refuse, within
from app.core.foreign_files import checked_text, public_port, read_assignments
from app.core.moving import Settlement, keyed, mail_server, web_service
from app.core.names import DomainName
from app.core.placeholders import ADDRESS
from app.core.servers import Server, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.foreign_files import Assignment
    from app.core.moving import Belongings, MovedDomain

_HOSTNAME: Final = "MAILCOW_HOSTNAME"
_HTTPS_PORT: Final = "443"
# In the order of its autoconfig file; the ports are those of a new mailcow.conf.
_MAIL: Final = {
    "IMAPS_PORT": (ServerType.IMAP, SocketType.TLS, "993"),
    "IMAP_PORT": (ServerType.IMAP, SocketType.STARTTLS, "143"),
    "POPS_PORT": (ServerType.POP3, SocketType.TLS, "995"),
    "POP_PORT": (ServerType.POP3, SocketType.STARTTLS, "110"),
    "SMTPS_PORT": (ServerType.SMTP, SocketType.TLS, "465"),
    "SUBMISSION_PORT": (ServerType.SMTP, SocketType.STARTTLS, "587"),
    "SIEVE_PORT": (ServerType.MANAGESIEVE, SocketType.STARTTLS, "4190"),
}
_OTHERS: Final = (_HOSTNAME, "HTTPS_PORT", "SKIP_SOGO", "ADDITIONAL_SERVER_NAMES")
# Its pages take y alone, the container of SOGo also yes.
_YES: Final = ("y", "yes")
_NOT_LISTED: Final = "Domains are not in this file: take them with --domains FILE"


def parse_mailcow(data: bytes, listed: Sequence[MovedDomain] = ()) -> Belongings:
    """Read mailcow.conf.

    Args:
        data: The file.
        listed: The domains, which mailcow has in its database.

    Raises:
        InvalidInput: When it is none: without the host's name, or with a variable that is there twice.
    """
    found = read_assignments(checked_text(data), {*_MAIL, *_OTHERS})
    if _HOSTNAME not in found:
        raise refuse("must be set", _HOSTNAME)
    with within(found[_HOSTNAME].place):
        hostname = DomainName.parse_text(found[_HOSTNAME].value)
    return _Reader(found, hostname).read(listed)


class _Reader:
    def __init__(self, found: Mapping[str, Assignment], hostname: str) -> None:
        self._found = found
        self._hostname = hostname
        self._settlement = Settlement()

    def read(self, listed: Sequence[MovedDomain]) -> Belongings:
        servers = keyed([*self._mail_servers(), *self._web_services()])
        if "ADDITIONAL_SERVER_NAMES" in self._found:
            place = self._found["ADDITIONAL_SERVER_NAMES"].place
            self._settlement.lose(place, "clients are given the host's own name only, as mailcow does")
        if not listed:
            self._settlement.lose("mailcow", _NOT_LISTED)
        self._settlement.add_alike(self._settlement.name_provider(self._hostname), listed, servers)
        return self._settlement.settled()

    def _mail_servers(self) -> list[Server]:
        servers = []
        for name, (server_type, socket_type, default) in _MAIL.items():
            with self._settlement.attempt(self._place(name)):
                port = public_port(self._text(name, default))
                if port is None:
                    self._settlement.lose(self._place(name), "is open to the host itself only")
                else:
                    servers.append(mail_server(server_type, self._hostname, port, socket_type))
        return servers

    def _web_services(self) -> list[Server]:
        """Return what SOGo serves; the address clients come in at has the port, so that it is 443 here."""
        if self._text("SKIP_SOGO", "n").lower() in _YES:
            return []
        if self._text("HTTPS_PORT", _HTTPS_PORT) != _HTTPS_PORT:
            reason = f"is behind a proxy, as far as clients see: their URLs have {_HTTPS_PORT}"
            self._settlement.lose(self._place("HTTPS_PORT"), reason)
        root = f"https://{self._hostname}"
        dav = f"{root}/SOGo/dav/%{ADDRESS}%/"
        return [
            web_service(ServerType.CALDAV, dav),
            web_service(ServerType.CARDDAV, dav),
            web_service(ServerType.ACTIVESYNC, f"{root}/Microsoft-Server-ActiveSync"),
            Server(key=ServerType.WEBMAIL.value, type=ServerType.WEBMAIL, url=f"{root}/SOGo/"),
        ]

    def _text(self, name: str, default: str) -> str:
        one = self._found.get(name)
        return default if one is None else one.value

    def _place(self, name: str) -> str:
        one = self._found.get(name)
        return name if one is None else one.place
