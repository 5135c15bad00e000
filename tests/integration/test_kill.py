"""kill -9 in the middle of writes: what was acknowledged is there, nothing is there by half.

``SIGNPOST_KILL_ROUNDS`` is the number of rounds per database; ``make soak`` takes 20.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import re
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app.core.audit import AuditFilter
from app.core.records import domain_record
from app.settings import Settings
from app.wiring import build_services

from databases import OPERATOR
from service_process import ROOT, Service, signpost

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.domains import Domain

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("SIGNPOST_KILL_ROUNDS", "2"))
WRITERS = 6
FILES = 300
DELETED = -1


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


@dataclass
class Written:
    """What the service was asked to write, by the domain's name; generations only ever grow."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    """The generation of the last write that was answered, or DELETED."""
    sent: dict[str, int] = field(default_factory=dict)
    """The one of a write that was sent later and not answered."""
    answers: Counter[int] = field(default_factory=Counter)
    wanted: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, answers: int) -> None:
        """Have ``enough`` set after so many more answers."""
        self.wanted = self.answers.total() + answers
        self.enough = asyncio.Event()

    def acknowledge(self, name: str, status: int) -> None:
        self.acknowledged[name] = self.sent.pop(name)
        self.answers[status] += 1
        if self.answers.total() >= self.wanted:
            self.enough.set()


async def write_until_the_end(url: str, token: str, writer: int, start: int, written: Written) -> None:
    """Store, replace and delete domains one after the other until nobody answers."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=5) as client:
        for number in range(10_000):
            name = f"w{writer}-{number // 3}.example"
            path = f"/api/v1/domains/{name}"
            # Each domain is stored and replaced, and every third is deleted again.
            is_deleted = number % 9 == 2
            generation = DELETED if is_deleted else start + number
            written.sent[name] = generation
            try:
                if is_deleted:
                    response = await client.delete(path)
                else:
                    response = await client.put(path, json=a_body(generation))
            except httpx.TransportError:
                return
            assert response.status_code in (200, 201, 204), response.text
            written.acknowledge(name, response.status_code)


def kill_while_writing(
    database_url: str, token: str, start: int, chance: random.Random, written: Written
) -> None:
    """Kill the service some moments after it has answered some writes."""

    async def scenario(service: Service) -> None:
        written.expect(chance.randint(WRITERS, 60))
        writers = [
            asyncio.create_task(write_until_the_end(service.url, token, writer, start, written))
            for writer in range(WRITERS)
        ]
        async with asyncio.timeout(60):
            await written.enough.wait()
        await asyncio.sleep(chance.uniform(0, 0.05))
        service.kill()
        await asyncio.gather(*writers)

    with Service(database_url) as service:
        asyncio.run(scenario(service))


async def told_domains(database_url: str) -> dict[str, Any]:
    """Return what the audit says last of each domain that is there."""
    services = build_services(Settings(database_url=database_url))
    found: dict[str, Any] = {}
    async for batch in services.auditing.batches(OPERATOR, AuditFilter(kind="domain")):
        found.update({entry.resource: entry.after for entry in batch})
    await services.close()
    return {name: record for name, record in found.items() if record is not None}


async def stored_domains(database_url: str) -> dict[str, Domain]:
    services = build_services(Settings(database_url=database_url))
    found: dict[str, Domain] = {}
    after = ""
    while page := await services.domains.page(OPERATOR, after=after, limit=500):
        found.update({stored.value.name.ascii: stored.value for stored in page})
        after = page[-1].value.name.ascii
    await services.close()
    return found


def generation_of(domain: Domain | None) -> int:
    """Return a written domain's generation; all of it must be of one."""
    if domain is None:
        return DELETED
    assert domain.reference is not None
    hostnames = {server.hostname for server in domain.servers}
    assert [server.key for server in domain.servers] == ["imap", "pop3", "smtp"], domain.name
    assert hostnames == {f"{domain.reference}.example"}, domain.name
    return int(domain.reference.removeprefix("g"))


def test_an_acknowledged_write_survives_kill_9(database_url: str) -> None:
    assert signpost("demo", database_url=database_url).returncode == 0
    token = a_token(database_url)
    chance = random.Random(20)  # noqa: S311 - when to kill is no secret
    written = Written()
    taken = 0
    for number in range(ROUNDS):
        kill_while_writing(database_url, token, number * 10_000, chance, written)
        stored = asyncio.run(stored_domains(database_url))
        for name in {*written.acknowledged, *written.sent}:
            present = generation_of(stored.get(name))
            # What was sent last and not answered may be there or not, but not in parts.
            possible = {written.acknowledged.get(name, DELETED), written.sent.get(name, DELETED)}
            if name not in written.sent:
                possible = {written.acknowledged[name]}
            assert present in possible, (name, present, possible)
            taken += name in written.sent and present == written.sent[name]
            written.acknowledged[name] = present
        written.sent.clear()
        told = asyncio.run(told_domains(database_url))
        for record in told.values():
            record.pop("version")
        assert told == {name: domain_record(domain) for name, domain in stored.items()}
    answers = written.answers.total()
    print(f"\n{database_url.partition('+')[0]}: {ROUNDS} kills, {answers} answered writes, all there;")
    print(f"  {taken} of those without an answer are there too, whole ({dict(written.answers)})")
    assert answers >= ROUNDS * WRITERS


SERVER = (
    "<hostname>g{generation}.example</hostname><port>993</port><socketType>SSL</socketType>"
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
)


def write_files(folder: Path, generation: int) -> None:
    """Write many files, so that an import takes long enough to be killed in the middle.

    In each generation all providers change, a domain of each comes, one goes, and one moves.
    """
    folder.mkdir(exist_ok=True)
    server = SERVER.format(generation=generation)
    for number in range(FILES):
        moving = (number + generation) % FILES
        names = (f"d{number}", f"g{generation}-{number}", f"m{moving}")
        domains = "".join(f"<domain>{name}.example</domain>" for name in names)
        (folder / f"p{number}.example.xml").write_text(
            f'<clientConfig version="1.1"><emailProvider id="p{number}.example">{domains}'
            f"<displayName>P{number}</displayName><displayShortName>G{generation}</displayShortName>"
            f'<incomingServer type="imap">{server}</incomingServer>'
            f'<outgoingServer type="smtp">{server}</outgoingServer></emailProvider></clientConfig>'
        )


async def imported_generation(database_url: str) -> int | None:
    """Return the generation of all that is imported, None where nothing is; it must be of one."""
    services = build_services(Settings(database_url=database_url))
    async with services.store.reading() as unit:
        providers = await unit.providers.page(after="", limit=FILES + 1, only=None)
        domains = await unit.domains.page(after="", limit=FILES * 4)
    await services.close()
    if not providers and not domains:
        return None
    assert len(providers) == FILES
    (name,) = {stored.value.short_name for stored in providers}
    generation = int(name.removeprefix("G"))
    hostnames = {server.hostname for stored in providers for server in stored.value.servers}
    assert hostnames == {f"g{generation}.example"}
    expected = {f"d{number}.example": f"p{number}.example" for number in range(FILES)}
    expected |= {f"g{generation}-{number}.example": f"p{number}.example" for number in range(FILES)}
    expected |= {f"m{(number + generation) % FILES}.example": f"p{number}.example" for number in range(FILES)}
    assert {stored.value.name.ascii: stored.value.provider for stored in domains} == expected
    return generation


def import_until(database_url: str, folder: Path, share: float) -> bool:
    """Run an import at a terminal and kill it once its progress bar shows a share; tell if it was killed."""
    seen, terminal = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", "import", "ispdb", str(folder), "--force"],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": database_url, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    text = b""
    # The last read of a terminal that its child has closed is an error.
    with suppress(OSError):
        while part := os.read(seen, 65536):
            text += part
            shown = re.findall(rb"(\d+)/(\d+)", text)
            if shown and int(shown[-1][0]) >= share * int(shown[-1][1]):
                process.kill()
                break
    os.close(seen)
    return process.wait(60) != 0


def test_an_import_that_is_killed_leaves_what_was_there_or_all_that_is_new(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    chance = random.Random(21)  # noqa: S311 - when to kill is no secret
    present: int | None = None
    outcomes: Counter[str] = Counter()
    for generation in range(ROUNDS * 3):
        write_files(folder, generation)
        # Anywhere in the transaction; every third time when all is written, and may be committed or not.
        is_killed = import_until(database_url, folder, 1 if generation % 3 == 0 else chance.random())
        found = asyncio.run(imported_generation(database_url))
        assert found in (present, generation) if is_killed else found == generation
        outcomes["over" if not is_killed else "new" if found == generation else "old"] += 1
        present = found
        if outcomes["new"] + outcomes["old"] >= ROUNDS:
            break
    killed = outcomes["new"] + outcomes["old"]
    print(
        f"\n{database_url.partition('+')[0]}: {killed} imports killed; {outcomes['old']} left what was there,"
    )
    print(f"  {outcomes['new']} all that is new; {outcomes['over']} were over before")
    assert killed >= ROUNDS, "too few rounds were quick enough to kill anything"
    last = ROUNDS * 3
    write_files(folder, last)
    finished = signpost("import", "ispdb", str(folder), "--force", database_url=database_url)
    assert finished.returncode == 0, finished.stderr
    assert asyncio.run(imported_generation(database_url)) == last
