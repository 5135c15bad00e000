"""Receivers of webhooks on loopback: real HTTP servers, over TLS or plain, that behave as they are told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    began: float
    """Monotonic seconds."""
    ended: float
    """When it was answered."""

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Answer:
    """What a receiver does with a request."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_seconds: float = 0.0
    """Before the answer."""
    drip_seconds: float = 0.0
    """After each byte of the body."""
    hangs_up: bool = False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Many connections come at the same moment, and none of them may be refused.
    request_queue_size = 128

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: senders that go away in the middle are what some tests are about."""


class Receiver:
    """Takes requests until it is closed."""

    def __init__(
        self,
        answer: Answer | Callable[[Received], Answer] = Answer(),
        *,
        certificate: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            @override
            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                receiver.handle(self)

        class Server(_Server):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self._server = Server((host, 0), Handler)
        self.port = self._server.server_port
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # In each connection's own thread, so that one that never finishes holds up nobody.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        began = time.monotonic()
        length = int(request.headers.get("Content-Length", "0"))
        body = request.rfile.read(length)
        if len(body) < length:
            # The sender was killed in the middle of it; that is no request.
            request.close_connection = True
            return
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Received(request.path, headers, body, began, 0.0)
        answer = self.answer(seen) if callable(self.answer) else self.answer
        time.sleep(answer.delay_seconds)
        with self._lock:
            self.received.append(Received(request.path, headers, body, began, time.monotonic()))
        if answer.hangs_up:
            request.close_connection = True
            return
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        if "Content-Length" not in answer.headers:
            request.send_header("Content-Length", str(len(answer.body)))
        request.end_headers()
        if answer.drip_seconds:
            for byte in answer.body:
                request.wfile.write(bytes([byte]))
                time.sleep(answer.drip_seconds)
        else:
            request.wfile.write(answer.body)

    @property
    def ids(self) -> list[str]:
        return [one.id for one in list(self.received)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
