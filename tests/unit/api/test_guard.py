"""Requests that are too large, too slow or too long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from app.api.allowances import OWN_ALLOWANCES, Allowance
from app.api.application import create_api
from app.api.guard import RequestGuard
from app.settings import Settings
from starlette.exceptions import HTTPException

from asgi import ask

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX = 100_000
STREAM = "/api/v1/stream"
OWN = {STREAM: Allowance(has_body_limit=False, has_deadline=False)}


def settings(**values: Any) -> Settings:
    return Settings(database_url="sqlite+aiosqlite:///:memory:", max_body_bytes=MAX, **values)


def guarded(app: ASGIApp, **values: Any) -> RequestGuard:
    return RequestGuard(app, settings(**values), OWN)


async def answer_well(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body to its end."""
    while (await receive()).get("more_body"):
        pass
    await answer_well(send)


@pytest.mark.parametrize(
    ("length", "body", "chunks_read"),
    [
        (b"100001", [b"x" * 100_001], 0),
        (b"9" * 30, [b"x"], 0),
        (None, [b"x" * 50_000, b"x" * 50_000, b"x", b"x"], 3),
        (b"3", [b"x" * 100_001], 1),
        (b"-1", [b"x" * 100_001], 1),
        (b"x", [b"x" * 100_001], 1),
    ],
)
async def test_a_body_over_the_limit_ends_the_request(
    length: bytes | None, body: list[bytes], chunks_read: int
) -> None:
    headers = [] if length is None else [(b"content-length", length)]
    chunks = 0

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        async def counted() -> Message:
            nonlocal chunks
            chunks += 1
            return await receive()

        await guarded(read_all)(scope, counted, send)

    with pytest.raises(HTTPException) as refused:
        await ask(count, "POST", "/", headers=headers, body=body)
    assert (refused.value.status_code, chunks) == (413, chunks_read)


async def test_a_body_up_to_the_limit_passes() -> None:
    headers = [(b"content-length", b"100000")]
    body = [b"x" * 40_000, b"x" * 60_000]
    assert (await ask(guarded(read_all), "POST", "/", headers=headers, body=body)).status == 204


async def test_a_route_that_reads_in_a_stream_has_no_limit() -> None:
    answer = await ask(guarded(read_all), "POST", STREAM, body=[b"x" * MAX] * 5)
    assert (answer.status, answer.chunks_read) == (204, 5)


async def send_slowly(app: ASGIApp, path: str, parts: list[bytes], pause: float) -> list[Message]:
    """Send a body of which each part takes its time, and one more that never comes."""
    sent: list[Message] = []
    rest = iter(parts)

    async def receive() -> Message:
        part = next(rest, None)
        await asyncio.sleep(pause if part is not None else 3600)
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "state": {"request_id": "1"}}
    await app(scope, receive, send)
    return sent


async def test_a_body_that_drips_is_given_up_however_often_a_part_of_it_comes() -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(HTTPException) as refused:
        await send_slowly(guarded(read_all, body_seconds=1), "/", [b"x"] * 1000, 0.3)
    assert refused.value.status_code == 408
    assert refused.value.headers == {"Connection": "close"}
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_body_that_comes_along_gains_time() -> None:
    parts = 5
    seen: list[Message] = []

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([await receive() for _ in range(parts)])
        await answer_well(send)

    # More than a second in all, and at more than a kB a second.
    await send_slowly(guarded(read, body_seconds=1), "/", [b"x" * 1000] * parts, 0.3)
    assert len(seen) == parts


async def test_in_a_stream_each_part_has_its_time() -> None:
    parts = 5

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(parts):
            await receive()
        await answer_well(send)
        await receive()

    with pytest.raises(HTTPException) as refused:
        await send_slowly(guarded(read, body_seconds=1), STREAM, [b"x"] * parts, 0.4)
    assert refused.value.status_code == 408


async def test_what_comes_after_the_body_has_no_time_limit() -> None:
    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        # As a streamed answer waits for its client to go.
        await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(receive())), 30)

    messages = iter([b"x"])

    async def receive() -> Message:
        for body in messages:
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.sleep(1.5)
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await guarded(listen, body_seconds=1)(scope, receive, send)


async def linger(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(3600)


def inside(app: ASGIApp, **values: Any) -> ASGIApp:
    """Put a guarded application where the real one's settings are found."""
    api = create_api(settings(**values))

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        own = {**scope, "app": api, "state": {"request_id": "0"}}
        await guarded(app, **values)(own, receive, send)

    return call


async def test_a_management_request_that_takes_too_long_is_given_up_with_a_problem() -> None:
    answer = await ask(inside(linger, request_seconds=1), "GET", "/api/v1/domains")
    assert answer.status == 503
    assert answer.media_type == "application/problem+json"
    assert b"/problems/took-too-long" in answer.body
    assert b"after 1 seconds" in answer.body
    assert answer.headers["retry-after"] == "5"


async def test_a_deadline_while_the_body_is_awaited_is_the_clients_fault() -> None:
    app = inside(read_all, request_seconds=1, body_seconds=20)
    start, body = await send_slowly(app, "/api/v1/domains", [], 0)
    assert start["status"] == 408
    assert b"Request Timeout" in body["body"]
    assert (b"connection", b"close") in start["headers"]


async def test_an_answer_under_way_is_cut_off_and_not_finished() -> None:
    async def begin(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(3600)

    with structlog.testing.capture_logs() as events:
        sent = await send_slowly(guarded(begin, request_seconds=1), "/api/v1/domains", [], 0)
    assert [message.get("more_body") for message in sent] == [None, True]
    assert [(line["event"], line["request_id"]) for line in events] == [("request_cut_off", "1")]


FOLLOWED = "domains/a.example/verifications/0123456789abcdef/events"


@pytest.mark.parametrize("path", [STREAM, f"/api/v1/{FOLLOWED}", f"/admin/{FOLLOWED}"])
async def test_a_stream_that_nobody_takes_is_cut_off(path: str) -> None:
    async def pour(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def nothing() -> Message:
        raise AssertionError

    async def take_nothing(_message: Message) -> None:
        await asyncio.sleep(3600)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "state": {"request_id": "1"}}
    with structlog.testing.capture_logs() as events:
        await guarded(pour, body_seconds=1)(scope, nothing, take_nothing)
    assert [line["event"] for line in events] == ["request_cut_off"]


async def test_a_timeout_of_the_applications_own_is_left_to_it() -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await ask(guarded(fail), "GET", "/api/v1/domains")


async def test_mail_clients_are_not_given_up_while_we_work_for_them() -> None:
    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.5)
        await answer_well(send)

    assert (await ask(guarded(work, request_seconds=1), "GET", "/mail/config-v1.1.xml")).status == 204


async def test_what_is_no_request_passes() -> None:
    seen = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing() -> Message:
        raise AssertionError

    async def ignore(_message: Message) -> None:
        raise AssertionError

    await guarded(note)({"type": "lifespan"}, nothing, ignore)
    assert seen == ["lifespan"]


def test_each_path_with_an_allowance_of_its_own_is_a_route() -> None:
    assert set(OWN_ALLOWANCES) <= set(create_api(settings()).openapi()["paths"])
