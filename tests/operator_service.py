"""The real program with two tenants, whose hosts no name server knows, for those who come with a browser."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import httpx

from conftest import migrated
from management import a_provider_body
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINE = "mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatedService:
    """A running service, and a token for all of it."""

    url: str
    token: str


@contextmanager
def _knowing_no_name() -> Iterator[str]:
    """Serve a name server that knows no name at all; give its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        is_over = threading.Event()

        def serve() -> None:
            while True:
                question, peer = server.recvfrom(4096)
                if is_over.is_set():
                    return
                answer = dns.message.make_response(dns.message.from_wire(question))
                answer.flags |= dns.flags.RA
                answer.set_rcode(dns.rcode.NXDOMAIN)
                server.sendto(answer.to_wire(), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            is_over.set()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", server.getsockname())
            thread.join()


@contextmanager
def operated(folder: Path) -> Iterator[OperatedService]:
    """Start a service that verifies; it ends with the block."""
    database_url = f"sqlite+aiosqlite:///{folder}/operated.db"
    asyncio.run(migrated(database_url))
    made = signpost("token", "create", "--name", "Nora", "--scope", "admin", database_url=database_url)
    token = made.stdout.strip()
    with _knowing_no_name() as resolver:
        environment = {"SIGNPOST_VERIFY": "always", "SIGNPOST_RESOLVER": resolver}
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
