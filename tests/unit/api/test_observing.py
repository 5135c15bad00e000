"""Slow requests are told of with where their time went, and without addresses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from app.api.observing import ObservedRequests
from app.api.requests import RequestLog
from app.core.durations import CURRENT, note_phase, phase
from structlog.testing import capture_logs

from asgi import ask

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import Receive, Scope, Send

ADDRESS = "jane@customer.example"


class Counted:
    """What counts requests."""

    def __init__(self) -> None:
        self.slow_requests = 0
        self.counted: list[tuple[str, str, int]] = []

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.counted.append((method, route, status))


class Route:
    path_format = "/apple/{address}.mobileconfig"


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Wait for the body, for two transactions and for nothing in particular."""
    scope["route"] = Route()
    await receive()
    for _ in range(2):
        with phase("database"):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.2)
    await send({"type": "http.response.body", "body": b""})


async def told_of(
    slow_milliseconds: int, path: str = f"/apple/{ADDRESS}.mobileconfig"
) -> tuple[list[MutableMapping[str, Any]], Counted]:
    counted = Counted()
    app = RequestLog(ObservedRequests(slow, counted, slow_milliseconds))  # type: ignore[arg-type]
    with capture_logs() as logs:
        await ask(app, "GET", path, query=f"emailaddress={ADDRESS}".encode())
    return [one for one in logs if one["event"] == "slow_request"], counted


async def test_a_slow_request_has_a_line_with_its_phases() -> None:
    (line,), counted = await told_of(20)
    assert (line["route"], line["status"], line["log_level"]) == (Route.path_format, 200, "warning")
    # To the beginning of the answer: how fast a client reads is its own affair.
    assert 50 <= line["milliseconds"] < 200
    phases = line["phases"]
    assert list(phases) == ["body", "database", "own"]
    assert phases["database"] >= 40
    assert phases["own"] >= 10
    assert sum(phases.values()) == pytest.approx(line["milliseconds"], abs=1)
    assert "jane" not in str(line)
    assert line["request_id"]
    assert counted.slow_requests == 1


@pytest.mark.parametrize("limit", [0, 10_000])
async def test_others_have_none(limit: int) -> None:
    lines, counted = await told_of(limit)
    assert (lines, counted.slow_requests, counted.counted) == ([], 0, [])


async def test_management_is_counted_by_route() -> None:
    _, counted = await told_of(0, "/api/v1/domains/secret.example")
    assert counted.counted == [("GET", Route.path_format, 200)]


async def test_the_wait_for_a_body_makes_no_request_slow() -> None:
    async def patient(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def late() -> dict[str, object]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b""}

    async def sent(_message: object) -> None:
        pass

    counted = Counted()
    app = ObservedRequests(patient, counted, 20)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with capture_logs() as logs:
        await app(scope, late, sent)
    assert logs == []


async def test_phases_are_of_the_request_alone() -> None:
    assert CURRENT.get() is None
    assert note_phase("database", 0.0) > 0
    await told_of(20)
    assert CURRENT.get() is None
