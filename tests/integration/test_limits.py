"""Clients that are too many, too slow or too large, against the real server."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from app.net.connections import HEADER_SECONDS, LEFTOVER_SECONDS, MAX_HEADER_BYTES

from service_process import Service, fill_with_demo, signpost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

BODY_SECONDS: Final = 2
REQUEST_SECONDS: Final = 5
# A busy machine may take its time, a limit that does not hold takes for ever.
SLACK_SECONDS: Final = 8


@dataclass(frozen=True)
class Served:
    service: Service
    token: str

    @contextlib.contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as opened:
            yield opened

    def head(self, method: str, path: str, *fields: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: signpost.example", *fields]
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode()

    @property
    def authorization(self) -> str:
        return f"Authorization: Bearer {self.token}"


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("limits") / "test.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{path}"
    token = fill_with_demo(url)
    environment = {
        "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "6",
        "SIGNPOST_UNLIMITED_NETWORKS": "203.0.113.0/24",
        "SIGNPOST_TRUSTED_PROXIES": "127.0.0.1",
        "SIGNPOST_BODY_SECONDS": str(BODY_SECONDS),
        "SIGNPOST_REQUEST_SECONDS": str(REQUEST_SECONDS),
        "SIGNPOST_KEEP_ALIVE_SECONDS": "2",
        "SIGNPOST_MAX_BODY_BYTES": "100000",
        "SIGNPOST_SHUTDOWN_SECONDS": "6",
    }
    with Service(url, environment=environment) as service:
        yield Served(service, token)


def read_to_end(connection: socket.socket) -> tuple[bytes, float]:
    """Read until the server closes, and return what came and how long it took."""
    started = time.monotonic()
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received, time.monotonic() - started


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer whose length is told."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        assert part, received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(fields.get("content-length", "0")):
        body += connection.recv(65536)
    return int(first.split()[1]), fields, body


def drip(connection: socket.socket, part: bytes, seconds: float, pause: float = 0.25) -> None:
    """Send a little again and again until the server has had enough, or for so long."""
    end = time.monotonic() + seconds
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        while time.monotonic() < end:
            connection.sendall(part)
            time.sleep(pause)


def test_an_address_over_its_quota_is_refused_and_another_is_not(served: Served) -> None:
    path = "/mail/config-v1.1.xml?emailaddress=jane%40demo.example"
    with served.connection() as connection:

        def status(address: str) -> tuple[int, dict[str, str], bytes]:
            connection.sendall(served.head("GET", path, f"X-Forwarded-For: {address}"))
            return read_answer(connection)

        answers = [status("198.51.100.1") for _ in range(7)]
        assert [answer[0] for answer in answers] == [200] * 6 + [429]
        assert answers[-1][1]["retry-after"] in {"9", "10"}
        assert answers[-1][2].startswith(b"Too many requests from this address; try again in")
        assert status("198.51.100.2")[0] == 200
        assert [status("203.0.113.9")[0] for _ in range(10)] == [200] * 10


def test_a_body_in_parts_without_a_length_is_cut_at_the_limit(served: Served) -> None:
    with served.connection() as connection:
        connection.sendall(
            served.head(
                "PUT",
                "/api/v1/domains/large.example",
                served.authorization,
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
            )
        )
        with contextlib.suppress(ConnectionError):
            for _ in range(11):
                connection.sendall(b"2710\r\n" + b" " * 10_000 + b"\r\n")
        status, fields, body = read_answer(connection)
    assert (status, fields["content-type"]) == (413, "application/problem+json")
    assert json.loads(body)["detail"] == "The body is over 100000 bytes."


def test_a_length_over_the_limit_is_refused_before_a_byte_of_it_is_sent(served: Served) -> None:
    fields = (served.authorization, "Content-Type: application/json", "Content-Length: 100001")
    with served.connection() as connection:
        connection.sendall(
            served.head("PUT", "/api/v1/domains/large.example", *fields, "Expect: 100-continue")
        )
        assert read_answer(connection)[0] == 413


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/v1/domains/slow.example", "application/problem+json"),
        ("/autodiscover/autodiscover.xml", "text/plain"),
    ],
)
def test_a_body_that_drips_is_answered_and_the_connection_closed(
    served: Served, path: str, media_type: str
) -> None:
    method = "PUT" if path.startswith("/api/") else "POST"
    fields = (served.authorization, "Content-Type: application/json", "Content-Length: 5000")
    started = time.monotonic()
    with served.connection() as connection:
        connection.sendall(served.head(method, path, *fields))
        drip(connection, b" ", BODY_SECONDS)
        received, _ = read_to_end(connection)
    assert received.startswith(b"HTTP/1.1 408"), received
    assert media_type.encode() in received
    assert BODY_SECONDS - 0.5 < time.monotonic() - started < BODY_SECONDS + SLACK_SECONDS


def test_a_management_request_ends_however_its_body_comes_along(served: Served) -> None:
    fields = (served.authorization, "Content-Type: application/json", "Content-Length: 90000")
    started = time.monotonic()
    with served.connection() as connection:
        connection.sendall(served.head("PUT", "/api/v1/domains/slow.example", *fields))
        drip(connection, b" " * 500, REQUEST_SECONDS)
        received, _ = read_to_end(connection)
    assert received.startswith(b"HTTP/1.1 408"), received
    assert REQUEST_SECONDS - 0.5 < time.monotonic() - started < REQUEST_SECONDS + SLACK_SECONDS


def test_a_header_that_drips_or_never_comes_ends_the_connection(served: Served) -> None:
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        silent, empty, dripping, second = (stack.enter_context(served.connection()) for _ in range(4))
        second.sendall(served.head("GET", "/health/live"))
        assert read_answer(second)[0] == 200
        end = started + HEADER_SECONDS + SLACK_SECONDS
        second.sendall(b"GET /health/live HTTP/1.1\r\n")
        dripping.sendall(b"GET / HTTP/1.1\r\n")
        number = 0
        while time.monotonic() < started + HEADER_SECONDS - 1:
            number += 1
            for connection in (dripping, second):
                connection.sendall(f"X-{number}: x\r\n".encode())
            empty.sendall(b"\r\n")
            time.sleep(0.5)
        answers = [read_to_end(connection)[0] for connection in (silent, empty, dripping, second)]
        assert time.monotonic() < end
    assert answers[:2] == [b"", b""]
    for answer in answers[2:]:
        assert answer.startswith(b"HTTP/1.1 408"), answer


def test_a_header_that_is_too_large_is_refused_in_one_piece_and_in_many(served: Served) -> None:
    for size, part in ((MAX_HEADER_BYTES + 2000, 1 << 20), (MAX_HEADER_BYTES + 2000, 500), (1 << 19, 4096)):
        head = served.head("GET", "/health/live", *[f"X-{n}: {'x' * 990}" for n in range(size // 1000)])
        with served.connection() as connection:
            with contextlib.suppress(ConnectionError):
                for start in range(0, len(head), part):
                    connection.sendall(head[start : start + part])
            received, _ = read_to_end(connection)
        # What is still on its way when the server closes takes the answer with it.
        assert received.startswith(b"HTTP/1.1 431") or (not received and size > 1 << 18), (size, part)


def test_a_header_below_the_limit_and_many_requests_at_once_are_answered(served: Served) -> None:
    large = served.head("GET", "/health/live", *[f"X-{n}: {'x' * 990}" for n in range(31)])
    with served.connection() as connection:
        connection.sendall((large + served.head("GET", "/health/live")) * 5)
        received, _ = read_to_end(connection)
    assert received.count(b"HTTP/1.1 200 OK") == 10


def test_the_rest_of_an_answered_body_is_not_taken_for_ever(served: Served) -> None:
    with served.connection() as connection:
        connection.sendall(served.head("GET", "/health/live", "Content-Length: 50000"))
        assert read_answer(connection)[0] == 200
        started = time.monotonic()
        drip(connection, b" ", LEFTOVER_SECONDS + SLACK_SECONDS)
        assert time.monotonic() - started < LEFTOVER_SECONDS + SLACK_SECONDS - 1


def test_an_idle_connection_is_closed(served: Served) -> None:
    with served.connection() as connection:
        connection.sendall(served.head("GET", "/health/live"))
        assert read_answer(connection)[0] == 200
        received, seconds = read_to_end(connection)
    assert (received, 1.5 < seconds < 2 + SLACK_SECONDS) == (b"", True)


def test_a_request_under_way_ends_well_when_the_service_is_told_to_stop(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "test.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{path}"
    token = fill_with_demo(url)
    body = json.dumps({"provider": "demo"}).encode()
    environment = {
        "SIGNPOST_SHUTDOWN_SECONDS": "10",
        "SIGNPOST_BODY_SECONDS": "6",
        # What waits for its next request goes when it would have gone anyway.
        "SIGNPOST_KEEP_ALIVE_SECONDS": "2",
    }
    with Service(url, environment=environment) as service:
        served = Served(service, token)
        fields = (served.authorization, "Content-Type: application/json", f"Content-Length: {len(body)}")
        with served.connection() as idle, served.connection() as slow, served.connection() as never:
            idle.sendall(served.head("GET", "/health/live"))
            assert read_answer(idle)[0] == 200
            slow.sendall(served.head("PUT", "/api/v1/domains/late.example", *fields) + body[:5])
            never.sendall(served.head("PUT", "/api/v1/domains/never.example", *fields) + body[:5])
            time.sleep(1)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert read_to_end(idle)[0] == b""
            slow.sendall(body[5:])
            status, fields_sent, _ = read_answer(slow)
            assert (status, fields_sent["connection"]) == (201, "close")
            # The one that never sends the rest holds nothing up for longer than its own limit.
            assert read_to_end(never)[0].startswith(b"HTTP/1.1 408")
            with pytest.raises(ConnectionError):
                socket.create_connection(("127.0.0.1", service.port), timeout=5)
        assert service.process.wait(12) == 0
    shown = signpost("render", "autoconfig", "jane@late.example", database_url=url)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"<domain>late\.example</domain>", shown.stdout)
