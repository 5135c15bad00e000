"""Servers as SRV records name them (RFC 6186, RFC 8314, RFC 5804, RFC 6764, RFC 8620). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core import placeholders
from app.core.dns_records import SrvData, TxtData
from app.core.errors import InvalidInput
from app.core.names import Hostname
from app.core.notices import Notice
from app.core.servers import Authentication, Server, ServerType, SocketType, next_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.dns_lookups import Lookup

_LOGIN: Final = f"%{placeholders.ADDRESS}%"
_MAX_TARGETS: Final = 5
_PATH: Final = "path="


@dataclass(frozen=True, slots=True)
class Label:
    """What a record's label says of its servers."""

    type: ServerType
    socket_type: SocketType


# What uses TLS from the first byte is before what does not (RFC 8314 §3), where priorities are equal.
LABELS: Final = {
    "_imaps": Label(ServerType.IMAP, SocketType.TLS),
    "_imap": Label(ServerType.IMAP, SocketType.STARTTLS),
    "_pop3s": Label(ServerType.POP3, SocketType.TLS),
    "_pop3": Label(ServerType.POP3, SocketType.STARTTLS),
    "_submissions": Label(ServerType.SMTP, SocketType.TLS),
    "_submission": Label(ServerType.SMTP, SocketType.STARTTLS),
    "_sieve": Label(ServerType.MANAGESIEVE, SocketType.STARTTLS),
    "_jmap": Label(ServerType.JMAP, SocketType.TLS),
    "_caldavs": Label(ServerType.CALDAV, SocketType.TLS),
    "_caldav": Label(ServerType.CALDAV, SocketType.PLAIN),
    "_carddavs": Label(ServerType.CARDDAV, SocketType.TLS),
    "_carddav": Label(ServerType.CARDDAV, SocketType.PLAIN),
}
WITH_PATHS: Final = ("_caldavs", "_caldav", "_carddavs", "_carddav")
"""Labels at which a TXT record may name a path (RFC 6764 §4)."""
_WELL_KNOWN: Final = {
    ServerType.JMAP: "/.well-known/jmap",
    ServerType.CALDAV: "/.well-known/caldav",
    ServerType.CARDDAV: "/.well-known/carddav",
}


def read_services(
    records: Mapping[str, Lookup], texts: Mapping[str, Lookup]
) -> tuple[tuple[Server, ...], tuple[Notice, ...]]:
    """Return the servers, for each type the preferred first, and what is remarkable.

    Args:
        records: The answers for SRV, by label.
        texts: Those for TXT beside them, by label.
    """
    found: list[tuple[int, int, Server]] = []
    notices: list[Notice] = []
    for label, lookup in records.items():
        for record in in_order(lookup):
            where = f"{label}._tcp"
            if record.target is None:
                notices.append(Notice(where, "is decidedly not available (RFC 2782)"))
                continue
            try:
                server = _server(LABELS[label], record, _path_of(texts.get(label)))
            except InvalidInput as error:
                notices.append(Notice(where, str(error)))
                continue
            found.append((record.priority, list(LABELS).index(label), server))
    keys: set[str] = set()
    servers: list[Server] = []
    kinds = list(dict.fromkeys(label.type for label in LABELS.values()))
    for _priority, _place, server in sorted(found, key=lambda one: (kinds.index(one[2].type), *one[:2])):
        keyed = replace(server, key=next_key(server.type, keys))
        keys.add(keyed.key)
        servers.append(keyed)
    return tuple(servers), tuple(notices)


def in_order(lookup: Lookup) -> list[SrvData]:
    """Return records as clients try them; among equals the heaviest, which most clients get (RFC 2782)."""
    records = [record for record in lookup.records if isinstance(record, SrvData)]
    key = lambda record: (record.priority, -record.weight, record.target or "", record.port)  # noqa: E731
    return sorted(records, key=key)[:_MAX_TARGETS]


def _server(label: Label, record: SrvData, path: str | None) -> Server:
    target = Hostname.parse(record.target or "").ascii
    if label.type in _WELL_KNOWN:
        scheme, usual = ("http", 80) if label.socket_type is SocketType.PLAIN else ("https", 443)
        authority = target if record.port == usual else f"{target}:{record.port}"
        return Server(
            key=label.type.value,
            type=label.type,
            url=f"{scheme}://{authority}{path or _WELL_KNOWN[label.type]}",
            authentication=(Authentication.HTTP_BASIC,),
            username=_LOGIN,
        )
    return Server(
        key=label.type.value,
        type=label.type,
        hostname=target,
        port=record.port,
        socket_type=label.socket_type,
        authentication=(Authentication.PASSWORD_CLEARTEXT,),
        username=_LOGIN,
    )


def _path_of(lookup: Lookup | None) -> str | None:
    texts: Iterable[TxtData] = () if lookup is None else _texts(lookup)
    for record in texts:
        if record.text.startswith(f"{_PATH}/"):
            return record.text.removeprefix(_PATH)
    return None


def _texts(lookup: Lookup) -> list[TxtData]:
    return [record for record in lookup.records if isinstance(record, TxtData)]
