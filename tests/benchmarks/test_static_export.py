"""What a static export costs: seconds, memory and disk, the first time, again, and after a few changes.

``SIGNPOST_BENCH_DOMAINS`` is how many domains there are; a million unless it says otherwise.
"""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from app.core.mail_transport import MtaSts, StsMode

from benchmarks.recording import Result, record
from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import opened, stored_domain, stored_provider
from service_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.benchmark

DOMAINS = int(os.environ.get("SIGNPOST_BENCH_DOMAINS", "1000000"))
PROVIDERS = 10
_SAME = "variables, status, published_name, serves_mx, source, version, created_at, updated_at"


@pytest.fixture
async def many_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A database with many domains of a few providers, every second of which names hosts by the domain."""
    path = shutil.copy(sqlite_template, tmp_path / "many.db")
    url = f"sqlite+aiosqlite:///{path}"
    async with opened(url) as store:
        for number in range(PROVIDERS):
            host = "mail.%EMAILDOMAIN%" if number % 2 else f"mail{number}.provider.example"
            servers = (an_imap_server(hostname=host), an_smtp_server(hostname=host))
            policy = MtaSts(mode=StsMode.TESTING, mx=("mx.provider.example",)) if number % 5 == 0 else None
            await stored_provider(store, a_provider(slug=f"p{number}", servers=servers, mta_sts=policy))
        await stored_domain(store, a_domain("model.example", provider="p0"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DOMAINS - 1}) "  # noqa: S608
            f"INSERT INTO domain (name, provider_id, {_SAME}) "
            f"SELECT 'customer' || i || '.example', 1 + i % {PROVIDERS}, {_SAME} "
            "FROM n, domain d WHERE d.name = 'model.example'"
        )
    return url


@pytest.mark.parametrize("layout", ["files", "nginx"])
def test_a_million_domains_are_exported(many_url: str, tmp_path: Path, layout: str) -> None:
    folder, options = tmp_path / "out", ("--layout", layout)
    first = export(many_url, folder, f"{layout}: first", *options)
    again = export(many_url, folder, f"{layout}: again", *options)
    change(many_url, "UPDATE domain SET status = 'suspended' WHERE id % 1000 = 0")
    export(many_url, folder, f"{layout}: one in a thousand suspended", *options)
    change(many_url, "UPDATE provider SET display_name = 'Another', version = version + 1 WHERE id = 2")
    export(many_url, folder, f"{layout}: one provider of ten renamed", *options)
    blocks, names, inodes = disk(folder)
    group, name = f"Static export, {DOMAINS:,} domains", f"{layout}: disk"
    record(Result(group=group, name=name, value=blocks / 1e6, unit="MB", is_more_better=False))
    print(f"disk {blocks / 1e6:.0f} MB, {names} names of {inodes} files, {DOMAINS} domains")
    assert again < first


def change(url: str, statement: str) -> None:
    with sqlite3.connect(url.partition("///")[2]) as connection:
        connection.execute(statement)


def export(url: str, folder: Path, what: str, *options: str) -> float:
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", "export", "static", str(folder), *options],
        cwd=ROOT,
        env={**os.environ, "SIGNPOST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - started
    # Of all children so far the largest, and their memory only grows.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    group = f"Static export, {DOMAINS:,} domains"
    record(Result(group=group, name=what, value=seconds, unit="s", is_more_better=False))
    print(f"\n{what}: {seconds:.1f} s, at most {peak:.0f} MB; {done.stdout.strip()}")
    return seconds


def disk(folder: Path) -> tuple[int, int, int]:
    """Return bytes on disk, names of files, and files."""
    blocks, names, inodes = 0, 0, set()
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for entry in found:
                status = entry.stat(follow_symlinks=False)
                names += entry.is_file()
                if entry.is_dir():
                    pending.append(entry.path)
                if status.st_ino not in inodes:
                    inodes.add(status.st_ino)
                    blocks += status.st_blocks * 512
    return blocks, names, len(inodes)
