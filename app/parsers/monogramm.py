"""The environment of Monogramm's autodiscover-email-settings (1.4): a provider and one domain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.errors import refuse
from app.core.foreign_files import checked_text, port_of, read_assignments
from app.core.moving import MovedDomain, Settlement, keyed, mail_server, web_service
from app.core.names import DomainName, Hostname
from app.core.placeholders import LOCAL_PART
from app.core.provider import Page, Provider
from app.core.servers import Authentication, LdapOptions, Server, ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.foreign_files import Assignment
    from app.core.moving import Belongings

_MAIL: Final = {"IMAP": ServerType.IMAP, "POP": ServerType.POP3, "SMTP": ServerType.SMTP}
_SOCKET_TYPES: Final = {"SSL": SocketType.TLS, "STARTTLS": SocketType.STARTTLS, "PLAIN": SocketType.PLAIN}
_LDAPS_PORT: Final = 636
_IDENTIFIERS: Final = ("PROFILE_IDENTIFIER", "PROFILE_UUID", "MAIL_UUID", "LDAP_UUID")
_TEXTS: Final = ("COMPANY_NAME", "SUPPORT_URL", "DOMAIN", "MOBILESYNC_URL", "MOBILESYNC_NAME")
_LDAP: Final = ("LDAP_BASE", "LDAP_USER_FIELD", "LDAP_USER_BASE", "LDAP_SEARCH")
_PLACES: Final = [f"{service}_{part}" for service in (*_MAIL, "LDAP") for part in ("HOST", "PORT", "SOCKET")]
_NAMES: Final = frozenset((*_TEXTS, *_LDAP, *_IDENTIFIERS, *_PLACES))


def parse_monogramm(data: bytes, listed: Sequence[MovedDomain] = ()) -> Belongings:
    """Read the environment, as a file of variables, of Compose or of systemd.

    Args:
        data: The file.
        listed: Domains that it answers for beside its own, for it answers for any.

    Raises:
        InvalidInput: When none of its servers is in the file, or a variable is there twice.
    """
    found = read_assignments(checked_text(data), _NAMES)
    if not any(f"{service}_HOST" in found for service in (*_MAIL, "LDAP")) and "MOBILESYNC_URL" not in found:
        raise refuse("must set IMAP_HOST, POP_HOST or SMTP_HOST")
    return _Reader(found).read(listed)


class _Reader:
    def __init__(self, found: Mapping[str, Assignment]) -> None:
        self._found = found
        self._settlement = Settlement()

    def read(self, listed: Sequence[MovedDomain]) -> Belongings:
        servers = keyed(self._servers())
        domains = list(listed)
        if domain := self._found.get("DOMAIN"):
            with self._settlement.attempt(domain.place):
                name = DomainName.parse(domain.value)
                if all(one.name != name for one in listed):
                    domains.insert(0, MovedDomain(name=name))
        else:
            self._settlement.lose("DOMAIN", "is not set; other domains are taken with --domains FILE")
        if any(name in self._found for name in _IDENTIFIERS):
            reason = "profiles have identifiers of their own here, so that they are installed beside old ones"
            self._settlement.lose(", ".join(name for name in _IDENTIFIERS if name in self._found), reason)
        with self._settlement.attempt(f"provider {self._text('COMPANY_NAME')}"):
            self._settlement.add_alike(self._provider(), domains, servers)
        return self._settlement.settled()

    def _provider(self) -> Provider:
        name = self._text("COMPANY_NAME") or self._text("DOMAIN") or "Mail"
        pages: tuple[Page, ...] = ()
        if url := self._found.get("SUPPORT_URL"):
            with self._settlement.attempt(url.place):
                pages = (Page(url=url.value),)
        return replace(self._settlement.name_provider(name), documentation=pages)

    def _servers(self) -> list[Server]:
        servers: list[Server] = []
        for service, server_type in _MAIL.items():
            if host := self._found.get(f"{service}_HOST"):
                with self._settlement.attempt(host.place):
                    servers.append(self._mail_server(service, server_type))
        if sync := self._found.get("MOBILESYNC_URL"):
            with self._settlement.attempt(sync.place):
                servers.append(web_service(ServerType.ACTIVESYNC, sync.value))
        if host := self._found.get("LDAP_HOST"):
            with self._settlement.attempt(host.place):
                servers.append(self._directory())
            if "LDAP_SEARCH" in self._found:
                self._settlement.lose("LDAP_SEARCH", "has no place here: clients search in their own way")
        return servers

    def _mail_server(self, service: str, server_type: ServerType) -> Server:
        return mail_server(
            server_type,
            Hostname.parse_text(self._text(f"{service}_HOST")),
            self._port(f"{service}_PORT"),
            self._socket_type(f"{service}_SOCKET"),
        )

    def _directory(self) -> Server:
        field, base = self._text("LDAP_USER_FIELD"), self._text("LDAP_USER_BASE")
        is_secure = self._text("LDAP_SOCKET") == "SSL" or self._port("LDAP_PORT") == _LDAPS_PORT
        socket_type = SocketType.TLS if is_secure else self._socket_type("LDAP_SOCKET", "PLAIN")
        search_base = self._text("LDAP_BASE")
        return Server(
            key=ServerType.LDAP.value,
            type=ServerType.LDAP,
            hostname=Hostname.parse_text(self._text("LDAP_HOST")),
            port=self._port("LDAP_PORT"),
            socket_type=socket_type,
            authentication=(Authentication.PASSWORD_CLEARTEXT,),
            username=f"{field}=%{LOCAL_PART}%,{base}" if field and base else None,
            options=LdapOptions(search_base=search_base) if search_base else None,
        )

    def _text(self, name: str) -> str:
        one = self._found.get(name)
        return "" if one is None else one.value

    def _port(self, name: str) -> int | None:
        text = self._text(name)
        return port_of(text, name) if text else None

    def _socket_type(self, name: str, default: str = "") -> SocketType:
        value = self._text(name) or default
        if value.upper() not in _SOCKET_TYPES:
            raise refuse(f"must be one of {', '.join(_SOCKET_TYPES)}, not {value}", name)
        return _SOCKET_TYPES[value.upper()]
