"""Replicas that start together."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from app.services.health import Health, Readiness

from databases import opened
from service_process import ROOT

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
