"""Fetches what a domain's names return, as clients do: one address after the other, redirects followed."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from app.core.observations import Failure, FailureReason, Stage
from app.core.publications import DocumentCheck, DocumentObservation
from app.net.addresses import resolve
from app.net.failures import ConversationError
from app.net.http import WebRequest, target_of
from app.net.web_asking import GET, Progress, Question, Reply, ask_once, first_connection, follow
from app.net.web_bodies import read_document

if TYPE_CHECKING:
    from app.core.observations import HttpAnswer
    from app.core.publications import ExpectedDocument
    from app.net.address_policy import Address
    from app.net.dialer import Dialer
    from app.net.resolver import Resolver

_BODY_START: Final = 512
_XML: Final = ("Content-Type", "text/xml; charset=utf-8")


class DocumentFetcher:
    """Fetches documents under the same limits and address policy as probes."""

    def __init__(self, dialer: Dialer, resolver: Resolver) -> None:
        """Take what connects, and what finds addresses."""
        self._dialer = dialer
        self._resolver = resolver

    async def check(self, expected: ExpectedDocument) -> DocumentCheck:
        """Fetch a document; whatever is wrong is in what is returned."""
        return DocumentCheck(expected=expected, seen=await self._observe(expected))

    async def _observe(self, expected: ExpectedDocument) -> DocumentObservation:
        seen = DocumentObservation(url=expected.url)
        target = target_of(expected.url)
        if target is None:
            failure = Failure(stage=Stage.CONNECT, reason=FailureReason.UNREACHABLE, detail="no URL")
            return replace(seen, failure=failure)
        question, progress = Question(target, _request(expected)), Progress()
        resolved = await resolve(self._resolver, target.hostname)
        seen = replace(seen, lookups=resolved.lookups)
        try:
            reply = await self._ask(question, progress, resolved.known_addresses())
        except ConversationError as error:
            return replace(seen, tls=progress.tls, failure=progress.failure(error))
        answer, reply = await follow(question, reply, self._ask_elsewhere)
        return _with_answer(replace(seen, tls=progress.tls), answer, reply)

    async def _ask_elsewhere(self, question: Question, progress: Progress) -> Reply:
        resolved = await resolve(self._resolver, question.target.hostname)
        return await self._ask(question, progress, resolved.known_addresses())

    async def _ask(self, question: Question, progress: Progress, addresses: tuple[Address, ...]) -> Reply:
        async with first_connection(self._dialer, addresses, question.target.port) as stream:
            response, reader = await ask_once(stream, question, progress)
            return Reply(response, await read_document(reader, response))


def _request(expected: ExpectedDocument) -> WebRequest:
    if not expected.posted:
        return GET
    return WebRequest(method="POST", headers=(*GET.headers, _XML), body=expected.posted)


def _with_answer(seen: DocumentObservation, answer: HttpAnswer, reply: Reply) -> DocumentObservation:
    body = reply.body
    return replace(
        seen,
        http=answer,
        media_type=reply.response.media_type,
        body_sha256="" if body is None else sha256(body).hexdigest(),
        body_start=(body or b"")[:_BODY_START],
    )
