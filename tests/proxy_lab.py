"""Real reverse proxies in front of something that tells what it was asked; nothing is left behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from programs import required_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Echo:
    """Answers with what reached it, and ``/tls/ask`` with yes for the names that it was given."""

    def __init__(self, names: frozenset[str]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(size).decode()
                if len(body) < size:
                    # Cut off by a proxy.
                    self.close_connection = True
                    return
                parts = urlsplit(self.path)
                status = 200
                if parts.path == "/tls/ask":
                    asked.append(parse_qs(parts.query)["domain"][0])
                    status = 200 if asked[-1] in names else 404
                seen = {name.lower(): value for name, value in self.headers.items()}
                answer = json.dumps(
                    {"method": self.command, "path": self.path, "body": body, "headers": seen}
                )
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            do_POST = do_GET  # noqa: N815 - as the standard library calls them

            @override
            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Proxies keep connections that nobody will use again.
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    @contextlib.contextmanager
    def running(self) -> Iterator[Echo]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextlib.contextmanager
def running(command: list[str], port: int, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a proxy in the foreground until the block ends; wait for its port first."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the proxy's own program
            command,
            stdout=output,
            stderr=output,
            env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **environment},
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    message = f"the proxy did not come up: {log.read_text(errors='replace')}"
    raise RuntimeError(message)


@dataclass(frozen=True)
class Front:
    """Where a proxy listens, and the authority that its certificates are from."""

    http: int
    https: int
    root: Path
    log: Path

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Answer:
        """Ask as a client that found the host in DNS would; over TLS the certificate must be right."""
        parts = urlsplit(url)
        host, port = str(parts.hostname), {"http": self.http, "https": self.https}[parts.scheme]
        plain = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(client, 0))
        connection = http.client.HTTPConnection(host, port, timeout=20)
        try:
            connection.sock = plain
            if parts.scheme == "https":
                context = ssl.create_default_context(cafile=self.root)
                connection.sock = context.wrap_socket(plain, server_hostname=host)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()
            plain.close()


@dataclass(frozen=True)
class Answer:
    """What came back; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def echo(self) -> Seen:
        """What reached the echo behind the proxy."""
        assert self.status == http.HTTPStatus.OK, self.body
        return Seen(**json.loads(self.body))


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    body: str
    headers: dict[str, str]


@contextlib.contextmanager
def running_nginx(front: Front, folder: Path, rules: str) -> Iterator[None]:
    """Run nginx with these rules in its http block, and all that it writes in a folder."""
    kept = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; worker_processes 1;"
        # Started by root, its workers would else be accounts that may not read this test's folder.
        + ("user root;" if os.geteuid() == 0 else "")
        + f" events {{}} http {{ {kept} {rules} }}"
    )
    program = required_program("nginx")
    command = [program, "-p", str(folder), "-e", "stderr", "-c", f"{folder}/nginx.conf"]
    with running(command, front.http, {}, front.log):
        yield
