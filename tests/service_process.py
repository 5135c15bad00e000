"""The real program as a child process: ``signpost`` with a database and a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.settings import Settings
from app.wiring import build_services

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def signpost(*arguments: str, database_url: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True)
class Prepared:
    """A database with the demo domain, and a token."""

    url: str
    token: str


def fill_with_demo(database_url: str) -> str:
    """Put the demo domain into a migrated, empty database, and return a token that may do everything.

    As ``signpost demo`` does, whose start takes a hundred times as long.
    """

    async def fill() -> str | None:
        services = build_services(Settings(database_url=database_url))
        try:
            return await services.demo.fill_if_empty()
        finally:
            await services.close()

    token = asyncio.run(fill())
    assert token is not None
    return token


class Service:
    """``signpost serve``; leaves nothing behind."""

    def __init__(
        self,
        database_url: str,
        *,
        command: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = command or (sys.executable, "-m", "app", "serve")
        self._environment = {
            "SIGNPOST_LOG_LEVEL": "WARNING",
            # Nothing beyond this machine is asked for; who tests verification says otherwise.
            "SIGNPOST_VERIFY": "never",
            **(environment or {}),
            "SIGNPOST_DATABASE_URL": database_url,
        }

    def publish_own_url(self) -> None:
        """Have documents name the address at which the service really is."""
        self._environment["SIGNPOST_PUBLIC_URL"] = self.url

    def set_environment(self, **values: str) -> None:
        """Add variables, such as the port for a program that takes it no other way."""
        self._environment |= values

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*self._command, "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A group of its own, so that its workers end with it.
            start_new_session=True,
        )
        self._wait("/health/live" if "app" in self._command else "/")
        return self

    def _wait(self, path: str) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=1):  # noqa: S310 - loopback
                    return
            except OSError:
                time.sleep(0.02)
        self.kill()
        message = f"the service did not come up: {self.process.communicate()[1].decode()}"
        raise RuntimeError(message)

    def kill(self) -> None:
        """End it as a power failure would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(25)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.stderr is not None:
            self.process.stderr.close()
