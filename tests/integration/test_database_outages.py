"""PostgreSQL stops, stands still, or loses those who listen: known domains go on being served, and truly.

Two real processes are asked without a pause. No request fails, and a second after what is changed when the
database is back nobody is given what was before.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from postgres import PostgresCluster
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.integration, pytest.mark.postgresql]

NOTICED_SECONDS = 1.0
OUTAGE_SECONDS = 4.0
PATIENCE_SECONDS = 6.0
ENVIRONMENT = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0", "SIGNPOST_LOG_LEVEL": "ERROR"}
KNOWN = "/mail/config-v1.1.xml?emailaddress=jane@demo.example"
NEVER_ASKED = "/mail/config-v1.1.xml?emailaddress=jane@never-asked.example"
LISTENERS = "pid <> pg_backend_pid() AND datname = current_database()"
CUT = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENERS}"  # noqa: S608 - our own


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    """A server that a test may end."""
    cluster = PostgresCluster()
    try:
        yield cluster
    finally:
        cluster.stop()


@dataclass
class Asking:
    """Asks a service for a known domain until told to end."""

    service: Service
    answers: list[tuple[float, int, str]] = field(default_factory=list)
    """When each was asked for, its status and its text."""
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(base_url=self.service.url, timeout=PATIENCE_SECONDS) as client:
            while not self.is_over.is_set():
                began = time.monotonic()
                answer = client.get(KNOWN)
                self.answers.append((began, answer.status_code, answer.text))
                time.sleep(0.005)


def execute(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=5)
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def renaming(name: str) -> str:
    return f"UPDATE provider SET display_name = '{name}'"  # noqa: S608 - our own names


def go_through(url: str, outage: Callable[[], None]) -> None:
    """Ask two services while something happens, and see who is given what after the last change."""
    with Service(url, environment=ENVIRONMENT) as here, Service(url, environment=ENVIRONMENT) as there:
        askings = [Asking(here), Asking(there)]
        threads = [threading.Thread(target=asking.run) for asking in askings]
        for thread in threads:
            thread.start()
        time.sleep(1)
        outage()
        changed = time.monotonic()
        time.sleep(NOTICED_SECONDS + 0.5)
        for asking in askings:
            asking.is_over.set()
        for thread in threads:
            thread.join()
    for asking in askings:
        assert {status for _, status, _ in asking.answers} == {200}
        late = [text for began, _, text in asking.answers if began > changed + NOTICED_SECONDS]
        assert late
        assert all("After" in text for text in late)
        # Nobody is given what was before once somebody was given what is.
        order = ["After" in text for _, _, text in asking.answers]
        assert order == sorted(order)
        assert len(asking.answers) > 100


def is_refused_soon(service_url: str) -> None:
    """What nobody knows cannot be answered, and is refused before a client gives up."""
    began = time.monotonic()
    assert httpx.get(service_url + NEVER_ASKED, timeout=30).status_code == 503
    assert time.monotonic() - began < PATIENCE_SECONDS


@pytest.mark.parametrize("kind", ["stopped", "paused", "cut"])
def test_an_outage_is_not_felt_by_who_asks_for_known_domains(cluster: PostgresCluster, kind: str) -> None:
    def stop() -> None:
        cluster.halt()
        time.sleep(OUTAGE_SECONDS)
        cluster.start()
        execute(url, renaming("After"))

    def pause() -> None:
        cluster.pause()
        time.sleep(OUTAGE_SECONDS)
        cluster.resume()
        execute(url, renaming("After"))

    def cut() -> None:
        execute(url, renaming("After"), CUT)

    with cluster.database() as url:
        assert signpost("demo", database_url=url).returncode == 0
        go_through(url, {"stopped": stop, "paused": pause, "cut": cut}[kind])


def test_what_nobody_knows_is_refused_soon_while_the_database_stands_still(cluster: PostgresCluster) -> None:
    with cluster.database() as url:
        assert signpost("demo", database_url=url).returncode == 0
        with Service(url, environment=ENVIRONMENT) as service:
            assert httpx.get(service.url + KNOWN).status_code == 200
            cluster.pause()
            try:
                # With a connection that is there, and without one.
                is_refused_soon(service.url)
                time.sleep(1)
                is_refused_soon(service.url)
            finally:
                cluster.resume()
            end = time.monotonic() + PATIENCE_SECONDS
            while httpx.get(service.url + NEVER_ASKED).status_code != 404:
                assert time.monotonic() < end
                time.sleep(0.1)
