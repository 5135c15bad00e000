"""Asks for URLs as clients do: one address after the other, and on to where the answers lead."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.observations import Failure, FailureReason, HttpAnswer, Stage
from app.net.failures import ConversationError, shown
from app.net.http import WebRequest, find_redirect, send_request
from app.net.streams import Handshake
from app.net.tls import server_name_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.core.observations import TlsSession
    from app.net.address_policy import Address
    from app.net.dialer import Dialer
    from app.net.http import WebResponse, WebTarget
    from app.net.lines import Lines
    from app.net.silences import Visit
    from app.net.streams import Stream

AGENT: Final = ("User-Agent", "Signpost")
GET: Final = WebRequest(method="GET", headers=(AGENT, ("Accept", "*/*")))
_MAX_REDIRECTS: Final = 5
_MAX_ADDRESSES: Final = 3
_MOVED: Final = frozenset({301, 302})
_SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and where."""

    target: WebTarget
    request: WebRequest


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    response: WebResponse
    body: bytes | None = None
    """As far as who asks reads bodies; None where it was not read to its end."""


@dataclass(slots=True)
class Progress:
    """How far asking once got, also where it fails."""

    stage: Stage = Stage.CONNECT
    tls: TlsSession | None = None

    def failure(self, error: ConversationError) -> Failure:
        """Return what ended it as a fact; where another met with it, as far as that one got."""
        return Failure(stage=error.stage or self.stage, reason=error.reason, detail=error.detail)


@asynccontextmanager
async def first_connection(
    dialer: Dialer, addresses: tuple[Address, ...], port: int, visit: Visit | None = None
) -> AsyncIterator[Stream]:
    """Connect to the first address that takes a connection.

    Args:
        dialer: What connects.
        addresses: Where to, in their order.
        port: Their port.
        visit: What is wanted there; None where it does not matter to whom a host was silent.

    Raises:
        ConversationError: When none does; the last one's reason.
    """
    ended = ConversationError(FailureReason.UNREACHABLE, "has no address")
    for address in addresses[:_MAX_ADDRESSES]:
        async with AsyncExitStack() as stack:
            try:
                stream = await stack.enter_async_context(dialer.connection(address, port, visit=visit))
            except ConversationError as error:
                ended = error
            else:
                yield stream
                return
    raise ended


async def ask_once(
    stream: Stream, question: Question, progress: Progress, handshake: Handshake | None = None
) -> tuple[WebResponse, Lines]:
    """Shake hands where the URL is https, send the request, and read the answer's header.

    Args:
        stream: The connection.
        question: What is asked.
        progress: How far it gets.
        handshake: How to start TLS; as clients of today do, with nothing verified, where it is left out.

    Raises:
        ConversationError: When there is none.
    """
    target = question.target
    if target.scheme == "https":
        progress.stage = Stage.HANDSHAKE
        progress.tls = await stream.start_tls(handshake or Handshake(server_name_of(target.hostname)))
    progress.stage = Stage.REQUEST
    return await send_request(stream, target, question.request)


async def follow(
    question: Question,
    reply: Reply,
    ask: Callable[[Question, Progress], Awaitable[Reply]],
    *,
    may_go_plain: bool = False,
) -> tuple[HttpAnswer, Reply]:
    """Go on as long as the answers lead on, from https to http only where that is wanted.

    Args:
        question: What was asked first.
        reply: What came back.
        ask: Asks elsewhere; a ``ConversationError`` of it is a fact of the answer.
        may_go_plain: Whether to follow from https to http.

    Returns:
        Where that ended, without headers, and the last reply.
    """
    redirects: tuple[str, ...] = ()
    tls: TlsSession | None = None
    failure: Failure | None = None
    while len(redirects) < _MAX_REDIRECTS and (onward := find_next(question, reply.response)) is not None:
        is_led_to_plain = question.target.scheme == "https" and onward.target.scheme != "https"
        redirects, tls = (*redirects, shown(question.target.url)), None
        question, progress = onward, Progress()
        if is_led_to_plain and not may_go_plain:
            break
        try:
            reply = await ask(question, progress)
        except ConversationError as error:
            failure = progress.failure(error)
            break
        tls = progress.tls
    url = shown(question.target.url)
    answer = HttpAnswer(status=reply.response.status, url=url, redirects=redirects, tls=tls, failure=failure)
    return answer, reply


def find_next(question: Question, response: WebResponse) -> Question | None:
    """Return what clients ask next; None where the answer leads nowhere."""
    location = response.location
    target = None if location is None else find_redirect(question.target, location)
    if target is None:
        return None
    return Question(
        target, GET if _becomes_get(question.request.method, response.status) else question.request
    )


def _becomes_get(method: str, status: int) -> bool:
    """Tell whether the next request is a GET without a body.

    Most HTTP stacks make one of a POST that was moved (RFC 9110 §15.4.2, protocol brief §2.2). Clients of
    DAV go on with PROPFIND even after 303, which their well-known URLs may answer (RFC 6764 §5).
    """
    if status == _SEE_OTHER:
        return method != "PROPFIND"
    return method == "POST" and status in _MOVED
