"""The command at a terminal, in a pipe, and beside another service."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from service_process import ROOT, signpost

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

FAILURE = 3


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    found = f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'cli.db')}"
    assert signpost("demo", database_url=found).returncode == 0
    return found


def at_a_terminal(*arguments: str, url: str, **environment: str) -> str:
    """Run a command and return what its user sees of standard error."""
    seen, terminal = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "SIGNPOST_DATABASE_URL": url, **environment},
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    process.wait(60)
    text = b""
    while True:
        try:
            part = os.read(seen, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(seen)
    return text.decode()


def test_errors_are_coloured_at_a_terminal_unless_that_is_not_wanted(url: str) -> None:
    wrong = ("render", "autoconfig", "unknown.example")
    assert "\x1b[1;31msignpost:" in at_a_terminal(*wrong, url=url)
    plain = at_a_terminal(*wrong, url=url, NO_COLOR="1")
    assert "31m" not in plain
    assert "signpost:" in plain


def test_an_import_shows_its_progress_at_a_terminal(url: str, tmp_path: Path) -> None:
    server = (
        '<incomingServer type="imap"><hostname>a.example</hostname><port>993</port>'
        "<socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username><authentication>plain</authentication></incomingServer>"
    )
    (tmp_path / "a.xml").write_text(
        f'<clientConfig><emailProvider id="a.example"><domain>a.example</domain>{server}'
        "</emailProvider></clientConfig>"
    )
    seen = at_a_terminal("import", "ispdb", str(tmp_path / "a.xml"), url=url)
    assert "Importing" in seen
    assert "2/2" in seen


def test_a_reader_that_goes_away_is_no_traceback(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app", "render", "autoconfig", "demo.example"],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert said == b""


def test_a_port_in_use_is_told(url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        found = signpost("serve", "--port", str(taken.getsockname()[1]), database_url=url)
    assert found.returncode == FAILURE
    assert "address already in use" in found.stderr.lower()
    assert "Traceback" not in found.stderr
