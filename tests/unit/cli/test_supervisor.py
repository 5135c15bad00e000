"""What becomes of processes that do not serve; those of these tests are real."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING, Final

import pytest
from app.cli.crew.supervisor import Counted, Supervisor
from structlog.testing import capture_logs

import serving_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.cli.crew.child import Serve
    from structlog.typing import EventDict

pytestmark = pytest.mark.slow

PATIENCE_SECONDS: Final = 60


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


async def run(listening: socket.socket, serve: Serve, until: Callable[[], bool] | None = None) -> bool:
    """Run a supervisor to its end, or tell it to stop once it has come to something."""
    supervisor = Supervisor(listening, 2, patience_seconds=1, serve=serve)
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while until is not None and not until():  # noqa: ASYNC110 - logs tell nobody
            await asyncio.sleep(0.1)
    if until is not None:
        os.kill(os.getpid(), signal.SIGTERM)
    return await asyncio.wait_for(running, PATIENCE_SECONDS)


def codes(logs: Sequence[EventDict]) -> list[int]:
    return [line["code"] for line in logs if line["event"] == "process_ended"]


def pauses(logs: Sequence[EventDict], slot: int) -> list[float]:
    """Return after how many seconds each there was to be another process in a place."""
    replaced = [line for line in logs if line["event"] == "process_to_be_replaced"]
    return [line["in_seconds"] for line in replaced if line["slot"] == slot]


async def test_where_none_can_serve_it_is_over_at_once(listening: socket.socket) -> None:
    with capture_logs() as logs:
        assert not await run(listening, serving_parts.fail_at_once)
    assert set(codes(logs)) == {7}
    assert len(codes(logs)) <= 2


async def test_one_that_cannot_be_replaced_does_not_end_the_others(listening: socket.socket) -> None:
    with capture_logs() as logs:
        assert await run(listening, serving_parts.fail_in_one_place, until=lambda: len(pauses(logs, 1)) > 2)
    assert pauses(logs, 1)[:3] == [0.5, 1.0, 2.0]
    assert pauses(logs, 0) == []


async def test_those_that_never_serve_for_long_are_started_less_and_less_often(
    listening: socket.socket,
) -> None:
    with capture_logs() as logs:
        served = serving_parts.say_nothing_of_stopping
        assert await run(listening, served, until=lambda: len(pauses(logs, 0)) > 3)
    assert pauses(logs, 0)[:4] == [0.5, 1.0, 2.0, 4.0]


async def test_one_that_ends_within_a_line_is_seen_to_end(listening: socket.socket) -> None:
    with capture_logs() as logs:
        assert await run(listening, serving_parts.end_within_a_line, until=lambda: len(codes(logs)) > 1)
    assert set(codes(logs)) <= {7, -signal.SIGKILL}


def test_what_was_counted_stays_when_a_process_goes() -> None:
    counted, ours, theirs = Counted(), object(), object()
    text = "# HELP a_total x\n# TYPE a_total counter\na_total {}\n# HELP g x\n# TYPE g gauge\ng 1\n"
    counted.note(ours, text.format(3))  # type: ignore[arg-type] # a key, no more
    counted.note(theirs, text.format(4))  # type: ignore[arg-type]
    assert counted.total() == text.format(7).replace("g 1", "g 2")
    counted.close(ours)  # type: ignore[arg-type]
    assert counted.total() == text.format(7)
    counted.note(theirs, text.format(5))  # type: ignore[arg-type]
    assert counted.total() == text.format(8)
