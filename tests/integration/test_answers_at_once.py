"""The same bytes over a socket from our own server class, which answers at once, and from uvicorn's own."""

from __future__ import annotations

import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from contracts.test_both_ways import pox
from service_process import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service_process import Prepared

pytestmark = pytest.mark.integration

SETTINGS = {
    "SIGNPOST_PUBLIC_URL": "https://signpost.example",
    "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0",
}
PLAIN_SERVER = (
    sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--interface", "asgi3",
    "--no-access-log", "--no-server-header", "--no-proxy-headers", "--http", "httptools",
)  # fmt: skip
MOVING = re.compile(rb"(?i)(date|x-request-id): [^\r]+|Time=\"[^\"]+\"")
QUERY = b"emailaddress=jane%40demo.example"


def get(target: bytes, *fields: bytes, host: bytes = b"signpost.example", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((b"GET %b HTTP/%b" % (target, version), b"Host: " + host, *fields, b"", b""))


def post(body: bytes, *fields: bytes) -> bytes:
    head = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: signpost.example\r\n"
    return (
        head
        + b"".join(field + b"\r\n" for field in (*fields, b"Content-Length: %d" % len(body)))
        + b"\r\n"
        + body
    )


AUTOCONFIG = get(b"/mail/config-v1.1.xml?" + QUERY)
POX = post(pox("jane@demo.example"))
REQUESTS: dict[str, tuple[bytes, ...]] = {
    "autoconfig": (AUTOCONFIG,),
    "host alone": (get(b"/mail/config-v1.1.xml", host=b"autoconfig.demo.example:80"),),
    "autodiscover": (POX,),
    "json": (get(b"/autodiscover/autodiscover.json?Email=jane@demo.example&Protocol=Autodiscoverv1"),),
    "pacc": (get(b"/.well-known/user-agent-configuration.json", host=b"ua-auto-config.demo.example"),),
    "profile": (get(b"/mobileconfig?" + QUERY, b"Accept-Language: de"),),
    "full": (get(b"/v1.1/demo.example"),),
    "forwarded": (
        get(
            b"/mail/config-v1.1.xml",
            b"X-Forwarded-For: 192.0.2.7",
            b"X-Forwarded-Host: autoconfig.demo.example",
        ),
        AUTOCONFIG,
    ),
    "unknown": (get(b"/v1.1/unknown.example"),),
    "closing": (get(b"/mail/config-v1.1.xml?" + QUERY, b"Connection: close"),),
    "old": (get(b"/mail/config-v1.1.xml?" + QUERY, version=b"1.0"),),
    "pipelined": (AUTOCONFIG + POX + AUTOCONFIG + get(b"/health/live") + AUTOCONFIG,),
    "in parts": (AUTOCONFIG[:30], AUTOCONFIG[30:]),
    "body apart": (POX[:-200], POX[-200:]),
    "body in three": (POX[:-300], POX[-300:-10], POX[-10:]),
    "body and the next": (POX + AUTOCONFIG[:20], AUTOCONFIG[20:]),
    "broken body": (post(b"<nothing>"),),
    "get with a body": (get(b"/v1.1/demo.example", b"Content-Length: 3") + b"abc" + AUTOCONFIG,),
    "no target": (b"POST http://a_b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",),
    "absolute target": (get(b"http://signpost.example/mail/config-v1.1.xml?" + QUERY),),
    "expecting": (post(pox("jane@demo.example"), b"Expect: 100-continue"),),
    "chunked": (
        b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(pox("jane@demo.example")), pox("jane@demo.example")),
    ),
}  # fmt: skip


def answers(service: Service, parts: tuple[bytes, ...]) -> bytes:
    """Send, and return all that comes until nothing more does."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
        came = b""
        connection.settimeout(1)
        try:
            while chunk := connection.recv(65536):
                came += chunk
        except TimeoutError:
            pass
    return MOVING.sub(b"", came)


@contextmanager
def both_servers(url: str, **surroundings: str) -> Iterator[tuple[Service, Service]]:
    """Serve in both ways; neither may have complained of anything at the end."""
    environment = {**SETTINGS, **surroundings}
    plain = Service(url, command=PLAIN_SERVER, environment=environment)
    with Service(url, environment=environment) as ours, plain:
        yield ours, plain
        for service in (ours, plain):
            service.process.terminate()
            _, said = service.process.communicate(timeout=30)
            assert b"No answer at once" not in said, said


@pytest.mark.parametrize(
    "surroundings", [{}, {"SIGNPOST_TRUSTED_PROXIES": "127.0.0.0/8"}], ids=["alone", "behind a proxy"]
)
def test_our_server_sends_what_any_other_would(prepared: Prepared, surroundings: dict[str, str]) -> None:
    # All at once: each answer is over when nothing more comes for a while.
    with both_servers(prepared.url, **surroundings) as (ours, plain), ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            sent, known = (
                pool.map(answers, [service] * len(REQUESTS), REQUESTS.values()) for service in (ours, plain)
            )
            assert dict(zip(REQUESTS, sent, strict=True)) == dict(zip(REQUESTS, known, strict=True))
        for service in (ours, plain):
            metrics = httpx.get(
                f"{service.url}/api/v1/verification/metrics",
                headers={"Authorization": f"Bearer {prepared.token}"},
            ).text
            found = re.search(r'format="autoconfig",outcome="document",way="short"} (\d+)', metrics)
            assert found is not None
            assert int(found[1]) > 10
            assert "signpost_known_domains_trusted 1" in metrics


def one_answer(connection: socket.socket) -> bytes:
    """Return a whole answer: header and body may come one after the other."""
    came = connection.recv(65536)
    while b"\r\n\r\n" not in came:
        came += connection.recv(65536)
    head, _, body = came.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length is not None
    while len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + body


def test_a_connection_waits_for_its_next_request_for_so_long(prepared: Prepared) -> None:
    patience = {"SIGNPOST_KEEP_ALIVE_SECONDS": "1"}
    with Service(prepared.url, environment={**SETTINGS, **patience}) as service:
        for _ in range(3):
            assert answers(service, (AUTOCONFIG,)).count(b" 200 OK") == 1
        address = ("127.0.0.1", service.port)
        with socket.create_connection(address, timeout=10) as connection:
            for _ in range(5):
                connection.sendall(AUTOCONFIG)
                assert b" 200 OK" in one_answer(connection)
                time.sleep(0.5)
            # Not before the next is whole, though it came with one that was answered at once.
            connection.sendall(AUTOCONFIG + POX[:-200])
            assert b" 200 OK" in one_answer(connection)
            time.sleep(1.7)
            connection.sendall(POX[-200:])
            assert b" 200 OK" in one_answer(connection)
            connection.sendall(AUTOCONFIG)
            assert b" 200 OK" in one_answer(connection)
            began = time.monotonic()
            assert connection.recv(65536) == b""
            assert 0.7 < time.monotonic() - began < 5
