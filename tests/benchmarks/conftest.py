"""A database with a thousand domains, and wrk asking for them."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from benchmarks.load import DOMAINS, KNOWN
from service_process import signpost

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stocked_url(tmp_path: Path) -> str:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    url = f"sqlite+aiosqlite:///{tmp_path}/bench.db"
    folder = tmp_path / "files"
    folder.mkdir()
    listed = "".join(f"<domain>d{number}.example</domain>" for number in range(DOMAINS))
    server = (
        "<hostname>mail.provider.example</hostname><port>993</port><socketType>SSL</socketType>"
        "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
    )
    (folder / "provider.example.xml").write_text(
        f'<clientConfig version="1.1"><emailProvider id="provider.example">{listed}'
        "<displayName>Provider</displayName><displayShortName>Provider</displayShortName>"
        f'<incomingServer type="imap">{server}</incomingServer>'
        f'<incomingServer type="pop3">{server}</incomingServer>'
        f'<outgoingServer type="smtp">{server}</outgoingServer>'
        "</emailProvider></clientConfig>"
    )
    for command in (["migrate"], ["import", "ispdb", str(folder)]):
        finished = signpost(*command, database_url=url)
        assert finished.returncode == 0, finished.stderr
    return url


@pytest.fixture
def wrk_script(tmp_path: Path) -> Path:
    script = tmp_path / "autoconfig.lua"
    script.write_text(
        "local n = 0\n"
        "request = function()\n"
        f"  n = (n + 1) % {DOMAINS}\n"
        '  return wrk.format("GET", "/mail/config-v1.1.xml?emailaddress=u%40d" .. n .. ".example")\n'
        "end\n"
    )
    return script


@pytest.fixture
def many_url(stocked_url: str) -> str:
    """A database with many domains of one provider."""
    same = "variables, status, published_name, serves_mx, source, version, created_at, updated_at"
    with sqlite3.connect(stocked_url.partition("///")[2]) as connection:
        # Where PACC, too, can say them.
        for server_type, port in (("pop3", 995), ("smtp", 465)):
            connection.execute("UPDATE server SET port = ? WHERE type = ?", (port, server_type))
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "  # noqa: S608
            f"INSERT INTO domain (name, provider_id, {same}) "
            f"SELECT 'b' || i || '.example', provider_id, {same} FROM n, (SELECT * FROM domain LIMIT 1)",
            (KNOWN,),
        )
    return stocked_url
