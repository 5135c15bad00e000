"""What automx2 (2026) takes: its tables in SQL, or the JSON of its seeding, which has one provider."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.core.automx2_tables import AUTHENTICATION, DAV_TYPES, IMPLICIT_TLS, MAIL_TYPES, Row
from app.core.leaving import PeerFile, distinct, first_known, only_household
from app.core.moving import Loss
from app.core.placeholders import ADDRESS, LOCAL_PART
from app.core.servers import Authentication, Server, SocketType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.leaving import Household

# Its profiles take no other words for passwords, old as these are.
_WORDS: Final = {word: method for word, method in AUTHENTICATION.items() if not word.startswith("password-")}
_SEED_METHODS: Final = {"plain": Authentication.PASSWORD_CLEARTEXT}
_TYPES: Final = {server_type: word for word, server_type in {**MAIL_TYPES, **DAV_TYPES}.items()}
_MAIL: Final = frozenset(MAIL_TYPES.values())
_SOCKET_TYPES: Final = {SocketType.TLS: "SSL", SocketType.STARTTLS: "STARTTLS", SocketType.PLAIN: "plain"}
_MAX_NAME: Final = 128
_MAX_SHORT_NAME: Final = 32
_MAX_LOGIN: Final = 64
# MySQL takes it for more than a character.
_ESCAPE: Final = "\\"
_PRIO_STEP: Final = 10
_VERSION: Final = 2
# As automx2 makes them itself; where it has, its own stay.
_SCHEMA: Final = """\
CREATE TABLE IF NOT EXISTS provider (
  id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, short_name VARCHAR(32) NOT NULL);
CREATE TABLE IF NOT EXISTS server (
  id INTEGER NOT NULL PRIMARY KEY, prio INTEGER DEFAULT '10' NOT NULL, name VARCHAR(128) NOT NULL,
  port INTEGER NOT NULL, type VARCHAR(32) NOT NULL, socket_type VARCHAR(32) NOT NULL,
  user_name VARCHAR(64) NOT NULL, authentication VARCHAR(32) NOT NULL);
CREATE TABLE IF NOT EXISTS davserver (
  id INTEGER NOT NULL PRIMARY KEY, url VARCHAR(128) NOT NULL, port INTEGER NOT NULL,
  type VARCHAR(32) NOT NULL, use_ssl BOOLEAN NOT NULL, domain_required BOOLEAN NOT NULL,
  user_name VARCHAR(64));
CREATE TABLE IF NOT EXISTS ldapserver (
  id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, port INTEGER NOT NULL,
  use_ssl BOOLEAN NOT NULL, search_base VARCHAR(128) NOT NULL, search_filter VARCHAR(128) NOT NULL,
  attr_uid VARCHAR(32) NOT NULL, attr_cn VARCHAR(32), bind_password VARCHAR(128), bind_user VARCHAR(128));
CREATE TABLE IF NOT EXISTS domain (
  id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE,
  provider_id INTEGER NOT NULL REFERENCES provider (id), ldapserver_id INTEGER REFERENCES ldapserver (id));
CREATE TABLE IF NOT EXISTS server_domain (
  server_id INTEGER NOT NULL REFERENCES server (id), domain_id INTEGER NOT NULL REFERENCES domain (id),
  PRIMARY KEY (server_id, domain_id));
CREATE TABLE IF NOT EXISTS davserver_domain (
  davserver_id INTEGER NOT NULL REFERENCES davserver (id), domain_id INTEGER NOT NULL REFERENCES domain (id),
  PRIMARY KEY (davserver_id, domain_id));
"""


@dataclass(slots=True)
class _Writer:
    """Numbers rows as they come, and notes what they cannot hold."""

    rows: list[tuple[str, Row]] = field(default_factory=list)
    losses: dict[Loss, None] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> int:
        number = self._numbers.get(table, 0) + 1
        self._numbers[table] = number
        self.rows.append((table, {"id": number, **row}))
        return number

    def link(self, table: str, row: Row) -> None:
        self.rows.append((table, row))

    def lose(self, household: Household, subject: str, reason: str) -> None:
        self.losses[Loss(f"provider {household.provider.slug}, {subject}", reason)] = None


def render_sql(households: Sequence[Household]) -> PeerFile:
    """Write all as statements, for an empty database that automx2 has or has not made."""
    writer = _Writer()
    for household in households:
        _add(writer, household)
    statements = [_insert(table, row) for table, row in writer.rows]
    text = f"{_SCHEMA}BEGIN;\n{''.join(statements)}COMMIT;\n"
    domains = sum(table == "domain" for table, _ in writer.rows)
    return PeerFile(data=text.encode(), domains=domains, losses=tuple(writer.losses))


def render_seed(households: Sequence[Household]) -> PeerFile:
    """Write one provider as JSON for ``/initdb/``, with the servers that most of its domains have.

    Raises:
        InvalidInput: When there are several providers.
    """
    household = only_household(households)
    writer, usual = _Writer(), household.usual_servers
    _lose_documentation(writer, household)
    servers = [row for server in usual if (row := _seeded(writer, household, server)) is not None]
    names = []
    for holding in household.holdings:
        if holding.servers == usual:
            names.append(holding.domain.name.ascii)
        else:
            reason = "has servers of its own, which a seed cannot say (SQL can): it is left out"
            writer.lose(household, f"domain {holding.domain.name.ascii}", reason)
    seed = {
        "version": _VERSION,
        "provider": household.provider.display_name,
        "domains": [{"name": name} for name in names],
        "servers": servers,
    }
    text = json.dumps(seed, indent=2, ensure_ascii=False)
    return PeerFile(data=f"{text}\n".encode(), domains=len(names), losses=tuple(writer.losses))


def _add(writer: _Writer, household: Household) -> None:
    provider = household.provider
    _lose_documentation(writer, household)
    provider_id = writer.add(
        "provider",
        {
            "name": provider.display_name.replace(_ESCAPE, "/"),
            "short_name": provider.short_name[:_MAX_SHORT_NAME].replace(_ESCAPE, "/"),
        },
    )
    numbers: dict[tuple[Server, int], int] = {}
    for holding in household.holdings:
        row = {
            "name": holding.domain.name.ascii,
            "provider_id": provider_id,
            "ldapserver_id": None,
        }
        domain_id = writer.add("domain", row)
        for place, server in enumerate(distinct([holding.servers]), 1):
            table = "server" if server.type in _MAIL else "davserver"
            # Priority is the server's own there, so that one at another place is another server.
            known = (server, place)
            if known not in numbers:
                written = _row(writer, household, server, place)
                if written is None:
                    continue
                numbers[known] = writer.add(table, written)
            writer.link(f"{table}_domain", {f"{table}_id": numbers[known], "domain_id": domain_id})


def _lose_documentation(writer: _Writer, household: Household) -> None:
    if household.provider.documentation:
        writer.lose(household, "documentation", "has no place there")


def _row(
    writer: _Writer,
    household: Household,
    server: Server,
    place: int,
    words: Mapping[str, Authentication] = _WORDS,
) -> Row | None:
    word = _TYPES.get(server.type)
    subject = f"server {server.type.value} {server.hostname or server.url}"
    if word is None:
        writer.lose(household, f"server {server.type.value}", "has no place there")
        return None
    login = server.username
    texts = (server.hostname or server.url or "", _MAX_NAME), (login or "", _MAX_LOGIN)
    if any(len(text) > most or _ESCAPE in text for text, most in texts):
        writer.lose(household, subject, "is longer than its columns, or has a backslash: it is left out")
        return None
    if server.options is not None:
        writer.lose(household, subject, "has options, which have no place there")
    if server.type not in _MAIL:
        return _dav_row(writer, household, server, word)
    method, lost = first_known(server, words)
    if method is None or f"%{LOCAL_PART}%" in (server.hostname or "") or f"%{ADDRESS}%" in texts[0][0]:
        writer.lose(household, subject, "has a login or a name that it does not know: it is left out")
        return None
    if login is None:
        writer.lose(household, subject, "needs no login, and is written with the address for one")
    if lost:
        writer.lose(household, subject, f"is written with {method} alone, not {', '.join(lost)}")
    return {
        "prio": place * _PRIO_STEP,
        "name": server.hostname,
        "port": server.port,
        "type": word,
        "socket_type": _SOCKET_TYPES[server.socket_type or SocketType.TLS],
        "user_name": login or f"%{ADDRESS}%",
        "authentication": method,
    }


def _dav_row(writer: _Writer, household: Household, server: Server, word: str) -> Row:
    url = server.url or ""
    if server.authentication != (Authentication.HTTP_BASIC,):
        writer.lose(household, f"server {word} {url}", "has a method of logging in, which has no place there")
    return {
        "url": url,
        "port": 0,
        "type": word,
        "use_ssl": url.startswith("https:"),
        "domain_required": False,
        "user_name": server.username,
    }


def _seeded(writer: _Writer, household: Household, server: Server) -> dict[str, Any] | None:
    """Return all that automx2 reads of a server: no login and no method, and the port is its protection."""
    place = household.usual_servers.index(server) + 1
    row = _row(writer, household, server, place, _SEED_METHODS)
    if row is None:
        return None
    reasons = [f"is logged in to with {row['user_name']}"] if row["user_name"] != f"%{ADDRESS}%" else []
    said: tuple[str, ...] = ("type", "url", "port")
    if server.type in _MAIL:
        said = ("type", "name", "port", "prio")
        socket_type = "SSL" if server.port in IMPLICIT_TLS else "STARTTLS"
        reasons += [f"is not told with {socket_type}"] if row["socket_type"] != socket_type else []
    if reasons:
        subject = f"server {server.type.value} {server.hostname or server.url}"
        writer.lose(household, subject, f"{reasons[0]}, which a seed cannot say (SQL can): it is left out")
        return None
    return {name: row[name] for name in said}


def _insert(table: str, row: Row) -> str:
    values = ", ".join(_literal(value) for value in row.values())
    # The words are this module's own, the values are literals of SQL.
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values});\n"  # noqa: S608


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        # Known by every database that automx2 takes.
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
