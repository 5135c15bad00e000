"""What becomes of processes that do not serve; those of these tests are real."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from app.cli.crew.child import STEADY_SECONDS
from app.cli.crew.supervisor import MOST_FAILURES, Counted, Supervisor
from structlog.testing import capture_logs

import serving_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.cli.crew.child import Serve

pytestmark = pytest.mark.slow


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


async def run(listening: socket.socket, serve: Serve, stop_after: float | None = None) -> bool:
    supervisor = Supervisor(listening, 2, patience_seconds=1, serve=serve)
    running = asyncio.create_task(supervisor.run())
    if stop_after is not None:
        await asyncio.sleep(stop_after)
        os.kill(os.getpid(), signal.SIGTERM)
    return await asyncio.wait_for(running, 60)


async def test_where_none_can_serve_it_is_over_at_once(listening: socket.socket) -> None:
    with capture_logs() as logs:
        assert not await run(listening, serving_parts.fail_at_once)
    ended = [line for line in logs if line["event"] == "process_ended"]
    assert {line["code"] for line in ended} == {7}
    assert len(ended) <= 2


async def test_one_that_cannot_be_replaced_does_not_end_the_others(listening: socket.socket) -> None:
    with capture_logs() as logs:
        assert await run(listening, serving_parts.fail_in_one_place, stop_after=6)
    pauses = [line["in_seconds"] for line in logs if line["event"] == "process_to_be_replaced"]
    assert pauses[:3] == [0.5, 1.0, 2.0]


async def test_those_that_never_serve_for_long_are_started_less_and_less_often(
    listening: socket.socket,
) -> None:
    assert MOST_FAILURES > 3, "or it would be over before"
    with capture_logs() as logs:
        assert await run(listening, serving_parts.say_nothing_of_stopping, stop_after=6)
    started = sum(line["event"] == "process_started" for line in logs)
    assert 4 <= started <= 10
    assert STEADY_SECONDS > 6


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
