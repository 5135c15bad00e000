"""Fetches documents as clients do, certificates verified, redirects followed, all of it limited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.dns_lookups import LookupStatus
from app.core.observations import Failure, FailureReason, Stage
from app.discovery.places import holds_address
from app.net.addresses import resolve
from app.net.failures import ConversationError, shown
from app.net.http import target_of
from app.net.streams import Handshake
from app.net.web_asking import GET, Progress, Question, Reply, ask_once, first_connection, follow
from app.net.web_bodies import read_document

if TYPE_CHECKING:
    import ssl

    from app.core.dns_lookups import Lookup
    from app.core.names import EmailAddress
    from app.core.observations import HttpAnswer
    from app.net.dialer import Dialer
    from app.net.http import WebRequest, WebTarget
    from app.net.resolver import Resolver

_ADDRESS_IN_CLEAR: Final = "is plain http and has the address in it, so that it is not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came for a URL."""

    url: str
    """The one that answered last, or that did not answer."""
    redirects: tuple[str, ...] = ()
    status: int | None = None
    location: str | None = None
    """Where the last answer leads, where that was not followed."""
    media_type: str = ""
    body: bytes | None = None
    """None where the status is another than 200, or it was longer than any document."""
    has_addresses: bool = True
    """False where the DNS has none for the host."""
    failure: Failure | None = None

    @property
    def was_plain(self) -> bool:
        """Whether any part of the way was without TLS."""
        return any(url.startswith("http:") for url in (self.url, *self.redirects))


class WebReader:
    """Reads documents from the web."""

    def __init__(self, dialer: Dialer, resolver: Resolver, verifier: ssl.SSLContext) -> None:
        """Take what connects, what finds addresses, and what verifies certificates."""
        self._dialer = dialer
        self._resolver = resolver
        self._verifier = verifier

    async def fetch(
        self,
        url: str,
        request: WebRequest = GET,
        *,
        follows: bool = True,
        may_go_plain: bool = False,
        address: EmailAddress | None = None,
    ) -> Fetched:
        """Fetch; whatever goes wrong is in what is returned.

        Args:
            url: What to fetch.
            request: How to ask.
            follows: Whether to go where an answer leads.
            may_go_plain: Whether also from https to http, as clients of autoconfig do.
            address: Whose settings are asked for, where the URL tells: no URL of http with it is asked.
        """
        target = target_of(url)
        if target is None:
            return Fetched(url=shown(url), failure=_no_address("is no URL that can be asked"))
        question, progress = Question(target, request), Progress()
        try:
            reply = await self._ask(question, progress)
        except _NoAddressError:
            return Fetched(url=shown(url), has_addresses=False, failure=_no_address("has no address"))
        except ConversationError as error:
            return Fetched(url=shown(url), failure=progress.failure(error))
        if not follows:
            return _fetched(reply, shown(target.url))

        async def ask_onward(onward: Question, progress: Progress) -> Reply:
            if address is not None and _tells_everybody(onward.target, address):
                raise ConversationError(FailureReason.UNREACHABLE, _ADDRESS_IN_CLEAR)
            return await self._ask(onward, progress)

        answer, last = await follow(question, reply, ask_onward, may_go_plain=may_go_plain)
        return _fetched(last, answer.url, answer)

    async def _ask(self, question: Question, progress: Progress) -> Reply:
        resolved = await resolve(self._resolver, question.target.hostname)
        if not resolved.addresses:
            unanswered = [lookup for lookup in resolved.lookups if not lookup.is_answered]
            if not unanswered:
                raise _NoAddressError
            raise ConversationError(FailureReason.UNREACHABLE, _said(unanswered[0]))
        handshake = Handshake(question.target.hostname, verifier=self._verifier)
        async with first_connection(self._dialer, resolved.addresses, question.target.port) as stream:
            response, reader = await ask_once(stream, question, progress, handshake)
            return Reply(response, await read_document(reader, response))


class _NoAddressError(ConversationError):
    """The DNS says that the host has no address."""

    def __init__(self) -> None:
        super().__init__(FailureReason.UNREACHABLE, "has no address")


def _tells_everybody(target: WebTarget, address: EmailAddress) -> bool:
    return target.scheme == "http" and holds_address(target.url, address)


def _said(lookup: Lookup) -> str:
    if lookup.status is LookupStatus.BOGUS:
        return "has addresses whose signatures do not hold (DNSSEC)"
    return f"is a name of which the DNS says nothing ({lookup.detail or lookup.status})"


def _no_address(detail: str) -> Failure:
    return Failure(stage=Stage.CONNECT, reason=FailureReason.UNREACHABLE, detail=detail)


def _fetched(reply: Reply, url: str, answer: HttpAnswer | None = None) -> Fetched:
    response = reply.response
    return Fetched(
        url=url,
        redirects=() if answer is None else answer.redirects,
        status=response.status,
        location=response.location,
        media_type=response.media_type,
        body=reply.body,
        failure=None if answer is None else answer.failure,
    )
