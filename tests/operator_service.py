"""The real program with two tenants, whose hosts no name server knows, for those who come with a browser."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from conftest import migrated
from fakes.dns import FakeDns
from management import a_provider_body
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINE = "mine"
OLD_RECORDS = {
    (f"_imaps._tcp.{MINE}.example", "SRV"): "0 1 993 imap.old-host.example.",
    (f"_submissions._tcp.{MINE}.example", "SRV"): f"0 1 465 smtp.{MINE}.example.",
}
"""Of a domain that is still as it was elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatedService:
    """A running service, and a token for all of it."""

    url: str
    token: str


@contextmanager
def operated(folder: Path) -> Iterator[OperatedService]:
    """Start a service that verifies; it ends with the block."""
    database_url = f"sqlite+aiosqlite:///{folder}/operated.db"
    asyncio.run(migrated(database_url))
    made = signpost("token", "create", "--name", "Nora", "--scope", "admin", database_url=database_url)
    token = made.stdout.strip()
    with FakeDns() as names:
        names.records.update(OLD_RECORDS)
        environment = {"SIGNPOST_VERIFY": "always", "SIGNPOST_RESOLVER": f"127.0.0.1:{names.port}"}
        with Service(database_url, environment=environment) as service:
            _fill(service.url, token)
            yield OperatedService(url=service.url, token=token)


def _fill(url: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30) as api:
        for slug in (MINE, "theirs"):
            body = a_provider_body(display_name=f"Host {slug}")
            for server in body["servers"]:
                server["hostname"] = f"{server['key']}.{slug}.example"
            assert api.put(f"/providers/{slug}", json=body).is_success
            for name in (slug, f"shop-{slug}", f"büro-{slug}"):
                assert api.put(f"/domains/{name}.example", json={"provider": slug}).is_success
