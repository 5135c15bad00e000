"""Stalwart's configuration: its TOML file or settings in JSON (to 0.15), or a snapshot (from 0.16).

Listeners tell the ports, the host name is the server's, and paths of web services are fixed. Snapshots
(``stalwart-cli snapshot SystemSettings NetworkListener Domain``) have the domains too, and which services
are told to clients; before, domains are principals: ``api/principal?types=domain``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.core.domains import DomainStatus
from app.core.errors import InvalidInput, refuse, within
from app.core.foreign_files import checked_text, members, parsed_json, public_port
from app.core.moving import MovedDomain, Settlement, keyed, mail_server, web_service
from app.core.names import DomainName
from app.core.servers import ServerType, SocketType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.core.moving import Belongings
    from app.core.servers import Server

_LISTENER: Final = "server.listener."
_HOSTNAMES: Final = ("server.hostname", "lookup.default.hostname")
_MAIL: Final = {
    "imap": ServerType.IMAP,
    "pop3": ServerType.POP3,
    "smtp": ServerType.SMTP,
    "managesieve": ServerType.MANAGESIEVE,
}
_WEB: Final = {
    "jmap": (ServerType.JMAP, "/.well-known/jmap"),
    "caldav": (ServerType.CALDAV, "/dav/cal"),
    "carddav": (ServerType.CARDDAV, "/dav/card"),
    "webdav": (ServerType.WEBDAV, "/dav/file"),
}
_TYPES: Final = {**_MAIL, **{name: server_type for name, (server_type, _) in _WEB.items()}}
_RELAY_PORT: Final = 25
_HTTPS_PORT: Final = 443
_TRUE: Final = ("true", "1", "yes")
_MACRO: Final = "%{"
_NOT_LISTED: Final = "Domains are not in this file: take them with --domains FILE"
_NO_HTTPS: Final = "has no listener for https that is open to others: no web services are told of"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listener:
    name: str
    protocol: str
    binds: tuple[str, ...]
    is_implicit: bool


@dataclass(slots=True)
class _Configuration:
    hostname: str = ""
    listeners: list[_Listener] = field(default_factory=list)
    services: Mapping[str, Any] | None = None
    """What clients are told of, and whether its port for STARTTLS is; None before 0.16, where all is."""
    domains: list[MovedDomain] = field(default_factory=list)


def parse_stalwart(data: bytes, listed: Sequence[MovedDomain] = ()) -> Belongings:
    """Read a configuration.

    Args:
        data: The file.
        listed: Domains that are not in it.

    Raises:
        InvalidInput: When it is none, naming the line or the setting.
    """
    text = checked_text(data)
    settlement = Settlement()
    if not text.lstrip().startswith("{"):
        found = _from_settings(_flat(_parsed_toml(text)))
    elif "@type" in text.lstrip().partition("\n")[0]:
        found = _from_snapshot(text, settlement)
    else:
        found = _from_settings(_flat(_unwrapped(parsed_json(text))))
    own = {domain.name for domain in found.domains}
    others = [domain for domain in listed if domain.name not in own]
    return _settle(found, [*found.domains, *others], settlement)


def _parsed_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # tomllib says the line at the end of its message.
        raise refuse(f"must be TOML, settings in JSON or a snapshot ({error})") from None


def _unwrapped(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that an answer of its API holds, or that stand alone."""
    for key in ("data", "items"):
        inner = answer.get(key)
        answer = inner if isinstance(inner, dict) else answer
    return answer


def _flat(tree: Mapping[str, Any]) -> dict[str, str]:
    """Write nested settings as its database has them: ``server.listener.imap.bind.0``."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [("", tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}.{number:04}", inner) for number, inner in enumerate(value)]
        elif value is not None:
            found[path] = str(value).strip().strip("'") if isinstance(value, str) else str(value).lower()
    return found


def _from_settings(settings: Mapping[str, str]) -> _Configuration:
    found = _Configuration(hostname=next((settings[name] for name in _HOSTNAMES if name in settings), ""))
    names = {
        key.removeprefix(_LISTENER).rpartition(".protocol")[0]
        for key in settings
        if key.startswith(_LISTENER) and key.endswith(".protocol")
    }
    for name in sorted(names):
        prefix = f"{_LISTENER}{name}."
        binds = sorted(key for key in settings if key == f"{prefix}bind" or key.startswith(f"{prefix}bind."))
        listener = _Listener(
            name=name,
            protocol=settings[f"{prefix}protocol"].lower(),
            binds=tuple(settings[key] for key in binds),
            is_implicit=settings.get(f"{prefix}tls.implicit", "").lower() in _TRUE,
        )
        found.listeners.append(listener)
    return found


def _from_snapshot(text: str, settlement: Settlement) -> _Configuration:
    """Read a plan of NDJSON, which ``stalwart-cli snapshot`` writes and ``apply`` takes."""
    found = _Configuration(services={})
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        with within(f"line {number}"):
            operation = parsed_json(line)
            if not isinstance(operation, dict):
                raise refuse("must be an object")
        value = operation.get("value")
        if operation.get("@type") == "destroy" or not isinstance(value, dict):
            continue
        kind = str(operation.get("object")).removeprefix("x:")
        if kind == "SystemSettings":
            hostname, services = value.get("defaultHostname"), value.get("services")
            found.hostname = hostname if isinstance(hostname, str) else found.hostname
            found.services = services if isinstance(services, dict) else found.services
        elif kind in ("NetworkListener", "Domain"):
            for record in _objects(value):
                with settlement.attempt(f"{kind} {record.get('name')} (line {number})"):
                    _take_object(found, kind, record)
    return found


def _objects(value: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Give one object, or several by the names that the plan has for them."""
    if isinstance(value.get("name"), str):
        return [value]
    return [inner for inner in value.values() if isinstance(inner, dict)]


def _take_object(found: _Configuration, kind: str, record: Mapping[str, Any]) -> None:
    if kind == "NetworkListener":
        listener = _Listener(
            name=str(record.get("name")),
            protocol=str(record.get("protocol", "smtp")).lower(),
            binds=tuple(members(record.get("bind"))),
            is_implicit=record.get("tlsImplicit") is True,
        )
        found.listeners.append(listener)
        return
    name = DomainName.parse(str(record.get("name")))
    is_off = record.get("isEnabled") is False
    status = DomainStatus.SUSPENDED if is_off else DomainStatus.ACTIVE
    found.domains.append(MovedDomain(name=name, status=status))
    for alias in members(record.get("aliases")):
        found.domains.append(MovedDomain(name=DomainName.parse(alias), alias_of=name, status=status))


def _settle(found: _Configuration, domains: Sequence[MovedDomain], settlement: Settlement) -> Belongings:
    if not found.hostname or _MACRO in found.hostname:
        raise refuse("must be the server's name, and no reference to a variable", _HOSTNAMES[0])
    with within(_HOSTNAMES[0]):
        hostname = DomainName.parse_text(found.hostname)
    if not domains:
        settlement.lose("Stalwart", _NOT_LISTED)
    servers = keyed(_servers(found, hostname, settlement))
    with settlement.attempt(f"provider {hostname}"):
        settlement.add_alike(settlement.name_provider(hostname), domains, servers)
    return settlement.settled()


def _servers(found: _Configuration, hostname: str, settlement: Settlement) -> Iterator[Server]:
    services = _told_services(found)
    placed: set[tuple[str, int, bool]] = set()
    https: list[int] = []
    # Those with TLS from the first byte come first, as Stalwart prefers them.
    for listener in sorted(found.listeners, key=lambda one: not one.is_implicit):
        ports: list[int] = []
        with settlement.attempt(f"listener {listener.name}"):
            ports = [port for bind in listener.binds if (port := public_port(bind, "bind")) is not None]
        if listener.protocol == "http" and listener.is_implicit:
            https += ports
        service = services.get(listener.protocol)
        if listener.protocol not in _MAIL or service is None:
            continue
        for port in ports:
            place = (listener.protocol, port, listener.is_implicit)
            is_told = listener.is_implicit or service.tells_starttls
            if place not in placed and is_told and (listener.protocol, port) != ("smtp", _RELAY_PORT):
                placed.add(place)
                socket_type = SocketType.TLS if listener.is_implicit else SocketType.STARTTLS
                yield mail_server(_MAIL[listener.protocol], service.hostname or hostname, port, socket_type)
    if not https:
        settlement.lose("Stalwart", _NO_HTTPS)
        return
    authority = "" if _HTTPS_PORT in https else f":{https[0]}"
    for name, (server_type, path) in _WEB.items():
        if service := services.get(name):
            yield web_service(server_type, f"https://{service.hostname or hostname}{authority}{path}")


@dataclass(frozen=True, slots=True)
class _Service:
    hostname: str | None = None
    tells_starttls: bool = True


def _told_services(found: _Configuration) -> Mapping[str, _Service]:
    if not found.services:
        # Where no service is named, a snapshot has those of a new server: none but with TLS at once.
        is_old = found.services is None
        return {name: _Service(None, is_old or name == "managesieve") for name in _TYPES}
    services = {}
    for name, value in found.services.items():
        record = value if isinstance(value, dict) else {}
        hostname = record.get("hostname")
        # ManageSieve has no port for TLS at once.
        tells_starttls = record.get("cleartext") is True or name.lower() == "managesieve"
        services[name.lower()] = _Service(_hostname(hostname), tells_starttls)
    return services


def _hostname(text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return DomainName.parse_text(text)
    except InvalidInput as error:
        raise error.inside("services", "hostname") from None
