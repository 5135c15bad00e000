"""A database with a thousand domains, and wrk asking for them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.load import DOMAINS
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
