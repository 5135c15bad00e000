"""Replicas that start together, and those that serve while the schema changes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import httpx
import pytest
from alembic.script import ScriptDirectory
from app.services.health import Health, Readiness
from app.store.migrating import alembic_config, migrate

from clients import clients
from databases import opened
from service_process import ROOT, Service, signpost

pytestmark = pytest.mark.integration


async def readiness(database_url: str) -> Readiness:
    async with opened(database_url) as store:
        return await Health(store).readiness()


def test_replicas_that_migrate_at_the_same_time_wait_for_each_other(bare_database_url: str) -> None:
    # Alembic keeps its context in globals, so only processes can be told apart.
    replicas = [
        subprocess.Popen(
            [sys.executable, "-m", "app", "migrate"],
            cwd=ROOT,
            env={**os.environ, "SIGNPOST_DATABASE_URL": bare_database_url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [replica.communicate(timeout=60)[1] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], said
    assert asyncio.run(readiness(bare_database_url)).is_ready


def previous_revision() -> str:
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_revision("head")
    assert isinstance(head.down_revision, str)
    return head.down_revision


async def test_known_domains_are_served_while_the_schema_is_brought_up(database_url: str) -> None:
    assert (await run_signpost("demo", database_url)).returncode == 0
    with Service(database_url, environment={"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}) as service:
        async with clients(service.port, 4) as seen:
            await asyncio.sleep(0.5)
            async with opened(database_url) as store:
                await migrate(store.engine, previous_revision())
            assert not (await readiness(database_url)).schema
            before = seen.total
            done = await run_signpost("migrate", database_url)
            assert done.returncode == 0, done.stderr
            assert seen.total > before
            assert (await readiness(database_url)).is_ready
            before = seen.total
            await asyncio.sleep(1)
            assert seen.total > before
        # What was not known is found again, and changes are noticed as before.
        answer = await asyncio.to_thread(httpx.get, f"{service.url}/v1.1/nobody.example")
        assert answer.status_code == 404
    assert seen.lost == []
    assert set(seen.statuses) == {200}
    assert len(seen.bodies) == 1


async def run_signpost(command: str, database_url: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(signpost, command, database_url=database_url)
