"""The environment of Monogramm's autodiscover-email-settings (1.4): a provider and one domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.errors import refuse
from app.core.foreign_files import checked_text, read_assignments
from app.core.moving import Holding, MovedDomain, Settlement, keyed, slug_of
from app.core.names import DomainName, Hostname
from app.core.placeholders import ADDRESS, LOCAL_PART
from app.core.provider import MAX_SHORT_NAME, Page, Provider
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
            holdings = [Holding(domain=domain, servers=servers) for domain in domains]
            self._settlement.add(self._provider(servers), holdings)
        return self._settlement.settled()

    def _provider(self, servers: tuple[Server, ...]) -> Provider:
        name = self._text("COMPANY_NAME") or self._text("DOMAIN") or "Mail"
        pages: tuple[Page, ...] = ()
        if url := self._found.get("SUPPORT_URL"):
            with self._settlement.attempt(url.place):
                pages = (Page(url=url.value),)
        short_name = name[:MAX_SHORT_NAME].strip()
        return Provider(
            slug=slug_of(name, "mail"),
            display_name=name,
            short_name=short_name,
            documentation=pages,
            servers=servers,
        )

    def _servers(self) -> list[Server]:
        servers: list[Server] = []
        for service, server_type in _MAIL.items():
            if host := self._found.get(f"{service}_HOST"):
                with self._settlement.attempt(host.place):
                    servers.append(self._mail_server(service, server_type))
        if sync := self._found.get("MOBILESYNC_URL"):
            with self._settlement.attempt(sync.place):
                servers.append(_sync_server(sync.value))
        if host := self._found.get("LDAP_HOST"):
            with self._settlement.attempt(host.place):
                servers.append(self._directory())
            if "LDAP_SEARCH" in self._found:
                self._settlement.lose("LDAP_SEARCH", "has no place here: clients search in their own way")
        return servers

    def _mail_server(self, service: str, server_type: ServerType) -> Server:
        return Server(
            key=server_type.value,
            type=server_type,
            hostname=Hostname.parse_text(self._text(f"{service}_HOST")),
            port=self._port(f"{service}_PORT"),
            socket_type=self._socket_type(f"{service}_SOCKET"),
            authentication=(Authentication.PASSWORD_CLEARTEXT,),
            username=f"%{ADDRESS}%",
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
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 5):  # noqa: PLR2004 - 65535
            raise refuse("must be a port's number", name)
        return int(text)

    def _socket_type(self, name: str, default: str = "") -> SocketType:
        value = self._text(name) or default
        if value.upper() not in _SOCKET_TYPES:
            raise refuse(f"must be one of {', '.join(_SOCKET_TYPES)}, not {value}", name)
        return _SOCKET_TYPES[value.upper()]


def _sync_server(url: str) -> Server:
    return Server(
        key=ServerType.ACTIVESYNC.value,
        type=ServerType.ACTIVESYNC,
        url=url,
        authentication=(Authentication.HTTP_BASIC,),
        username=f"%{ADDRESS}%",
    )
