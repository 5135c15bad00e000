"""What automx2 stores: its tables, and the JSON that it is seeded with, into providers and domains.

automx2 attaches servers to domains. The set that most domains of a provider have becomes the provider's; a
domain that has another keeps servers of its own, or is put with a further provider where it has none of a
type that the first one has, which a domain cannot say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from app.core.automx2_tables import (
    AUTHENTICATION,
    DAV_TYPES,
    IMPLICIT_TLS,
    MAIL_TYPES,
    SEED_PORTS,
    SOCKET_TYPES,
    Row,
    Tables,
)
from app.core.errors import InvalidInput, refuse
from app.core.foreign_files import checked_text, parsed_json
from app.core.moving import Holding, MovedDomain, Settlement, keyed, reason_of, web_service
from app.core.names import DomainName, Hostname
from app.core.placeholders import ADDRESS
from app.core.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.core.moving import Belongings

_LATEST_SEED: Final = 2
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NO_SERVERS: Final = "has no servers, so that nothing could be told of it"
_NO_DOMAINS: Final = "has no domains, so that nobody would be told of it"
_NO_DOMAIN: Final = "is linked to no domain, so that nobody would be told of it"
_NO_PROVIDER: Final = "is of a provider that is not there"
_LDAP: Final = (
    "looks up login names in LDAP: here they are the mail address, unless a mailbox is given a login name"
)


def parse_seed(data: bytes) -> Belongings:
    """Read the JSON that automx2 is seeded with, of version 2 or the one before.

    Raises:
        InvalidInput: When it is none.
    """
    seed = parsed_json(checked_text(data))
    if not isinstance(seed, dict):
        raise refuse("must be an object")
    if seed.get("version", 1) not in (1, _LATEST_SEED):
        raise refuse(f"must be 1 or {_LATEST_SEED}", "version")
    return read_tables(_tables_of(seed))


def _tables_of(seed: Mapping[str, Any]) -> Tables:
    name = seed.get("provider")
    if not isinstance(name, str) or not name.strip():
        raise refuse("must be the provider's name", "provider")
    entries = [{"name": one} if isinstance(one, str) else one for one in _list_in(seed, "domains")]
    domains = [
        {**one, "id": number, "provider_id": 1} for number, one in enumerate(_objects(entries, "domains"))
    ]
    servers = [
        {**one, "id": number} for number, one in enumerate(_objects(_list_in(seed, "servers"), "servers"))
    ]
    mail = [_seeded_mail(one) for one in servers if str(one.get("type")) not in DAV_TYPES]
    dav = [
        {"port": 0, **one, "user_name": f"%{ADDRESS}%"}
        for one in servers
        if str(one.get("type")) in DAV_TYPES
    ]
    return Tables(
        providers=[{"id": 1, "name": name, "short_name": name.split()[0]}],
        domains=domains,
        servers=mail,
        server_links=[(server["id"], domain["id"]) for server in mail for domain in domains],
        dav_servers=dav,
        dav_links=[(server["id"], domain["id"]) for server in dav for domain in domains],
    )


def _seeded_mail(server: Row) -> Row:
    port = _port(server.get("port", SEED_PORTS.get(str(server.get("type")))))
    socket_type = "SSL" if port in IMPLICIT_TLS else "STARTTLS"
    # automx2 reads no login, no method and no protection of a seed, whatever it says.
    fixed = {"port": port, "socket_type": socket_type, "user_name": f"%{ADDRESS}%", "authentication": "plain"}
    return {"prio": 10, **server, **fixed}


def _list_in(seed: Mapping[str, Any], name: str) -> list[Any]:
    found = seed.get(name)
    if not isinstance(found, list):
        raise refuse("must be a list", name)
    return found


def _objects(entries: Iterable[Any], name: str) -> list[Row]:
    found = list(entries)
    for position, one in enumerate(found):
        if not isinstance(one, dict):
            raise refuse("must be an object", name, position)
    return found


def read_tables(tables: Tables) -> Belongings:
    """Read automx2's tables; what cannot be said here is told, and never makes the rest fail."""
    return _Reader(tables).read()


@dataclass(slots=True)
class _Reader:
    tables: Tables
    settlement: Settlement = field(default_factory=Settlement)

    def read(self) -> Belongings:
        servers = self._servers()
        ranks = {place: rank for rank, place in enumerate(servers)}
        places: dict[int, list[tuple[bool, int]]] = {}
        for is_dav, links in ((False, self.tables.server_links), (True, self.tables.dav_links)):
            for server_id, domain_id in links:
                if (is_dav, server_id) in servers:
                    places.setdefault(domain_id, []).append((is_dav, server_id))
        sets = {
            domain_id: keyed(servers[place] for place in sorted(found, key=ranks.__getitem__))
            for domain_id, found in places.items()
        }
        mine: dict[object, list[Row]] = {}
        for row in self.tables.domains:
            mine.setdefault(row.get("provider_id"), []).append(row)
        for row in self.tables.providers:
            self._provider(row, mine.pop(row["id"], ()), sets)
        ids = {row["id"] for row in self.tables.domains}
        linked = {place for domain_id, found in places.items() if domain_id in ids for place in found}
        self._tell_of_loose_ends(mine, [server for place, server in servers.items() if place not in linked])
        return self.settlement.settled()

    def _tell_of_loose_ends(self, orphans: Mapping[object, Sequence[Row]], unused: Iterable[Server]) -> None:
        """Tell of what the other tables do not lead to: automx2 does not keep them in step."""
        for rows in orphans.values():
            for row in rows:
                self.settlement.lose(f"domain {row.get('name')}", _NO_PROVIDER)
        for server in unused:
            self.settlement.lose(f"server {server.hostname or server.url}", _NO_DOMAIN)

    def _servers(self) -> dict[tuple[bool, int], Server]:
        """Return the servers by kind and number, the first choice first."""
        found: dict[tuple[bool, int], Server] = {}
        for row in sorted(self.tables.servers, key=lambda row: (_prio(row), row["id"])):
            if (server := self._taken(row, _mail_server, row.get("name"))) is not None:
                found[False, row["id"]] = server
        for row in self.tables.dav_servers:
            if (server := self._taken(row, _dav_server, row.get("url"))) is not None:
                found[True, row["id"]] = server
        return found

    def _taken(self, row: Row, build: Any, name: object) -> Server | None:  # noqa: ANN401 - a function of a row
        try:
            server: Server = build(row)
        except InvalidInput as error:
            self.settlement.lose(f"server {name}", reason_of(error))
            return None
        return server

    def _provider(self, row: Row, mine: Sequence[Row], sets: Mapping[int, tuple[Server, ...]]) -> None:
        if not mine:
            self.settlement.lose(f"provider {row.get('name')}", _NO_DOMAINS)
        holdings = []
        for one in mine:
            name = self._name(one)
            servers = sets.get(one["id"], ())
            if name is not None and servers:
                holdings.append(Holding(domain=MovedDomain(name=name), servers=servers))
            elif name is not None:
                self.settlement.lose(f"domain {name.ascii}", _NO_SERVERS)
        if holdings:
            with self.settlement.attempt(f"provider {row.get('name')}"):
                names = str(row.get("name")).strip(), str(row.get("short_name") or "").strip()
                self.settlement.add(self.settlement.name_provider(*names, "automx2"), holdings)

    def _name(self, row: Row) -> DomainName | None:
        text = str(row.get("name"))
        try:
            name = DomainName.parse(text)
        except InvalidInput as error:
            self.settlement.lose(f"domain {text}", reason_of(error))
            return None
        if row.get("ldapserver_id"):
            self.settlement.lose(f"domain {text}", _LDAP)
        return name


def _prio(row: Row) -> int:
    prio = row.get("prio")
    return prio if isinstance(prio, int) else 10


def _mail_server(row: Row) -> Server:
    server_type = _choice(MAIL_TYPES, row, "type")
    username = row.get("user_name")
    return Server(
        key=server_type.value,
        type=server_type,
        hostname=Hostname.parse_text(str(row.get("name"))),
        port=_port(row.get("port")),
        socket_type=_choice(SOCKET_TYPES, row, "socket_type"),
        authentication=(_choice(AUTHENTICATION, row, "authentication"),),
        username=username if isinstance(username, str) and username else f"%{ADDRESS}%",
    )


def _dav_server(row: Row) -> Server:
    server_type = _choice(DAV_TYPES, row, "type")
    username = row.get("user_name")
    url = _with_port(str(row.get("url")), row.get("port"))
    return web_service(server_type, url, username if isinstance(username, str) and username else None)


def _with_port(url: str, port: object) -> str:
    """Write a port that is stored beside a URL into it."""
    if not isinstance(port, int) or port <= 0:
        return url
    try:
        parts = urlsplit(url)
        has_port = parts.port is not None
    except ValueError:
        raise refuse("must be a URL", "url") from None
    if has_port or _DEFAULT_PORTS.get(parts.scheme.lower()) == port:
        return url
    return parts._replace(netloc=f"{parts.netloc}:{port}").geturl()


def _port(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _choice(words: Mapping[str, Any], row: Row, name: str) -> Any:  # noqa: ANN401 - one of the words' values
    value = row.get(name)
    if not isinstance(value, str) or value not in words:
        raise refuse(f"must be one of {', '.join(words)}, not {value}", name)
    return words[value]
