"""Thunderbird autoconfig files, as the ISPDB has them, read into a provider and its domains.

Everything that a file says and the model has a place for is kept; everything else becomes a notice, so
that nothing is lost unseen. Accepts the historic spellings that real files use.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from app.core import placeholders
from app.core.account import ListedDomain
from app.core.errors import InvalidInput, IssueCollector, refuse
from app.core.names import DomainName
from app.core.notices import Notice
from app.core.patterns import hostname_pattern
from app.core.provider import InputField, LocalisedText, OAuth2, Page, Provider
from app.core.servers import (
    MAX_SERVERS,
    Authentication,
    ExchangeOptions,
    Location,
    LoginForm,
    Pop3Options,
    Server,
    ServerOptions,
    ServerType,
    SmtpOptions,
    WebmailOptions,
    next_key,
)
from app.core.xml_reading import read_xml
from app.parsers.autoconfig import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAX_BYTES: Final = 1_000_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoconfigFile:
    """What one file says."""

    provider: Provider
    domains: tuple[ListedDomain, ...]
    notices: tuple[Notice, ...]


def parse_autoconfig(data: bytes, slug: str) -> AutoconfigFile:
    """Read a ``clientConfig`` document.

    Args:
        data: The file's bytes.
        slug: What to call the provider; several files may have one ``id``.

    Raises:
        InvalidInput: When it is no such document, or has no valid domain.
    """
    root = read_xml(data, MAX_BYTES)
    if root.tag != "clientConfig":
        raise refuse("must be a clientConfig document without an XML namespace")
    provider = root.find("emailProvider")
    if provider is None:
        raise refuse("must have an emailProvider", "clientConfig")
    return _FileReader(root, provider).read(slug)


@dataclass(slots=True)
class _FileReader:
    root: Element
    provider: Element
    notices: list[Notice] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def read(self, slug: str) -> AutoconfigFile:
        self._note_unread(self.root, words.ROOT_FIELDS, "clientConfig")
        self._note_unread(self.provider, words.PROVIDER_FIELDS, "emailProvider")
        domains = self._domains()
        if not domains:
            raise refuse("must have a valid domain", "emailProvider", "domain")
        identifier = self.provider.get("id")
        display_name = self._first_text("displayName") or identifier or domains[0].name.ascii
        short_name = self._first_text("displayShortName") or self._first_text("displayNameShort")
        issues = IssueCollector()
        with issues.at("emailProvider"):
            provider = Provider(
                slug=slug,
                identifier=identifier,
                display_name=display_name,
                short_name=short_name or display_name,
                documentation=self._pages("documentation", "url", "descr"),
                instructions=self._pages("instruction", "url", "descr"),
                enable=self._pages("enable", "visiturl", "instruction"),
                input_fields=tuple(self._input_fields()),
                oauth2=self._oauth2(),
                servers=tuple(self._servers()),
                list_domains=True,
            )
        issues.close()
        return AutoconfigFile(provider=provider, domains=domains, notices=tuple(self.notices))

    @contextmanager
    def _noting(self, where: str) -> Iterator[None]:
        try:
            yield
        except InvalidInput as error:
            self.notices.append(Notice(where, str(error)))

    def _note_unread(self, parent: Element, known: frozenset[str], where: str) -> None:
        seen: set[str] = set()
        for child in parent:
            if child.tag not in known:
                self.notices.append(Notice(f"{where}/{child.tag}", "is not read"))
            elif child.tag in seen - words.REPEATABLE:
                self.notices.append(Notice(f"{where}/{child.tag}", "is read once, and stands here again"))
            seen.add(child.tag)

    def _first_text(self, name: str) -> str | None:
        return _text(self.provider, name)

    def _domains(self) -> tuple[ListedDomain, ...]:
        plain: dict[DomainName, bool] = {}
        for number, node in enumerate(self.provider.findall("domain"), 1):
            where = f"emailProvider/domain[{number}]"
            with self._noting(where):
                name = DomainName.parse((node.text or "").strip())
                is_mx = node.get("purpose") == "mx"
                if name in plain and plain[name] == is_mx:
                    self.notices.append(Notice(where, f"{name} is listed twice"))
                plain[name] = plain.get(name, False) or is_mx
        return tuple(ListedDomain(name=name, serves_mx=is_mx) for name, is_mx in plain.items())

    def _pages(self, name: str, url_attribute: str, text_name: str) -> tuple[Page, ...]:
        pages: list[Page] = []
        for number, node in enumerate([*self.provider.findall(name), *self.root.findall(name)], 1):
            where = f"{name}[{number}]"
            with self._noting(where):
                texts = tuple(self._texts(node, text_name, where))
                pages.append(Page(url=(node.get(url_attribute) or "").strip(), descriptions=texts))
        return tuple(pages)

    def _texts(self, node: Element, name: str, where: str) -> Iterator[LocalisedText]:
        self._note_unread(node, frozenset({name}), where)
        for text in node.findall(name):
            with self._noting(f"{where}/{name}"):
                yield LocalisedText(text=(text.text or "").strip(), language=text.get("lang"))

    def _input_fields(self) -> Iterator[InputField]:
        for node in self.provider.findall("inputField"):
            with self._noting("emailProvider/inputField"):
                yield InputField(
                    key=node.get("key") or "",
                    label=node.get("label") or "",
                    example=(node.text or "").strip() or None,
                )

    def _oauth2(self) -> OAuth2 | None:
        node = _single(self.root, self.provider, "oAuth2")
        if node is None:
            return None
        self._note_unread(node, words.OAUTH2_FIELDS, "oAuth2")
        if node.find("clientSecret") is not None:
            self.notices.append(Notice("oAuth2/clientSecret", "secrets are not stored"))
        try:
            return OAuth2(
                issuer=_text(node, "issuer") or "",
                scope=_text(node, "scope") or "",
                authorization_url=_text(node, "authURL") or "",
                token_url=_text(node, "tokenURL") or "",
                client_id=_text(node, "clientID"),
            )
        except InvalidInput as error:
            self.notices.append(Notice("oAuth2", str(error)))
            return None

    def _servers(self) -> Iterator[Server]:
        yield from self._sections(self.provider, "incomingServer", words.INCOMING_TYPES)
        yield from self._sections(self.provider, "outgoingServer", words.OUTGOING_TYPES)
        webmail = _single(self.root, self.provider, "webMail")
        if webmail is not None:
            with self._noting("webMail"):
                yield self._noted(self._webmail(webmail), "webMail")
        for name, types in words.SECTION_TYPES.items():
            yield from self._sections(self.root, name, types)

    def _sections(self, parent: Element, name: str, types: dict[str, ServerType]) -> Iterator[Server]:
        nodes = parent.findall(name)
        if len(nodes) > MAX_SERVERS:
            raise refuse(f"must be at most {MAX_SERVERS} servers", name)
        for number, node in enumerate(nodes, 1):
            where = f"{name}[{number}]" if parent is self.root else f"{parent.tag}/{name}[{number}]"
            with self._noting(where):
                yield self._noted(self._server(node, types, where), where)

    def _noted(self, server: Server, where: str) -> Server:
        self.keys.add(server.key)
        for name in sorted(server.variables):
            reason = f"needs the variable {name}, and is left out where the domain does not define it"
            self.notices.append(Notice(where, reason))
        return server

    def _server(self, node: Element, types: dict[str, ServerType], where: str) -> Server:
        self._note_unread(node, words.SERVER_FIELDS, where)
        server_type = _looked_up(types, node.get("type"), "type")
        is_url = server_type.location is Location.URL or (
            server_type.location is Location.EITHER and node.find("url") is not None
        )
        hostname, port = _text(node, "hostname"), _text(node, "port")
        socket_type = _text(node, "socketType")
        username = _text(node, "username")
        if username is not None and placeholders.has_truncated_placeholder(username):
            reason = f"{username} lacks a percent sign; it is kept, and left out for mail clients"
            self.notices.append(Notice(f"{where}/username", reason))
        if is_url and hostname is not None:
            self.notices.append(Notice(f"{where}/hostname", "is not read beside a url"))
        return Server(
            key=next_key(server_type, self.keys),
            type=server_type,
            hostname=None if is_url or hostname is None else _hostname(hostname),
            port=None if is_url or port is None else _number(port, "port"),
            socket_type=None
            if is_url or socket_type is None
            else _looked_up(words.SOCKET_TYPES, socket_type, "socketType"),
            url=_text(node, "url") if is_url else None,
            authentication=self._authentication(node, where),
            username=username,
            options=self._options(node, server_type, where),
        )

    def _authentication(self, node: Element, where: str) -> tuple[Authentication, ...]:
        methods: dict[Authentication, None] = {}
        for found in node.findall("authentication"):
            text = (found.text or "").strip()
            table = words.HTTP_AUTHENTICATION if found.get("system") == "http" else words.AUTHENTICATION
            with self._noting(f"{where}/authentication"):
                if found.get("system") == "sasl":
                    raise refuse(f"names the SASL mechanism {text}, which has no place here")
                methods[_looked_up(table, text, "authentication")] = None
        return tuple(methods)

    def _options(self, node: Element, server_type: ServerType, where: str) -> ServerOptions | None:
        if server_type is ServerType.POP3:
            pop3 = node.find("pop3")
            if pop3 is None:
                return None
            self._note_unread(pop3, words.POP3_FIELDS, f"{where}/pop3")
            found = _pop3_options(pop3)
            return None if found == Pop3Options() else found
        shared = _boolean(node, "useGlobalPreferredServer")
        if server_type is ServerType.SMTP:
            smtp = SmtpOptions(
                restriction=_text(node, "restriction"),
                add_this_server=_boolean(node, "addThisServer"),
                use_global_preferred_server=shared,
            )
            return None if smtp == SmtpOptions() else smtp
        if server_type is ServerType.EXCHANGE:
            exchange = ExchangeOptions(
                owa_url=_text(node, "owaURL"),
                ews_url=_text(node, "ewsURL"),
                eas_url=_text(node, "easURL"),
                use_global_preferred_server=shared,
            )
            return None if exchange == ExchangeOptions() else exchange
        return None

    def _webmail(self, node: Element) -> Server:
        self._note_unread(node, words.WEBMAIL_FIELDS, "webMail")
        page, info = node.find("loginPage"), node.find("loginPageInfo")
        if info is not None:
            self._note_unread(info, words.FORM_FIELDS, "webMail/loginPageInfo")
        url = page.get("url") if page is not None else None
        if url is None and info is not None:
            url = info.get("url")
        return Server(
            key=next_key(ServerType.WEBMAIL, self.keys),
            type=ServerType.WEBMAIL,
            url=url,
            options=None if info is None else WebmailOptions(login_form=_login_form(info)),
        )


def _login_form(info: Element) -> LoginForm:
    def attribute(name: str, key: str) -> str | None:
        node = info.find(name)
        return None if node is None else node.get(key)

    return LoginForm(
        url=info.get("url") or "",
        redirection_prefix=info.get("waitForRedirectionURLPrefix"),
        username=_text(info, "username") or "",
        username_field_id=attribute("usernameField", "id"),
        username_field_name=attribute("usernameField", "name"),
        password_field_id=attribute("passwordField", "id"),
        password_field_name=attribute("passwordField", "name"),
        button_id=attribute("loginButton", "id"),
        button_name=attribute("loginButton", "name"),
    )


def _pop3_options(node: Element) -> Pop3Options:
    days = _text(node, "daysToLeaveMessagesOnServer")
    interval = node.find("checkInterval")
    minutes = None if interval is None else interval.get("minutes")
    return Pop3Options(
        leave_messages_on_server=_boolean(node, "leaveMessagesOnServer"),
        days_to_leave_messages_on_server=None if days is None else _number(days, "days"),
        download_on_biff=_boolean(node, "downloadOnBiff"),
        check_interval_minutes=None if minutes is None else _number(minutes, "checkInterval"),
    )


def _single(root: Element, provider: Element, name: str) -> Element | None:
    found = root.find(name)
    return found if found is not None else provider.find(name)


def _text(parent: Element, name: str) -> str | None:
    node = parent.find(name)
    text = "" if node is None else (node.text or "").strip()
    return text or None


def _boolean(parent: Element, name: str) -> bool | None:
    text = _text(parent, name)
    return None if text is None else _looked_up({"true": True, "false": False}, text, name)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004
        raise refuse(f"must be a number, not {text[:40]!r}", name)
    return int(text)


def _hostname(text: str) -> str:
    issues = IssueCollector()
    normal = text
    with issues.at("hostname"):
        normal = hostname_pattern(text)
    issues.close()
    return normal


def _looked_up(table: dict[str, _T], text: str | None, name: str) -> _T:
    """Look a word up without regard to case."""
    try:
        return table[(text or "").lower()]
    except KeyError:
        raise refuse(f"must be one of {', '.join(table)}, not {(text or '')[:40]!r}", name) from None
