"""What counting a request costs: by itself, and as a part of a request for autoconfig.

Two servers that differ in the limit alone are up at once, as in test_hot_path. Clients come from one
address, which is the cheapest, and through a proxy from a million, of which each has to be read anew.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
from app.api.application import create_api
from app.api.rate_limits import AddressLimit
from app.settings import Settings

from benchmarks.load import DOMAINS, ROUNDS, measure_briefly, pin
from benchmarks.recording import of_rounds, record
from service_process import Service

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

pytestmark = pytest.mark.benchmark

REQUESTS = 20_000
# Counted, and never refused: a refusal would be cheaper than an answer.
COUNTED = {
    "SIGNPOST_UNLIMITED_NETWORKS": "203.0.113.0/24",
    "SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "10000000",
}
UNCOUNTED = {"SIGNPOST_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}


async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    pass


async def receive() -> Message:
    return {}


async def send(_message: Message) -> None:
    pass


async def microseconds(app: ASGIApp, scopes: list[dict[str, Any]]) -> float:
    started = time.process_time()
    for scope in scopes:
        await app(scope, receive, send)
    return (time.process_time() - started) / len(scopes) * 1e6


def scopes_from(addresses: int) -> list[dict[str, Any]]:
    path = "/mail/config-v1.1.xml"
    return [
        {
            "type": "http",
            "path": path,
            "headers": [],
            "client": (
                f"198.{n % addresses >> 16 & 255}.{n % addresses >> 8 & 255}.{n % addresses & 255}",
                1,
            ),
        }
        for n in range(REQUESTS)
    ]


def test_counting_by_itself() -> None:
    settings = Settings(
        database_url="sqlite+aiosqlite:///:memory:",
        requests_per_minute_per_address=10_000_000,
    )
    limit = AddressLimit(nothing, create_api(settings))
    print("\ncounting a request, CPU microseconds, medians of 7 (a call of nothing taken off):")
    for addresses in (1, 1000, REQUESTS):
        scopes = scopes_from(addresses)
        found = []
        for _ in range(7):
            bare = asyncio.run(microseconds(nothing, scopes))
            found.append(asyncio.run(microseconds(limit, scopes)) - bare)
        described = {"group": "CPU time of counting a request", "unit": "us", "is_more_better": False}
        record(of_rounds(found, name=f"from {addresses:,} addresses", **described))
        print(f"  from {addresses:>6} addresses: {statistics.median(found):.2f}")
        assert statistics.median(found) > 0


@pytest.fixture
def from_many_addresses(tmp_path: Path) -> Path:
    script = tmp_path / "many.lua"
    script.write_text(
        "local n = 0\n"
        "request = function()\n"
        "  n = (n + 7919) % 1000000\n"
        "  local address = string.format('198.%d.%d.%d', n / 65536, n / 256 % 256, n % 256)\n"
        "  local path = '/mail/config-v1.1.xml?emailaddress=u%40d' .. n % "
        + str(DOMAINS)
        + " .. '.example'\n"
        "  return wrk.format('GET', path, {['X-Forwarded-For'] = address})\n"
        "end\n"
    )
    return script


def test_counting_as_part_of_a_request(stocked_url: str, wrk_script: Path, from_many_addresses: Path) -> None:
    print(f"\nautoconfig GET, {ROUNDS} rounds of 1 s, medians:")
    proxied = {"SIGNPOST_TRUSTED_PROXIES": "127.0.0.1"}
    for name, script, further in (
        ("one address", wrk_script, {}),
        ("a million addresses through a proxy", from_many_addresses, proxied),
    ):
        with (
            Service(stocked_url, environment={**COUNTED, **further}) as counting,
            Service(stocked_url, environment={**UNCOUNTED, **further}) as free,
        ):
            for service in (counting, free):
                pin(service.process.pid, 0)
            ratios, bare = [], []
            for number in range(ROUNDS + 1):
                order = (counting, free) if number % 2 else (free, counting)
                windows = {service: measure_briefly(service, script) for service in order}
                if number:
                    with_limit, without = (windows[s].cpu_microseconds for s in (counting, free))
                    ratios.append(with_limit / without)
                    bare.append(without)
        described = {"group": "CPU time of a request with quotas", "is_more_better": False}
        record(of_rounds(ratios, name=name, unit="of without", **described))
        print(
            f"  {name}: CPU per request, with the limit / without: {statistics.median(ratios):.3f}"
            f" (without: {statistics.median(bare):.0f} us)"
        )
        assert statistics.median(ratios) > 0
