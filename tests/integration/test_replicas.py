"""Two replicas of two processes behind Caddy, as in deploy/compose.yaml: one after the other is replaced."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final

import pytest

from clients import KNOWN, Connection, clients, get
from proxies import caddy
from service_process import Service, signpost

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ENVIRONMENT: Final = {
    "SIGNPOST_TRUSTED_PROXIES": "127.0.0.1",
    "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0",
    # More than Caddy's interval, and as long as an attempt may take.
    "SIGNPOST_DRAIN_SECONDS": "5",
}
POX = b"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>jane@demo.example</EMailAddress><AcceptableResponseSchema>\
http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
</AcceptableResponseSchema></Request></Autodiscover>"""
POST: Final = (
    b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: autodiscover.demo.example\r\n"
    b"Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n%b" % (len(POX), POX)
)


def a_replica(url: str) -> Service:
    command = (sys.executable, "-m", "app", "serve", "--workers", "2")
    return Service(url, command=command, environment=ENVIRONMENT)


async def is_served(port: int) -> bool:
    connection = Connection(port)
    try:
        status, _, _ = await connection.ask(get("/health/serving"))
    except OSError:
        return False
    finally:
        connection.close()
    return status == 200


async def test_no_request_is_lost_while_one_replica_after_the_other_is_replaced(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database = shutil.copy(sqlite_template, tmp_path / "test.db")
    url = f"sqlite+aiosqlite:///{database}"
    assert signpost("demo", database_url=url).returncode == 0
    replicas = [a_replica(url), a_replica(url)]
    # Started by themselves: a replica that is replaced has a successor at the same place.
    for replica in replicas:
        await asyncio.to_thread(replica.__enter__)
    try:
        with caddy(replicas[0].port, tmp_path, replicas[1].port) as front:
            while not await is_served(front.http):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)
            async with (
                clients(
                    front.http, 4, request=KNOWN.replace(b"signpost.example", b"autoconfig.demo.example")
                ) as got,
                clients(front.http, 2, request=POST) as posted,
            ):
                for replica in replicas:
                    before = got.total
                    replica.process.send_signal(signal.SIGTERM)
                    assert await asyncio.to_thread(replica.process.wait, 40) == 0
                    assert got.total > before
                    replica.__exit__(None, None, None)
                    await asyncio.to_thread(replica.__enter__)
                    await asyncio.sleep(3)
    finally:
        for replica in replicas:
            await asyncio.to_thread(replica.__exit__, None, None, None)
    for seen in (got, posted):
        assert seen.lost == []
        assert set(seen.statuses) == {200}
    assert len(got.bodies) == 1
    assert got.total > 200
