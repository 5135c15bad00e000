"""Bulk requests: lines in, their results out, both as they come and in bounded memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect
from typing_extensions import override

from app.api.dependencies import DRY_RUN_HEADER
from app.api.schemas.bulk import Tally, written_outcome
from app.api.spool import Spool
from app.core.domain_lines import NumberedLine, read_line
from app.core.errors import AppError, NotAuthenticated, TooMuchInput
from app.core.line_splitting import LineSplitter
from app.services.bulk import Batch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence

    from fastapi import Request
    from starlette.types import Receive, Scope, Send

    from app.services.bulk import BulkService
    from app.services.bulk_planning import BulkRules, Outcome
    from app.services.callers import Caller
    from app.settings import Settings

NDJSON: Final = "application/x-ndjson"
_IDLE_SECONDS: Final = 0.1
_READ_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """A bulk request: who sends it, and how its lines are to be taken."""

    request: Request
    service: BulkService
    caller: Caller
    rules: BulkRules
    settings: Settings
    holds: Callable[[], Awaitable[bool]]
    """Tells whether the token that it was let in with still is one."""

    async def check_token(self) -> None:
        """Check the token once more: lines may go on coming for hours.

        Raises:
            NotAuthenticated: When it was revoked or has ended meanwhile.
        """
        if not await self.holds():
            raise NotAuthenticated

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {DRY_RUN_HEADER: "true"} if self.caller.call.dry_run else {}

    @property
    def public_url(self) -> str:
        """Where the pages of problems are."""
        return str(self.settings.public_url)

    def written(self, outcomes: Iterable[Outcome]) -> bytes:
        """Write outcomes as lines."""
        return "".join([written_outcome(one, self.public_url) for one in outcomes]).encode()


class _Reader:
    """Reads lines out of bytes, up to the limits."""

    def __init__(self, settings: Settings) -> None:
        self._splitter = LineSplitter(settings.bulk_max_line_bytes)
        self._max_lines = settings.bulk_max_lines

    def feed(self, data: bytes) -> Iterator[NumberedLine]:
        """Give the lines that end in these bytes.

        Raises:
            TooMuchInput: Before the first line that is too many.
        """
        return self._read(self._splitter.feed(data))

    def finish(self) -> Iterator[NumberedLine]:
        """Give the last line, which may have no end."""
        return self._read(self._splitter.finish())

    def _read(self, lines: Iterator[tuple[int, bytes | None]]) -> Iterator[NumberedLine]:
        for number, data in lines:
            if number > self._max_lines:
                raise TooMuchInput(self._max_lines, "lines")
            yield read_line(number, data)


class _Incoming:
    """A request's body, of which the next part is always being waited for."""

    def __init__(self, request: Request) -> None:
        self._parts = aiter(request.stream())
        self._next: asyncio.Task[bytes | None] = asyncio.ensure_future(self._take())

    async def _take(self) -> bytes | None:
        return await anext(self._parts, None)

    async def has_more(self, seconds: float) -> bool:
        """Wait a while for the next part, or the end; tell whether that is there."""
        if not self._next.done():
            await asyncio.wait([self._next], timeout=seconds)
        return self._next.done()

    async def next(self) -> bytes | None:
        """Return the next part; None at the end.

        Raises:
            ClientDisconnect: When the client went away before the end.
        """
        part = await self._next
        if part is not None:
            self._next = asyncio.ensure_future(self._take())
        return part

    async def drain(self) -> None:
        """Read to the end."""
        while await self.next() is not None:
            pass

    async def close(self) -> None:
        """Wait for nothing any more."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)


class EachLineResponse(Response):
    """Does lines in batches while they come, each batch a transaction, and answers as batches are done."""

    def __init__(self, bulk: BulkRequest) -> None:
        """Take the request, whose body is not read yet."""
        super().__init__(status_code=200, headers=bulk.headers, media_type=NDJSON)
        # Nobody knows how long it will be.
        del self.headers["content-length"]
        self._bulk = bulk
        self._reader = _Reader(bulk.settings)
        self._batch = Batch()
        self._tally = Tally()
        self._under_way: asyncio.Task[list[Outcome]] | None = None
        """The batch that is being done while the next one is read."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, do and answer; the reading never waits for the answer to be taken."""
        with Spool() as results:
            work = asyncio.create_task(self._work(results))
            try:
                await self._send(results, work, send)
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    async def _send(self, results: Spool, work: asyncio.Task[None], send: Send) -> None:
        is_started = False
        async for part in results.stream():
            if not is_started:
                start = {"type": "http.response.start", "status": self.status_code}
                await send({**start, "headers": self.raw_headers})
                is_started = True
            await send({"type": "http.response.body", "body": part, "more_body": True})
        # Raises what ended the work before there was anything to answer.
        await work
        if is_started:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _work(self, results: Spool) -> None:
        error: AppError | None = None
        body = _Incoming(self._bulk.request)
        try:
            try:
                await self._do_all(body, results)
            except AppError as refused:
                if not results.size and not isinstance(refused, TooMuchInput):
                    raise
                error = refused
            # A client that is still sending would not read the answer yet.
            await body.drain()
            results.write(self._tally.written(error, self._bulk.public_url).encode())
        except ClientDisconnect:
            # There is nobody to tell. Batches that were done stay done, the rest is not begun.
            pass
        finally:
            await body.close()
            if self._under_way is not None:
                await asyncio.gather(self._under_way, return_exceptions=True)
            results.close()

    async def _do_all(self, body: _Incoming, results: Spool) -> None:
        try:
            while True:
                # Whoever waits for an answer before sending more is not kept waiting.
                if self._is_behind and not await body.has_more(_IDLE_SECONDS):
                    await self._settle(results)
                data = await body.next()
                if data is None:
                    break
                for line in self._reader.feed(data):
                    await self._take(line, results)
            for line in self._reader.finish():
                await self._take(line, results)
        except TooMuchInput:
            await self._settle(results)
            raise
        await self._settle(results)

    @property
    def _is_behind(self) -> bool:
        """Tell whether there are lines without a result."""
        return bool(self._batch.lines) or self._under_way is not None

    async def _take(self, line: NumberedLine, results: Spool) -> None:
        if not self._batch.add(line):
            await self._flush(results)
            self._batch.add(line)
        if self._batch.is_full:
            await self._flush(results)
        if line.number % _READ_AT_ONCE == 0:
            # Others are served meanwhile, and the batch that is under way goes on.
            await asyncio.sleep(0)

    async def _flush(self, results: Spool) -> None:
        """Have the batch done, once the one before it is."""
        await self._finish_batch(results)
        lines, self._batch = self._batch.lines, Batch()
        if lines:
            await self._bulk.check_token()
            work = self._bulk.service.apply(self._bulk.caller, lines, self._bulk.rules)
            self._under_way = asyncio.ensure_future(work)

    async def _settle(self, results: Spool) -> None:
        """Have all lines done that were read."""
        await self._flush(results)
        await self._finish_batch(results)

    async def _finish_batch(self, results: Spool) -> None:
        if self._under_way is None:
            return
        # Not given up with whoever waits: it is done or undone by itself.
        outcomes = await asyncio.shield(self._under_way)
        self._under_way = None
        self._tally.add(outcomes)
        results.write(self._bulk.written(outcomes))


async def whole_response(bulk: BulkRequest) -> Response:
    """Do all lines in one transaction, once all have come; answer when it is over.

    Raises:
        LineRefused: When one cannot be done and that undoes all.
        NotAuthenticated: When the token no longer holds once all lines have come.
        TooMuchInput: When there are more lines or bytes than are taken.
    """
    results, tally = Spool(), Tally()
    try:
        with Spool() as body:
            await _receive(bulk, body)
            await bulk.check_token()

            def tell(outcomes: Sequence[Outcome]) -> None:
                tally.add(outcomes)
                results.write(bulk.written(outcomes))

            await bulk.service.apply_whole(bulk.caller, _batches(bulk, body), tell, bulk.rules)
        results.write(tally.written(None, bulk.public_url).encode())
        results.close()
    except BaseException:
        results.__exit__(None, None, None)
        raise
    return StreamingResponse(_sent(results), headers=bulk.headers, media_type=NDJSON)


async def _receive(bulk: BulkRequest, body: Spool) -> None:
    limit = bulk.settings.bulk_max_whole_bytes
    is_over = False
    async for part in bulk.request.stream():
        # Read to the end all the same: a client that is still sending would not read the answer.
        is_over = is_over or body.size + len(part) > limit
        if not is_over:
            body.write(part)
    if is_over:
        raise TooMuchInput(limit, "bytes")


async def _batches(bulk: BulkRequest, body: Spool) -> AsyncIterator[Sequence[NumberedLine]]:
    reader, batch = _Reader(bulk.settings), Batch()
    for lines in chain(map(reader.feed, body.parts()), [reader.finish()]):
        for line in lines:
            if not batch.add(line):
                yield batch.lines
                batch = Batch()
                batch.add(line)
            if batch.is_full:
                yield batch.lines
                batch = Batch()
        await asyncio.sleep(0)
    if batch.lines:
        yield batch.lines


async def _sent(results: Spool) -> AsyncIterator[bytes]:
    with results:
        async for part in results.stream():
            yield part
