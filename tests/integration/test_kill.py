"""kill -9 in the middle of writes: what was acknowledged is there, nothing is there by half.

``SIGNPOST_KILL_ROUNDS`` is the number of rounds per database; ``make soak`` takes 20.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.core.names import DomainName
from app.services.access import Caller
from app.settings import Settings
from app.wiring import build_services

from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.domains import Domain

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
WRITERS = 6
FILES = 400
OPERATOR = Caller(token_id="test", token_name="test", scopes=frozenset({"admin"}), provider=None)


def a_token(database_url: str) -> str:
    created = signpost("token", "create", "--name", "t", "--scope", "admin", database_url=database_url)
    assert created.returncode == 0, created.stderr
    return created.stdout.strip()


def a_body(generation: int) -> dict[str, Any]:
    """A domain that is only whole with all three servers and one generation throughout."""
    servers = [
        {
            "key": key,
            "type": key,
            "hostname": f"g{generation}.example",
            "port": port,
            "socket_type": "tls",
            "authentication": ["password-cleartext"],
            "username": "%EMAILADDRESS%",
        }
        for key, port in (("imap", 993), ("pop3", 995), ("smtp", 465))
    ]
    return {"provider": "demo", "reference": f"g{generation}", "servers": servers}


async def write_until_the_end(url: str, token: str, writer: int, acknowledged: dict[str, int]) -> None:
    """Store and replace domains one after the other until nobody answers."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=5) as client:
        for number in range(10_000):
            name = f"w{writer}-{number // 2}.example"
            try:
                response = await client.put(f"/api/v1/domains/{name}", json=a_body(number))
            except httpx.TransportError:
                return
            assert response.status_code in (200, 201), response.text
            acknowledged[name] = number


def kill_while_writing(database_url: str, token: str, seconds: float) -> dict[str, int]:
    acknowledged: dict[str, int] = {}

    async def scenario(service: Service) -> None:
        writers = [
            asyncio.create_task(write_until_the_end(service.url, token, writer, acknowledged))
            for writer in range(WRITERS)
        ]
        await asyncio.sleep(seconds)
        service.kill()
        await asyncio.gather(*writers)

    with Service(database_url) as service:
        asyncio.run(scenario(service))
    return acknowledged


async def stored_domains(database_url: str) -> dict[str, Domain]:
    services = build_services(Settings(database_url=database_url))
    found: dict[str, Domain] = {}
    after = ""
    while page := await services.domains.page(OPERATOR, after=after, limit=500):
        found.update({stored.value.name.ascii: stored.value for stored in page})
        after = page[-1].value.name.ascii
    await services.close()
    return found


def check_whole(domain: Domain) -> int:
    """Return a written domain's generation; all of it must be of one."""
    assert domain.reference is not None
    hostnames = {server.hostname for server in domain.servers}
    assert [server.key for server in domain.servers] == ["imap", "pop3", "smtp"], domain.name
    assert hostnames == {f"{domain.reference}.example"}, domain.name
    return int(domain.reference.removeprefix("g"))


def test_an_acknowledged_write_survives_kill_9(database_url: str) -> None:
    assert signpost("demo", database_url=database_url).returncode == 0
    token = a_token(database_url)
    chance = random.Random(20)  # noqa: S311 - when to kill is no secret
    total = 0
    for _ in range(ROUNDS):
        acknowledged = kill_while_writing(database_url, token, chance.uniform(0.3, 1.5))
        stored = asyncio.run(stored_domains(database_url))
        for name, generation in acknowledged.items():
            # What was sent last and not answered may be there or not, but not in parts.
            assert check_whole(stored[name]) >= generation
        for name, domain in stored.items():
            if name.startswith("w"):
                check_whole(domain)
        total += len(acknowledged)
    assert total > ROUNDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Many files, so that an import takes long enough to be killed in the middle."""
    found = tmp_path / "files"
    found.mkdir()
    server = (
        "<hostname>mail.provider.example</hostname><port>993</port><socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
    )
    for number in range(FILES):
        domains = "".join(f"<domain>d{number}-{position}.example</domain>" for position in range(5))
        (found / f"p{number}.example.xml").write_text(
            f'<clientConfig version="1.1"><emailProvider id="p{number}.example">{domains}'
            f"<displayName>P{number}</displayName><displayShortName>P{number}</displayShortName>"
            f'<incomingServer type="imap">{server}</incomingServer>'
            f'<outgoingServer type="smtp">{server}</outgoingServer></emailProvider></clientConfig>'
        )
    return found


async def counts(database_url: str) -> tuple[int, int]:
    services = build_services(Settings(database_url=database_url))
    async with services.store.reading() as unit:
        found = await unit.providers.count(), await unit.domains.count()
    await services.close()
    return found


def test_an_import_that_is_killed_leaves_nothing_or_all(database_url: str, folder: Path) -> None:
    whole = (FILES, FILES * 5)
    chance = random.Random(21)  # noqa: S311 - when to kill is no secret
    killed = 0
    for _ in range(ROUNDS * 3):
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "app", "import", "ispdb", str(folder)],
            cwd=ROOT,
            env={**os.environ, "SIGNPOST_DATABASE_URL": database_url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.8, 2.5))
        process.kill()
        killed += process.wait() != 0
        found = asyncio.run(counts(database_url))
        assert found in ((0, 0), whole)
        if found == whole:
            break
    assert killed, "no round was quick enough to kill anything"
    finished = signpost("import", "ispdb", str(folder), database_url=database_url)
    assert finished.returncode == 0, finished.stderr
    assert asyncio.run(counts(database_url)) == whole
    assert DomainName("d0-0.example").ascii in asyncio.run(stored_domains(database_url))
