"""A network that carries nothing any more between the service and PostgreSQL, and says so to nobody.

The service runs in a network namespace with two links: one for its clients, one to the database. Only root
may make these.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from postgres import PostgresCluster
from service_process import Service, signpost

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.postgresql, pytest.mark.slow]

SPACE: Final = f"signpost-{os.getpid()}"
# Addresses for documentation: nobody else's (RFC 5737).
CLIENT, SERVICE = "192.0.2.241", "192.0.2.242"
DATABASE, SERVICE_AT_DATABASE = "192.0.2.245", "192.0.2.246"
RECOVERED_SECONDS: Final = 30


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)  # noqa: S603, S607 - the system's


def link(name: str, here: str, there: str) -> None:
    """Lay a cable from here into the namespace."""
    ip("link", "add", name, "type", "veth", "peer", "name", f"{name}n")
    ip("link", "set", f"{name}n", "netns", SPACE)
    ip("addr", "add", f"{here}/30", "dev", name)
    ip("link", "set", name, "up")
    ip("-n", SPACE, "addr", "add", f"{there}/30", "dev", f"{name}n")
    ip("-n", SPACE, "link", "set", f"{name}n", "up")


@pytest.fixture
def database_link() -> Iterator[str]:
    """Make the namespace; give the name of the link to the database."""
    names = (f"sp{os.getpid() % 100_000}c", f"sp{os.getpid() % 100_000}d")
    try:
        ip("netns", "add", SPACE)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace can be made here: {getattr(error, 'stderr', error)}")
    try:
        link(names[0], CLIENT, SERVICE)
        link(names[1], DATABASE, SERVICE_AT_DATABASE)
        yield names[1]
    finally:
        ip("netns", "delete", SPACE)
        for name in names:
            # With the namespace goes one end, and with it the other.
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("link", "delete", name)


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    started = PostgresCluster(listen_addresses="*")
    try:
        started.let_in(f"{SERVICE_AT_DATABASE}/32")
        yield started
    finally:
        started.stop()


@pytest.fixture
def service(database_link: str, cluster: PostgresCluster) -> Iterator[Service]:
    assert signpost("demo", database_url=cluster.url("template")).returncode == 0
    command = ("ip", "netns", "exec", SPACE, sys.executable, "-m", "app", "serve", "--host", SERVICE)
    url = cluster.url("template").replace("127.0.0.1", DATABASE)
    found = Service(url, command=command, environment={"SIGNPOST_REQUEST_SECONDS": "4"})
    found.url = f"http://{SERVICE}:{found.port}"
    with found:
        yield found


def test_a_silent_network_is_told_of_and_all_is_well_when_it_speaks_again(
    service: Service, database_link: str, cluster: PostgresCluster
) -> None:
    created = signpost(
        "token", "create", "--name", "t", "--scope", "admin", database_url=cluster.url("template")
    )
    authorization = {"Authorization": f"Bearer {created.stdout.strip()}"}
    with httpx.Client(base_url=service.url, timeout=30) as client:

        def known() -> tuple[int, bytes]:
            answer = client.get("/mail/config-v1.1.xml?emailaddress=jane@demo.example")
            return answer.status_code, answer.content

        def write(name: str) -> httpx.Response:
            return client.put(f"/api/v1/domains/{name}", json={"provider": "demo"}, headers=authorization)

        assert write("stored.example").status_code == 201
        for _ in range(3):
            assert known()[0] == 200
        document = known()
        ip("link", "set", database_link, "down")
        try:
            assert {known() for _ in range(20)} == {document}
            for _ in range(2):
                refused = write("new.example")
                assert refused.status_code == 503, refused.text
                assert int(refused.headers["retry-after"]) > 0
            for domain in ("stored.example", "nobody.example"):
                assert client.get(f"/v1.1/{domain}").status_code == 503
            assert client.get("/health/ready").status_code == 503
            assert {known() for _ in range(20)} == {document}
        finally:
            ip("link", "set", database_link, "up")
        deadline = time.monotonic() + RECOVERED_SECONDS
        while (
            write("after.example").status_code not in {200, 201}
            or client.get("/health/ready").status_code != 200
            or client.get("/v1.1/stored.example").status_code != 200
        ):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert client.get("/v1.1/nobody.example").status_code == 404
        assert known() == document
