"""PACC documents of all drafts (draft-ietf-mailmaint-pacc, protocol brief §4.1).

The format names hosts and URLs; TLS on the registered port and the mail address as login go without saying.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.core import placeholders
from app.core.errors import InvalidInput, refuse
from app.core.names import Hostname
from app.core.notices import Notice
from app.core.servers import Authentication, Server, ServerType, SocketType
from app.core.text import single_line, web_url

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 64 * 1024
_SOCKETS: Final = {
    "imap": (ServerType.IMAP, SocketType.TLS, 993),
    "pop3": (ServerType.POP3, SocketType.TLS, 995),
    # Draft -02 says "smtp", -03 "submit"; who knows both sends both.
    "submit": (ServerType.SMTP, SocketType.TLS, 465),
    "smtp": (ServerType.SMTP, SocketType.TLS, 465),
    # No port is registered for TLS from the first byte, but the format has nothing else.
    "managesieve": (ServerType.MANAGESIEVE, SocketType.TLS, 4190),
}
_URLS: Final = {
    "jmap": ServerType.JMAP,
    "caldav": ServerType.CALDAV,
    "carddav": ServerType.CARDDAV,
    "webdav": ServerType.WEBDAV,
}
_MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PaccDocument:
    """What a document says."""

    display_name: str | None
    servers: tuple[Server, ...]
    issuer: str | None
    """Of OAuth 2, exactly as it is written."""
    notices: tuple[Notice, ...]


def parse_pacc(data: bytes) -> PaccDocument:
    """Read a document.

    Raises:
        InvalidInput: When it is no JSON object with ``protocols``.
    """
    if len(data) > MAX_BYTES:
        raise refuse(f"must be at most {MAX_BYTES} bytes long")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise refuse("must be JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("protocols"), dict):
        raise refuse("must be a JSON object with protocols")
    return _Reader(found).read()


@dataclass(slots=True)
class _Reader:
    document: dict[str, Any]
    notices: list[Notice] = field(default_factory=list)

    def read(self) -> PaccDocument:
        issuer = self._issuer()
        passwords = _object(self.document, "authentication").get("password")
        servers = tuple(self._servers(has_passwords=passwords is not False, has_oauth=issuer is not None))
        return PaccDocument(
            display_name=self._display_name(),
            servers=servers,
            issuer=issuer,
            notices=tuple(self.notices),
        )

    @contextmanager
    def _noting(self, where: str) -> Iterator[None]:
        try:
            yield
        except InvalidInput as error:
            self.notices.append(Notice(where, str(error)))

    def _display_name(self) -> str | None:
        name = _object(_object(self.document, "info"), "provider").get("name")
        try:
            return single_line(name, _MAX_NAME) if isinstance(name, str) else None
        except InvalidInput as error:
            self.notices.append(Notice("info/provider/name", str(error)))
            return None

    def _issuer(self) -> str | None:
        issuer = _object(_object(self.document, "authentication"), "oauth-public").get("issuer")
        if issuer is None:
            return None
        try:
            url = web_url(issuer if isinstance(issuer, str) else "", ("https",))
            if "?" in url or "#" in url:
                raise refuse("must have neither a query nor a fragment")
        except InvalidInput as error:
            self.notices.append(Notice("authentication/oauth-public/issuer", str(error)))
            return None
        return url

    def _servers(self, *, has_passwords: bool, has_oauth: bool) -> Iterator[Server]:
        oauth = (Authentication.OAUTH2,) if has_oauth else ()
        passwords = {
            True: (*oauth, Authentication.HTTP_BASIC) if has_passwords else oauth,
            False: (*oauth, Authentication.PASSWORD_CLEARTEXT) if has_passwords else oauth,
        }
        taken: set[ServerType] = set()
        for name, value in self.document["protocols"].items():
            where = f"protocols/{name[:40]}"
            if name not in _SOCKETS and name not in _URLS:
                self.notices.append(Notice(where, "is not read"))
                continue
            with self._noting(where):
                server = _server(name, value, passwords[name in _URLS])
                if server.type not in taken:
                    taken.add(server.type)
                    yield server


def _server(name: str, value: Any, methods: tuple[Authentication, ...]) -> Server:  # noqa: ANN401 - any JSON
    where = value if isinstance(value, dict) else {}
    host, url = where.get("host"), where.get("url")
    login = f"%{placeholders.ADDRESS}%"
    if name in _URLS:
        url = web_url(url if isinstance(url, str) else "", ("https",))
        kind = _URLS[name]
        return Server(key=kind.value, type=kind, url=url, authentication=methods, username=login)
    server_type, socket_type, port = _SOCKETS[name]
    return Server(
        key=server_type.value,
        type=server_type,
        hostname=Hostname.parse(host if isinstance(host, str) else "").ascii,
        port=port,
        socket_type=socket_type,
        authentication=methods,
        username=login,
    )


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}
