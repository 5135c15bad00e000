"""Connections that clients open: how long they may take over a request's header, and how large it may be.

The server itself closes connections that wait for their next request, but waits for ever for the first
one, for the rest of a header, and for the rest of a body that was answered before its end.

An application may have answers to whole requests at once, without awaiting anything: such a request needs
no task, no messages, and no look at each header field, which cost more than most documents (docs/adr/0020).
Any other server calls the application in the ordinary way and sends the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, MutableMapping
    from typing import TypeAlias

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    AnswerAtOnce: TypeAlias = (
        "Callable[[MutableMapping[str, Any], bytes], tuple[int, tuple[bytes, ...]] | None]"
    )

HEADER_SECONDS: Final = 10
MAX_HEADER_BYTES: Final = 32 * 1024
LEFTOVER_SECONDS: Final = 10
"""How long the rest of a body may go on after the answer: long enough for the client to read that."""

_VERSION: Final = "1.1"
_TOO_SLOW: Final = ("408 Request Timeout", "The request's header did not come in time.")
_TOO_LARGE: Final = ("431 Request Header Fields Too Large", "The request's header is too large.")


class GuardedConnection(HttpToolsProtocol):
    """A connection that is closed when its client sends a header, or a body of no use, without an end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the server's own
        """Take what the server gives."""
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        """What came of a header that is not whole, as far as it is known to be its own."""
        self._part_bytes = 0
        self._arrived_bytes = 0
        """What came since the last header was whole, in parts as they came: never less than the header."""
        self._has_begun = False
        """Whether part of a header is there, and the rest is not."""
        self._has_header = False
        """Whether a header is there, and the end of its request is not."""
        self._has_ended = False
        """Whether a request ended in the bytes that are being read."""
        self._find_answer: AnswerAtOnce | None = getattr(self.app, "answer_at_once", None)
        self._is_leaving = False
        self._held: list[bytes] | None = None
        """Of a request that may be answered at once the parts of its body that came; else None."""
        self._idle_since: float | None = None
        """When the last request was answered at once, where none came since."""
        self._idle_timer: asyncio.TimerHandle | None = None
        self._default_fields: list[tuple[bytes, bytes]] | None = None
        self._starts: dict[int, bytes] = {}
        """By status, its line and the default header fields, as the server last set these."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Wait for the first request, for so long."""
        super().connection_made(transport)
        self._arm(HEADER_SECONDS)
        if getattr(self.server_state, "is_leaving", False):
            self.leave()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer."""
        self._disarm()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, and see whether a header is under way."""
        self._has_ended = False
        self._part_bytes = size = len(data)
        self._arrived_bytes += size
        super().data_received(data)
        if self._held is not None:
            self._begin(self._held)
        if self._has_header or (self._has_ended and not self._has_begun) or self.transport.is_closing():
            return
        if not self._has_ended:
            self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(*_TOO_LARGE)
        elif self._timer is None:
            self._arm(HEADER_SECONDS)

    @override
    def on_message_begin(self) -> None:
        """Note that a request begins; what applications are told of it is put together when one is asked."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._idle_since = None
        self._has_begun = True

    @override
    def on_headers_complete(self) -> None:
        """Note that a header is whole; a large one may have come at once."""
        if self._timer is not None:
            self._disarm()
        self._has_begun, self._has_header = False, True
        # Added up only where it may be too large.
        is_suspect = self._arrived_bytes > MAX_HEADER_BYTES
        self._header_bytes, self._arrived_bytes = 0, self._part_bytes
        if is_suspect and self._size() > MAX_HEADER_BYTES:
            self._refuse(*_TOO_LARGE)
        elif self._is_plain():
            self._held = []
        else:
            self._begin([])

    def leave(self) -> None:
        """Have the connection end with the next answer that has not begun yet."""
        self._is_leaving = True
        # Answers at once are for connections that stay.
        self._find_answer = None
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_started and not self.pipeline:
            cycle.keep_alive = False

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Begin with a request; where the connection is to end, with the last one that is there."""
        if self._is_leaving and not self.pipeline:
            cycle.keep_alive = False
        super()._start_asgi_task(cycle, app)

    def _is_plain(self) -> bool:
        """Tell whether the request may be answered at once: the connection stays, and nothing comes first."""
        cycle: RequestResponseCycle | None = self.cycle
        return (
            self._find_answer is not None
            # Of other targets some are refused, which must happen while the header is being read.
            and self.url[:1] == b"/"
            and (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and self.limit_concurrency is None
            and not self.access_log
            and self.parser.get_http_version() == _VERSION
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _begin(self, held: list[bytes]) -> None:
        """Have a request answered in the ordinary way, as far as it is there."""
        self._held = None
        url, headers, is_expecting = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, is_expecting
        self.headers.extend(headers)
        super().on_headers_complete()
        for part in held:
            super().on_body(part)

    def _is_answered(self, held: list[bytes]) -> bool:
        """Answer a whole request at once; what it takes of the server's ways is done here."""
        path, _, query = self.url.partition(b"?")
        if self._find_answer is None or b"#" in self.url:
            return False
        if self.flow.write_paused or self.transport.is_closing():
            return False
        text = path.decode("ascii")
        # As much of what applications are told as whoever answers at once, or stands before, looks at.
        scope: dict[str, Any] = {
            "type": "http",
            "scheme": self.scheme,
            "method": self.parser.get_method().decode("ascii"),
            "path": self.root_path + (unquote(text) if "%" in text else text),
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
        }
        try:
            answer = self._find_answer(scope, b"".join(held))
        except Exception:
            # The ordinary way may know better, and tells if not.
            self.logger.exception("No answer at once")
            return False
        if answer is None:
            return False
        status, parts = answer
        self._held = None
        self.server_state.total_requests += 1
        self._wait_for_next()
        self.transport.write(b"".join((self._start_of(status), *parts)))
        return True

    def _start_of(self, status: int) -> bytes:
        default_fields = self.server_state.default_headers
        if default_fields is not self._default_fields:
            self._default_fields = default_fields
            self._starts.clear()
        start = self._starts.get(status)
        if start is None:
            fields = (b"%b: %b\r\n" % named for named in default_fields)
            start = self._starts[status] = b"".join((STATUS_LINE[status], *fields))
        return start

    def _wait_for_next(self) -> None:
        # One timer for many requests: setting one costs more than looking for the document.
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._on_idle_timer)

    def _on_idle_timer(self) -> None:
        self._idle_timer = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._on_idle_timer)
        else:
            self.transport.close()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    @override
    def on_body(self, body: bytes) -> None:
        """Pass on what belongs to a request that was taken."""
        if self._held is not None:
            self._held.append(body)
        elif not self.transport.is_closing():
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """Note that a request is whole."""
        if self._timer is not None:
            self._disarm()
        self._has_header, self._has_ended = False, True
        held = self._held
        if held is not None:
            if self._is_answered(held):
                return
            self._begin(held)
        if not self.transport.is_closing():
            super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        """Give the rest of a body that nobody reads any more its time."""
        super().on_response_complete()
        if self._has_header and self.cycle.response_complete and not self.transport.is_closing():
            self._arm(LEFTOVER_SECONDS)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._on_timer)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self._has_begun and not self.transport.is_closing():
            self._refuse(*_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: str, sentence: str) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            # The answer to the request before it is under way, and must not have this in its middle.
            self.transport.close()
            return
        content = f"{sentence}\n".encode()
        header = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(header.encode() + content)
        self.transport.close()
