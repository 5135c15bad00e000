"""A real PostgreSQL as a throw-away child process, as root and as an ordinary user.

One cluster per test process. A migrated database is emptied and used again, which is ten times quicker
than a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from app.store.engine import create_engine
from app.store.migrating import migrate
from app.store.rows import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# What is tested is our use of transactions, not the disk: the operating system does not die here.
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "100"}


def binaries() -> Path | None:
    """Find the folder with initdb and postgres, the newest version first."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).parent)
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


def required_binaries() -> Path:
    """Find PostgreSQL; without it skip, or fail where nothing may be skipped."""
    found = binaries()
    if found is not None:
        return found
    reason = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _unprivileged() -> dict[str, Any]:
    """Make a child of root an ordinary account: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    message = "no ordinary account to run PostgreSQL as"
    raise RuntimeError(message)


class PostgresCluster:
    """A server on a port of its own; ``stop`` leaves nothing behind."""

    def __init__(self, **settings: str) -> None:
        self._own_settings = settings
        programs = required_binaries()
        # Directly under /tmp and open to all: pytest's own folders are closed to other accounts.
        self._folder = Path(tempfile.mkdtemp(prefix="signpost-pg-"))
        self._folder.chmod(0o755)
        who = _unprivileged()
        if who:
            os.chown(self._folder, who["user"], who["group"])
        self._who = who
        self._programs = programs
        self._count = 0
        self._emptied: list[str] = []
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port: int = found.getsockname()[1]
        self._data = str(self._folder / "data")
        initdb = [str(programs / "initdb"), "-D", self._data, "-U", "app", "-A", "trust", "--no-sync"]
        subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [*initdb, "-E", "UTF8", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            env=ENVIRONMENT,
            cwd=self._folder,
            **who,
        )
        self._log = self._folder / "log"
        self.start()
        self.execute("CREATE DATABASE template")
        asyncio.run(self._migrate())

    def start(self) -> None:
        """Start it, also again after ``halt``."""
        settings = {
            **FAST,
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self._folder),
            **self._own_settings,
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
                [
                    str(self._programs / "postgres"),
                    "-D",
                    self._data,
                    *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
                ],
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                cwd=self._folder,
                start_new_session=True,
                **self._who,
            )
        self._wait()

    def halt(self) -> None:
        """End it at once, as a crash would."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)

    def pause(self) -> None:
        """Have all its processes stand still, with connections open, until ``resume``."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have them go on."""
        self._signal(signal.SIGCONT)

    def let_in(self, network: str) -> None:
        """Take connections from a network, too; whoever asks for this has it listen elsewhere than here."""
        with (Path(self._data) / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")
        self.execute("SELECT pg_reload_conf()")

    def _signal(self, number: signal.Signals) -> None:
        # Each process of a connection is in a group of its own.
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for process_id in (server, *map(int, children)):
            os.kill(process_id, number)

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self.execute("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                time.sleep(0.05)
            else:
                return
        text = self._log.read_text(errors="replace")
        self.stop()
        message = f"PostgreSQL did not come up: {text}"
        raise RuntimeError(message)

    async def _migrate(self) -> None:
        engine = create_engine(self.url("template"))
        await migrate(engine)
        await engine.dispose()

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement, beside whoever uses the database."""

        async def run() -> None:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self._port, user="app", database=database, timeout=5
            )
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://app@127.0.0.1:{self._port}/{database}"

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Give the URL of an empty database for one test; not from within an event loop."""
        if not migrated:
            name = self._created("template0")
            try:
                yield self.url(name)
            finally:
                self.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return
        name = self._emptied.pop() if self._emptied else self._created("template")
        yield self.url(name)
        # Of few rows that is quicker than TRUNCATE, which makes new files; without triggers, one of which
        # keeps the audit from being emptied.
        emptied = "; ".join(f"DELETE FROM {table}" for table in METADATA.tables)  # noqa: S608 - our own names
        self.execute(f"SET lock_timeout = '20s'; SET session_replication_role = replica; {emptied}", name)
        # Not reached where the test left a lock behind: what is left of it must not touch others.
        self._emptied.append(name)

    def _created(self, template: str) -> str:
        self._count += 1
        name = f"test_{self._count}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)
