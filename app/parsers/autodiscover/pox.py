"""Responses in plain XML ([MS-OXDSCLI] §2.2.4, [MS-ASCMD] Autodiscover), read as tolerantly as clients do.

Servers disagree on namespaces, prefixes and the case of names, so everything is found by its local name.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.autodiscover_request import child_text, find_child
from app.core.errors import InvalidInput, refuse
from app.core.names import EmailAddress
from app.core.notices import Notice
from app.core.patterns import hostname_pattern
from app.core.servers import MAX_SERVERS, Server, ServerType, next_key
from app.core.text import web_url
from app.core.xml_reading import local_name, read_xml
from app.parsers.autodiscover import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAX_BYTES: Final = 256 * 1024
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error document: the service has no settings for the address."""

    code: int | None
    """500 unknown, 501 nothing to tell, 600 bad request, 601 no provider, others faults ([MS-OXDSCLI])."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a response says: servers, or where to ask next, or neither and why."""

    servers: tuple[Server, ...] = ()
    redirect_address: EmailAddress | None = None
    redirect_url: str | None = None
    """An https URL; others are a notice."""
    refusal: Refusal | None = None
    notices: tuple[Notice, ...] = ()


def parse_pox(data: bytes) -> Answer:
    """Read a response.

    Raises:
        InvalidInput: When it is no ``Autodiscover`` around a ``Response``.
    """
    root = read_xml(data, MAX_BYTES)
    if local_name(root).lower() != "autodiscover":
        raise refuse("must be an Autodiscover element")
    response = find_child(root, "response")
    if response is None:
        raise refuse("must have a Response element")
    return _Reader().read(response)


@dataclass(slots=True)
class _Reader:
    notices: list[Notice] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def read(self, response: Element) -> Answer:
        error = find_child(response, "error")
        account = find_child(response, "account")
        action = find_child(response, "action")
        address = url = None
        if account is not None:
            address, url = self._redirects(account)
            self._read_protocols(account)
        if action is not None:
            # ActiveSync has the address itself in Redirect, and its errors inside of the action.
            address = self._address(child_text(action, "redirect"), "Action/Redirect")
            self._read_mobile_servers(action)
            error = error if error is not None else find_child(action, "error")
        return Answer(
            servers=tuple(self.servers),
            redirect_address=address,
            redirect_url=url,
            refusal=None if error is None else _refusal(error),
            notices=tuple(self.notices),
        )

    def _redirects(self, account: Element) -> tuple[EmailAddress | None, str | None]:
        action = (child_text(account, "action") or "").lower()
        if action == "redirectaddr":
            return self._address(child_text(account, "redirectaddr"), "Account/RedirectAddr"), None
        if action != "redirecturl":
            return None, None
        url = None
        with self._noting("Account/RedirectUrl"):
            url = web_url(child_text(account, "redirecturl") or "", ("https",))
        return None, url

    def _address(self, text: str | None, where: str) -> EmailAddress | None:
        address = None
        if text is not None:
            with self._noting(where):
                address = EmailAddress.parse(text)
        return address

    @contextmanager
    def _noting(self, where: str) -> Iterator[None]:
        try:
            yield
        except InvalidInput as error:
            self.notices.append(Notice(where, str(error)))

    def _read_protocols(self, account: Element) -> None:
        protocols = [child for child in account if local_name(child).lower() == "protocol"]
        if len(protocols) > MAX_SERVERS:
            raise refuse(f"must be at most {MAX_SERVERS} protocols", "Account")
        for number, protocol in enumerate(protocols, 1):
            where = f"Account/Protocol[{number}]"
            name = (child_text(protocol, "type") or protocol.get("Type") or "").upper()
            with self._noting(where):
                if name in words.MAIL_TYPES:
                    self._add(self._mail_server(protocol, words.MAIL_TYPES[name], where))
                elif name in words.EXCHANGE_TYPES:
                    self._read_exchange(protocol)
                elif name == words.WEB:
                    self._read_web(protocol)
                elif name in words.DAV_TYPES:
                    self._add(self._url_server(words.DAV_TYPES[name], child_text(protocol, "server")))
                else:
                    self.notices.append(Notice(where, f"type {name[:40] or 'none'} is not read"))

    def _mail_server(self, protocol: Element, server_type: ServerType, where: str) -> Server:
        port_text, name = child_text(protocol, "port"), child_text(protocol, "server") or ""
        port = None if port_text is None else _port(port_text)
        socket_type = words.socket_type_of(
            ssl=child_text(protocol, "ssl"), encryption=child_text(protocol, "encryption"), port=port
        )
        if child_text(protocol, "encryption") is None and child_text(protocol, "ssl") is None:
            self.notices.append(Notice(where, "says nothing of TLS; clients guess it from the port"))
        if port is None:
            port = words.default_port(server_type, socket_type)
            self.notices.append(Notice(where, f"names no port; clients take {port}"))
        login = child_text(protocol, "loginname")
        if login is None:
            reason = "has no LoginName: Outlook logs in with what is before the @, others with the address"
            self.notices.append(Notice(where, reason))
        return Server(
            key=next_key(server_type, self.keys),
            type=server_type,
            hostname=hostname_pattern(name),
            port=port,
            socket_type=socket_type,
            authentication=words.authentication_of(
                spa=child_text(protocol, "spa"), auth_required=child_text(protocol, "authrequired")
            ),
            username=login or f"%{placeholders.ADDRESS}%",
        )

    def _read_exchange(self, protocol: Element) -> None:
        url = child_text(protocol, "ewsurl") or child_text(protocol, "asurl")
        if url is not None and all(server.url != url for server in self.servers):
            package = (child_text(protocol, "authpackage") or "").lower()
            self._add(self._url_server(ServerType.EWS, url, package))

    def _read_web(self, protocol: Element) -> None:
        for place in ("external", "internal"):
            found = find_child(protocol, place)
            url = None if found is None else child_text(found, "owaurl")
            if url is not None:
                self._add(self._url_server(ServerType.OWA, url))
                return
        raise refuse("must name a URL")

    def _read_mobile_servers(self, action: Element) -> None:
        settings = find_child(action, "settings")
        for number, server in enumerate(settings if settings is not None else (), 1):
            if number > MAX_SERVERS:
                raise refuse(f"must be at most {MAX_SERVERS} servers", "Action/Settings")
            is_mail = (child_text(server, "type") or "").lower() == "mobilesync"
            if local_name(server).lower() == "server" and is_mail:
                with self._noting(f"Action/Settings/Server[{number}]"):
                    self._add(self._url_server(ServerType.ACTIVESYNC, child_text(server, "url")))

    def _url_server(self, server_type: ServerType, url: str | None, package: str = "") -> Server:
        if url is None:
            raise refuse("must name a URL")
        return Server(
            key=next_key(server_type, self.keys),
            type=server_type,
            url=url,
            authentication=(words.AUTH_PACKAGES.get(package, words.DEFAULT_HTTP),),
            username=f"%{placeholders.ADDRESS}%",
        )

    def _add(self, server: Server) -> None:
        self.keys.add(server.key)
        self.servers.append(server)


def _refusal(error: Element) -> Refusal:
    code = child_text(error, "errorcode") or child_text(error, "status") or ""
    is_number = code.isascii() and code.isdigit() and len(code) < 6  # noqa: PLR2004
    return Refusal(int(code) if is_number else None, (child_text(error, "message") or "")[:200])


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004
    if not 1 <= number <= _MAX_PORT:
        raise refuse(f"must be between 1 and {_MAX_PORT}", "port")
    return number
