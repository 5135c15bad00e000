"""Replies that formats share: plain refusals, and the whole way of a format with one document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from zlib import crc32

from app.core.documents import Inquiry, Presentation, Reply
from app.core.errors import RETRY_SECONDS, InvalidInput
from app.core.questions import preferred_languages

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.account import AccountSettings
    from app.core.documents import ClientFormat, ClientRequest, Document, Question

# Long enough to spare us a client's second and third request, short enough for a change to be seen soon.
MAX_AGE_SECONDS: Final = 300
MAX_AGE_UNKNOWN_SECONDS: Final = 60
ENTITY_TAG: Final = b'"%08x-%x"'
"""What ``entity_tag`` fills in with the CRC-32 and the length."""
SAFE_METHODS: Final = ("GET", "HEAD")
_OK: Final = 200
UNKNOWN: Final = "No mail settings are published for this domain."


def entity_tag(body: bytes) -> bytes:
    """Return the tag of a document that caches may keep (RFC 9110 §8.8.3).

    It has to tell a document from those that were at its place before, and no more: nobody gains by two
    that are alike, and a digest would cost more than writing the document.
    """
    return ENTITY_TAG % (crc32(body), len(body))


def reply_fields(reply: Reply, method: str) -> dict[str, str]:
    """Return the header fields of a reply, but for those that follow from its body."""
    fields = {"X-Content-Type-Options": "nosniff", "Cache-Control": _cache_control(reply)}
    if method in SAFE_METHODS:
        fields["Access-Control-Allow-Origin"] = "*"
    return {**fields, **dict(reply.headers)}


def _cache_control(reply: Reply) -> str:
    if reply.max_age_seconds is None:
        return "no-store"
    if reply.status != _OK:
        return f"max-age={reply.max_age_seconds}"
    return f"{'private' if reply.is_personal else 'public'}, max-age={reply.max_age_seconds}"


def plain_refusal(status: int, sentence: str, *headers: tuple[str, str]) -> Reply:
    """Build a refusal in one line of text, which no client takes for a document."""
    return Reply(
        status=status,
        body=f"{sentence}\n".encode(),
        headers=headers,
        max_age_seconds=MAX_AGE_UNKNOWN_SECONDS,
    )


def not_available(client_format: ClientFormat, request: ClientRequest, sentence: str) -> Reply:
    """Build the reply for when the answer cannot be found out at the moment: 503."""
    own = client_format.not_available
    reply = plain_refusal(503, sentence) if own is None else own(request)
    headers = (*reply.headers, ("Retry-After", str(RETRY_SECONDS)))
    return replace(reply, headers=headers, max_age_seconds=None)


def unknown_domain() -> Reply:
    """Build the reply for a domain that is unknown or suspended, or has nothing to tell: 404."""
    return plain_refusal(404, UNKNOWN)


def fixed_inquiry(reply: Reply) -> Inquiry:
    """Build an inquiry that needs no settings."""
    return Inquiry(answer=lambda _accounts: reply)


def presentation_for(request: ClientRequest, *, person: str | None = None) -> Presentation:
    """Build the presentation that a request asks for."""
    return Presentation(
        service_url=request.service_url,
        languages=preferred_languages(request.headers.get("accept-language")),
        person=person,
    )


def document_inquiry(
    read: Callable[[ClientRequest], Question],
    render: Callable[[AccountSettings, Presentation], Document],
) -> Callable[[ClientRequest], Inquiry]:
    """Build ``inquire`` for a format of one document that caches may keep.

    Args:
        read: Finds out whose settings are wanted; may raise InvalidInput, which is status 400.
        render: Writes the document; one that is not usable becomes status 404.
    """

    def inquire(request: ClientRequest) -> Inquiry:
        try:
            question = read(request)
        except InvalidInput as error:
            return fixed_inquiry(plain_refusal(400, str(error)))

        def answer(accounts: tuple[AccountSettings | None, ...]) -> Reply:
            (account,) = accounts
            if account is None:
                return unknown_domain()
            document = render(account, presentation_for(request))
            if not document.is_usable:
                return unknown_domain()
            return Reply(
                body=document.body,
                media_type=document.media_type,
                max_age_seconds=MAX_AGE_SECONDS,
                is_personal=question.address is not None,
            )

        return Inquiry(questions=(question,), answer=answer)

    return inquire
