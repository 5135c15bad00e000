"""The configuration of automx (sys4/automx 0.10 to 1.1), as its own program reads it: automx.conf(5).

What automx asks a directory, a database or a program for is not in the file: such a login name is taken as
the mail address, and a section that a program chooses is not followed.
"""

from __future__ import annotations

import re
from configparser import MissingSectionHeaderError, ParsingError, RawConfigParser
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from app.core.automx_words import AUTHENTICATION, DAV_SERVICES, MACROS, SERVICES, SOCKET_TYPES
from app.core.errors import InvalidInput, refuse
from app.core.foreign_files import checked_text, port_of
from app.core.moving import Holding, MovedDomain, Settlement, keyed, reason_of, web_service
from app.core.names import DomainName, Hostname
from app.core.patterns import hostname_pattern
from app.core.placeholders import ADDRESS
from app.core.servers import Server, ServerType, SmtpOptions, SocketType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.moving import Belongings

_T = TypeVar("_T")

_MAIN: Final = "automx"
_GLOBAL: Final = "global"
_ANY: Final = "*"
_RESERVED: Final = (_MAIN, _GLOBAL)
_TRUE: Final = ("1", "y", "yes", "t", "true", "on")
_NAMES: Final = ("account_name", "account_name_short")
_STATIC: Final = "static"
_APPENDING: Final = "_append"
_ASKING: Final = ("ldap", "sql", "script")
_FILES: Final = ("autoconfig", "autodiscover", "mobileconfig")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_MACRO: Final = re.compile(r"%[sud]")
_MOST_FOLLOWED: Final = 20
_OTHER_MACRO: Final = "must hold the macros %s, %u and %d only"
_LOOKED_UP: Final = (
    "is looked up for each address: it is taken as the mail address, unless a mailbox is given another"
)
_LOOKED_UP_SERVICE: Final = "is looked up for each address, whether there is one: it is left out"
_LED_TO: Final = "is what others lead to: where it is a domain as well, it is taken with --domains FILE"
_ANY_DOMAIN: Final = "answers for any domain: those without a section are taken with --domains FILE"


@dataclass(slots=True)
class _Settings:
    """What automx gathers for a domain, section by section."""

    names: dict[str, str] = field(default_factory=dict)
    services: dict[str, list[Server]] = field(default_factory=dict)
    sync_url: str | None = None
    followed: int = 0


def parse_automx(data: bytes, listed: Sequence[MovedDomain] = ()) -> Belongings:
    """Read a configuration.

    Args:
        data: The file.
        listed: Further domains that it answers for; those without a section have the global one's settings.

    Raises:
        InvalidInput: When it is no configuration of automx, naming the line.
    """
    config = RawConfigParser(strict=False)
    try:
        config.read_string(checked_text(data))
    except MissingSectionHeaderError as error:
        raise refuse("must be in a section", f"line {error.lineno}") from None
    except ParsingError as error:
        raise refuse("must be a section or parameter = value", f"line {error.errors[0][0]}") from None
    if not config.has_section(_MAIN):
        raise refuse(f"must have a section [{_MAIN}]")
    return _Reader(config).read(listed)


class _Reader:
    def __init__(self, config: RawConfigParser) -> None:
        self._config = config
        self._sections = {name.lower(): name for name in config.sections()}
        self._settlement = Settlement()

    def read(self, listed: Sequence[MovedDomain]) -> Belongings:
        groups: dict[tuple[str, str], list[Holding]] = {}
        for domain in self._domains(listed):
            subject = f"domain {domain.name.ascii}"
            own = self._sections.get(domain.name.ascii) or self._sections.get(domain.name.unicode)
            settings = _Settings()
            with self._settlement.attempt(subject):
                self._gather(own or _GLOBAL, settings)
                servers = keyed(self._servers(settings, own or _GLOBAL))
                if servers:
                    names = (settings.names.get(_NAMES[0], ""), settings.names.get(_NAMES[1], ""))
                    groups.setdefault(names, []).append(Holding(domain=domain, servers=servers))
                else:
                    self._settlement.lose(subject, "has no servers, so that nothing could be told of it")
        main = self._value(_MAIN, "provider") or _MAIN
        for (name, short_name), holdings in groups.items():
            with self._settlement.attempt(f"provider {name or main}"):
                provider = self._settlement.name_provider(name or main, short_name, _MAIN)
                self._settlement.add(provider, holdings)
        return self._settlement.settled()

    def _domains(self, listed: Sequence[MovedDomain]) -> Sequence[MovedDomain]:
        words = [one for one in re.split(r"[\s,]+", self._value(_MAIN, "domains") or "") if one]
        if words[:1] == [_ANY]:
            led_to, named = self._led_to(), [one for one in self._sections.values() if _is_domain(one)]
            for section in named:
                if section.lower() in led_to:
                    self._settlement.lose(f"section {section}", _LED_TO)
            words = [section for section in named if section.lower() not in led_to]
            if not listed:
                self._settlement.lose("automx", _ANY_DOMAIN)
        elif not words:
            raise refuse("must name domains", _MAIN, "domains")
        found: dict[DomainName, MovedDomain] = {}
        for word in words:
            with self._settlement.attempt(f"domain {word}"):
                name = DomainName.parse(word)
                found[name] = MovedDomain(name=name)
        # Where it has a section for an alias, that counts, so that each is a domain like the others.
        others = [MovedDomain(name=one.name, status=one.status) for one in listed if one.name not in found]
        return [*found.values(), *others]

    def _led_to(self) -> set[str]:
        """Return the sections that others lead to, in lower case: named like domains, they may be none."""
        texts = [
            self._value(section, option) or ""
            for section in self._config.sections()
            for option in ("section_filter", "follow")
        ]
        return {word.lower() for text in texts for word in re.split(r"[\s,]+", text)}

    def _gather(self, section: str, settings: _Settings) -> None:
        """Follow a section and those that it leads to, as automx does."""
        actual = self._sections.get(section.lower())
        settings.followed += 1
        if actual is None or settings.followed > _MOST_FOLLOWED:
            raise refuse("leads in circles" if actual else "is not there", f"section {section}")
        backend = self._value(actual, "backend")
        kind = (backend or "").removesuffix(_APPENDING)
        if kind == _GLOBAL and actual != _GLOBAL:
            self._gather(_GLOBAL, settings)
        elif kind in (_STATIC, "file", *_ASKING):
            self._take_section(actual, settings, appends=backend != kind)
            if kind == "file" and any(self._value(actual, name) for name in _FILES):
                reason = "answers with files of its own, which are not read (see 'signpost import ispdb')"
                self._settlement.lose(f"section {actual}", reason)
            if follow := self._value(actual, "follow"):
                self._gather(_clean(follow), settings)
        elif kind == "filter":
            raise refuse("is chosen by a program, which is not run", f"section {actual}")
        else:
            raise refuse("must be one that automx has", f"section {actual}", "backend")

    def _take_section(self, section: str, settings: _Settings, *, appends: bool) -> None:
        for option in self._config.options(section):
            value = self._value(section, option) or ""
            if option in _NAMES:
                settings.names[option] = _clean(value)
            elif option == "server_url":
                settings.sync_url = value
            elif option in SERVICES and value.strip().lower() in _TRUE:
                server = self._server(section, option)
                if server is not None:
                    before = settings.services.get(option, []) if appends else []
                    settings.services[option] = [*before, server]
            elif option in SERVICES and _VARIABLE.search(value):
                self._settlement.lose(f"section {section}, {option}", _LOOKED_UP_SERVICE)
            elif option == "ox" and value.strip().lower() in _TRUE:
                self._settlement.lose(f"section {section}", "has a service ox, which no client asks for here")

    def _server(self, section: str, service: str) -> Server | None:
        subject = f"section {section}, {service}"
        login = self._value(section, f"{service}_auth_identity")
        if login and _VARIABLE.search(login):
            self._settlement.lose(subject, f"{service}_auth_identity: {_LOOKED_UP}")
        try:
            build = _dav_server if service in DAV_SERVICES else _mail_server
            return build(service, dict(self._config.items(section)))
        except InvalidInput as error:
            self._settlement.lose(subject, reason_of(error))
            return None

    def _servers(self, settings: _Settings, section: str) -> list[Server]:
        servers = [server for found in settings.services.values() for server in found]
        if settings.sync_url:
            with self._settlement.attempt(f"section {section}, server_url"):
                servers.append(web_service(ServerType.ACTIVESYNC, _translated(settings.sync_url)))
        return servers

    def _value(self, section: str, option: str) -> str | None:
        return self._config.get(section, option, fallback=None)


def _mail_server(service: str, options: Mapping[str, str]) -> Server:
    server_type = SERVICES[service]
    hostname = _translated(options.get(f"{service}_server") or "")
    return Server(
        key=server_type.value,
        type=server_type,
        hostname=hostname_pattern(hostname),
        port=_port(options, service),
        socket_type=_socket_type(options, service),
        authentication=(_choice(AUTHENTICATION, options, f"{service}_auth", "plaintext"),),
        username=_login(options, service),
        options=_smtp_options(options) if service == "smtp" else None,
    )


def _smtp_options(options: Mapping[str, str]) -> SmtpOptions | None:
    if "smtp_default" not in options:
        return None
    return SmtpOptions(use_global_preferred_server=options["smtp_default"].strip().lower() in _TRUE)


def _dav_server(service: str, options: Mapping[str, str]) -> Server:
    place = _translated(options.get(f"{service}_server") or "")
    if "://" not in place:
        port = _port(options, service)
        # Without a path clients begin at the well-known one (RFC 6764 §5).
        place = f"https://{Hostname.parse_text(place)}:{port or 443}/.well-known/{service}"
    return web_service(SERVICES[service], place, _login(options, service))


def _login(options: Mapping[str, str], service: str) -> str:
    login = options.get(f"{service}_auth_identity") or "%u"
    return f"%{ADDRESS}%" if _VARIABLE.search(login) else _translated(login)


def _port(options: Mapping[str, str], service: str) -> int | None:
    name = f"{service}_port"
    return port_of(options[name], name) if name in options else None


def _socket_type(options: Mapping[str, str], service: str) -> SocketType:
    # Autoconfig files know no "auto", and automx writes "plain" there; for us that is never a wish.
    if options.get(f"{service}_encryption", "").strip().lower() == "auto":
        return SocketType.TLS if _port(options, service) in (465, 993, 995) else SocketType.STARTTLS
    return _choice(SOCKET_TYPES, options, f"{service}_encryption", "")


def _choice(words: Mapping[str, _T], options: Mapping[str, str], name: str, default: str) -> _T:
    value = options.get(name, default).strip().lower()
    if value not in words:
        raise refuse(f"must be one of {', '.join(words)}, not {value}", name)
    return words[value]


def _translated(text: str) -> str:
    """Write automx's macros as placeholders."""
    translated = _MACRO.sub(lambda found: MACROS[found[0]], text)
    if _VARIABLE.search(text) or "%" in _MACRO.sub("", text):
        raise refuse(_OTHER_MACRO)
    return translated


def _clean(text: str) -> str:
    """Take a name without what differs from address to address."""
    return re.sub(r"\s+", " ", _MACRO.sub("", _VARIABLE.sub("", text))).strip(" -,:/()")


def _is_domain(section: str) -> bool:
    if section.lower() in _RESERVED:
        return False
    try:
        DomainName.parse(section)
    except InvalidInput:
        return False
    return True
