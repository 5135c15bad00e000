"""What goes out to another program and comes back from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.automx2_tables import Tables
from app.core.leaving import Household, holding_of
from app.core.resolving import resolve
from app.parsers.automx import parse_automx
from app.parsers.automx2 import parse_seed, read_tables
from app.parsers.monogramm import parse_monogramm
from app.renderers.peers.automx import render_automx
from app.renderers.peers.automx2 import render_seed, render_sql
from app.renderers.peers.monogramm import render_monogramm

from builders import a_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.core.leaving import PeerFile
    from app.core.moving import Belongings
    from app.core.provider import Provider
    from app.core.servers import Server


def a_household(provider: Provider, domains: Mapping[str, tuple[Server, ...]]) -> Household:
    """Gather a provider whose domains have these servers of their own."""
    stored = [a_domain(name, provider=provider.slug, servers=servers) for name, servers in domains.items()]
    return Household(
        provider=provider, holdings=tuple(holding_of(resolve(provider, domain)) for domain in stored)
    )


def tables_in(script: bytes) -> Tables:
    """Run statements in an empty database of SQLite, and read what they have written."""

    def rows(table: str) -> list[dict[str, object]]:
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608

    with closing(sqlite3.connect(":memory:")) as database:
        database.row_factory = sqlite3.Row
        database.executescript(script.decode())
        links = {
            kind: [tuple(row) for row in database.execute(f"SELECT * FROM {kind}_domain")]  # noqa: S608
            for kind in ("server", "davserver")
        }
        return Tables(
            providers=rows("provider"),
            domains=rows("domain"),
            servers=rows("server"),
            server_links=links["server"],
            dav_servers=rows("davserver"),
            dav_links=links["davserver"],
        )


WAYS: dict[str, tuple[Callable[[Sequence[Household]], PeerFile], Callable[[bytes], Belongings]]] = {
    "automx2-sql": (render_sql, lambda data: read_tables(tables_in(data))),
    "automx2-seed": (render_seed, parse_seed),
    "automx": (render_automx, parse_automx),
    "monogramm": (render_monogramm, parse_monogramm),
}


def servers_by_domain(found: Belongings) -> dict[str, list[Server]]:
    """Give all servers of each domain, whatever their keys, those of a type in their order."""
    providers = {provider.slug: provider for provider in found.providers}
    return {
        str(domain.name): in_order(resolve(providers[domain.provider], domain).servers)
        for domain in found.domains
    }


def in_order(servers: Sequence[Server]) -> list[Server]:
    return [
        replace(server, key=server.type.value) for server in sorted(servers, key=lambda one: one.type.value)
    ]
