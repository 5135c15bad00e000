"""PostgreSQL away, standing still, read-only or full: what management, readiness and unknown domains meet.

Each fault is the real one. In each, what is known is served and nothing wrong is; and when it is over, all is
as before without anything being started anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg
import httpx
import pytest

from postgres import PostgresCluster
from service_process import Service, fill_with_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.integration, pytest.mark.postgresql, pytest.mark.slow]

RECOVERED_SECONDS: Final = 20
AWAY: Final = 503
STORED_ONLY: Final = "never.asked.example"


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    """A server that no other test uses, with little room for connections."""
    started = PostgresCluster(max_connections="40")
    try:
        yield started
    finally:
        started.stop()


@dataclass(frozen=True)
class Deployment:
    service: Service
    client: httpx.Client
    cluster: PostgresCluster
    database: str

    def known(self) -> httpx.Response:
        return self.client.get("/mail/config-v1.1.xml?emailaddress=jane@demo.example", headers=_NO_TOKEN)

    def asked(self, domain: str) -> httpx.Response:
        return self.client.get(f"/v1.1/{domain}", headers=_NO_TOKEN)

    def read(self) -> httpx.Response:
        return self.client.get("/api/v1/providers")

    def write(self, name: str) -> httpx.Response:
        return self.client.put(f"/api/v1/domains/{name}", json={"provider": "demo"})

    def forgotten(self) -> int:
        """Return how many times something was forgotten because of a change."""
        text = self.client.get("/api/v1/verification/metrics").text
        found = re.search(r"^signpost_known_domains_forgotten_total (\d+)", text, re.MULTILINE)
        assert found is not None, text
        return int(found[1])

    def readiness(self) -> tuple[int, dict[str, object]]:
        found = self.client.get("/health/ready")
        return found.status_code, json.loads(found.text)

    def check_that_all_is_well(self) -> None:
        """Wait until it is: nothing has to be started anew."""
        end, name = time.monotonic() + RECOVERED_SECONDS, f"d{time.monotonic_ns()}.example"
        while True:
            statuses = (
                self.readiness()[0],
                self.read().status_code,
                self.write(name).status_code,
                self.asked(name).status_code,
                self.asked("nobody.example").status_code,
                self.known().status_code,
            )
            if statuses in {(200, 200, 201, 200, 404, 200), (200, 200, 200, 200, 404, 200)}:
                break
            assert time.monotonic() < end, statuses
            time.sleep(0.2)
        # Who lost the connection by which changes are told opens another half a second later, and forgets.
        before, present = None, self.forgotten()
        while present != before:
            time.sleep(0.8)
            before, present = present, self.forgotten()
        assert self.known().status_code == 200


_NO_TOKEN: Final = {"Authorization": ""}
_END_CONNECTIONS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'signpost'"
)


@pytest.fixture(scope="module")
def deployed(cluster: PostgresCluster) -> Iterator[Deployment]:
    name = f"faults_{time.monotonic_ns()}"
    cluster.execute(f"CREATE DATABASE {name} TEMPLATE template")
    url = cluster.url(name)
    token = fill_with_demo(url)
    environment = {"SIGNPOST_REQUEST_SECONDS": "4", "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}
    with (
        Service(url, environment=environment) as service,
        httpx.Client(
            base_url=service.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ) as client,
    ):
        found = Deployment(service, client, cluster, name)
        assert found.write(STORED_ONLY).status_code == 201
        for _ in range(3):
            assert found.known().status_code == 200
        found.check_that_all_is_well()
        yield found


def check_that_known_domains_are_served(deployed: Deployment, document: bytes) -> None:
    for _ in range(20):
        answer = deployed.known()
        assert (answer.status_code, answer.content) == (200, document)


def check_refusal(answer: httpx.Response, *kinds: str) -> None:
    assert answer.status_code == AWAY, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].rpartition("/")[2] in kinds


@contextlib.contextmanager
def halted(deployed: Deployment) -> Iterator[None]:
    deployed.cluster.halt()
    try:
        yield
    finally:
        deployed.cluster.start()


@contextlib.contextmanager
def standing_still(deployed: Deployment) -> Iterator[None]:
    deployed.cluster.pause()
    try:
        yield
    finally:
        deployed.cluster.resume()


@pytest.mark.parametrize("fault", [halted, standing_still])
def test_a_server_that_is_away_is_told_of_and_nothing_wrong_is_said(
    deployed: Deployment, fault: Callable[[Deployment], contextlib.AbstractContextManager[None]]
) -> None:
    document = deployed.known().content
    with fault(deployed):
        check_that_known_domains_are_served(deployed, document)
        for _ in range(2):
            check_refusal(deployed.write("new.example"), "not-available", "took-too-long")
            check_refusal(deployed.read(), "not-available", "took-too-long")
        # Whether a domain is stored cannot be known, so it must not be said that it is not. Of one that was
        # asked for just before it is known.
        for domain in (f"n{time.monotonic_ns()}.example", STORED_ONLY):
            answer = deployed.asked(domain)
            assert answer.status_code == AWAY, answer.text
            assert int(answer.headers["retry-after"]) > 0
        status, told = deployed.readiness()
        assert (status, told["status"], told["database"]) == (AWAY, "not ready", False)
        # So that a load balancer goes on sending whoever asks for what is known.
        assert deployed.client.get("/health/serving").status_code == 200
        check_that_known_domains_are_served(deployed, document)
    deployed.check_that_all_is_well()
    assert deployed.known().content == document


def test_a_server_that_takes_no_changes_serves_all_that_reads(deployed: Deployment) -> None:
    document = deployed.known().content
    deployed.cluster.execute(f"ALTER DATABASE {deployed.database} SET default_transaction_read_only = on")
    deployed.cluster.execute(_END_CONNECTIONS)
    try:
        deadline = time.monotonic() + RECOVERED_SECONDS
        while deployed.read().status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        check_that_known_domains_are_served(deployed, document)
        answer = deployed.write("new.example")
        check_refusal(answer, "not-available")
        assert "takes no changes" in answer.text
        assert deployed.asked(STORED_ONLY).status_code == 200
        assert deployed.asked("nobody.example").status_code == 404
        status, told = deployed.readiness()
        # Whoever asks for settings gets them; what does not work is said.
        assert (status, told["status"]) == (200, "ready")
        assert told["warnings"] == ["The database takes no changes."]
    finally:
        deployed.cluster.execute(f"ALTER DATABASE {deployed.database} RESET default_transaction_read_only")
        deployed.cluster.execute(_END_CONNECTIONS)
    deployed.check_that_all_is_well()
    assert deployed.readiness()[1]["warnings"] == []


async def take_all(url: str) -> list[asyncpg.Connection]:
    """Open connections until there are no more to be had, those of the service among them."""
    url = url.replace("+asyncpg", "")
    found = [await asyncpg.connect(url)]
    await take_rest(url, found)
    await found[0].execute(_END_CONNECTIONS)
    # The service waits half a second before it tries again, and by then these are taken; each is free when
    # its process has ended, which takes a moment.
    for _ in range(15):
        await take_rest(url, found)
        await asyncio.sleep(0.02)
    return found


async def take_rest(url: str, found: list[asyncpg.Connection]) -> None:
    with contextlib.suppress(asyncpg.TooManyConnectionsError):
        while True:
            found.append(await asyncpg.connect(url, timeout=5))


def test_a_server_without_room_for_connections_is_told_of(deployed: Deployment) -> None:
    known = deployed.known()
    assert known.status_code == 200
    runner = asyncio.Runner()
    crowd = runner.run(take_all(deployed.cluster.url(deployed.database)))
    try:
        check_that_known_domains_are_served(deployed, known.content)
        statuses = set()
        for number in range(10):
            for answer in (deployed.write(f"new{number}.example"), deployed.read()):
                statuses.add(answer.status_code)
                if answer.status_code == AWAY:
                    check_refusal(answer, "not-available")
        assert statuses <= {200, 201, AWAY}
        assert deployed.asked("nobody.example").status_code in {404, AWAY}
        assert deployed.asked(STORED_ONLY).status_code in {200, AWAY}
        check_that_known_domains_are_served(deployed, known.content)
    finally:
        for connection in crowd:
            runner.run(connection.close())
        runner.close()
    deployed.check_that_all_is_well()
