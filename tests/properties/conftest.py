"""A service in process for all properties of a module: a database, and an event loop that stays."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from app.api.application import create_api
from app.core.domains import DomainStatus
from app.core.names import DomainName
from app.main import wrap
from app.settings import Settings

from asgi import Answer, ask
from builders import a_domain, a_mailbox, a_provider
from databases import stored_domain, stored_mailbox, stored_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.wiring import Services
    from starlette.types import ASGIApp

STORED = ("customer.example", "xn--bcher-kva.example", "mx.example")
SUSPENDED = "away.example"


@dataclass(frozen=True)
class InProcess:
    app: ASGIApp
    token: str
    runner: asyncio.Runner

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        return self.runner.run(ask(self.app, method, path, **request))

    def send(self, method: str, path: str, body: bytes | Any, **request: Any) -> Answer:
        """Send JSON, or bytes that are said to be it, with a token that may do everything."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [
            (b"authorization", f"Bearer {self.token}".encode()),
            (b"content-type", b"application/json"),
        ]
        return self.ask(method, path, headers=headers, body=[content], **request)


async def fill(services: Services) -> str:
    await stored_provider(services.store, a_provider(list_domains=True, subaddress_separator="+"))
    await stored_domain(services.store)
    await stored_domain(services.store, a_domain("bücher.example"))
    await stored_domain(services.store, a_domain("mx.example", serves_mx=True))
    await stored_domain(services.store, a_domain("away.example", status=DomainStatus.SUSPENDED))
    await stored_domain(services.store, a_domain("alias.example", alias_of=DomainName("customer.example")))
    await stored_mailbox(services.store, a_mailbox("vip@customer.example", login="c1047"))
    return await services.access.create_token("t", frozenset({"admin"}))


@pytest.fixture(scope="module")
def service(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("service") / "test.db")
    # Properties ask faster than anybody may.
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{path}",
        requests_per_minute_per_address=0,
        requests_per_minute_per_token=0,
    )
    api = create_api(settings)
    services: Services = api.state.services
    with asyncio.Runner() as runner:
        yield InProcess(wrap(api, settings), runner.run(fill(services)), runner)
        runner.run(services.close())
