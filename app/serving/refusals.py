"""What is said where there is no document: made as the formats make it, and proved to name no request.

Refusals repeat nothing of what was asked. Only Autodiscover's say when that was.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.core.replies import not_available
from app.serving.templates import END_OF_FIELDS, ID_FIELD, MODEL, PROOFS, ordinary_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.serving.templates import Asking

_MARK: Final = b"\0"


class Refusal:
    """A reply without a document."""

    __slots__ = ("_fields", "_pieces", "_stamp", "status")

    def __init__(
        self, status: int, answer: tuple[bytes, bytes], stamp: Callable[[datetime], str] | None
    ) -> None:
        """Take the header fields, the body with a mark for the moment, and how that is written."""
        self.status = status
        self._fields, body = answer
        self._pieces = body.split(_MARK)
        self._stamp = stamp

    def fill(self, _local: bytes, _domain: bytes) -> tuple[bytes, bytes]:
        """Write the reply as a template does."""
        if self._stamp is None:
            return self._fields, self._pieces[0]
        return self._fields, self._stamp(datetime.now(UTC)).encode().join(self._pieces)

    def parts(self, local: bytes, domain: bytes, request_id: bytes) -> tuple[bytes, ...]:
        """Write it in parts as a template does."""
        fields, body = self.fill(local, domain)
        return fields, ID_FIELD, request_id, END_OF_FIELDS, body


def refuse_for_now(asking: Asking, sentence: str) -> Refusal:
    """Make the reply for when there is too much to do."""
    reply = not_available(asking.client_format, asking.request(*MODEL, 0), sentence)
    return Refusal(reply.status, ordinary_answer(reply, asking.wording.method), None)


def refuse_unknown(asking: Asking) -> Refusal | None:
    """Make the reply for a domain that nobody has; None where it depends on the request."""
    method, stamp = asking.wording.method, asking.client_format.stamp
    found: set[tuple[int, tuple[bytes, bytes]]] = set()
    for number, words in enumerate((MODEL, *PROOFS)):
        request = asking.request(*words, number)
        inquiry = asking.client_format.inquire(request)
        if len(inquiry.questions) != 1:
            return None
        reply = inquiry.answer((None,))
        fields, body = ordinary_answer(reply, method)
        if stamp is not None:
            body = body.replace(stamp(request.received_at).encode(), _MARK)
        found.add((reply.status, (fields, body)))
    if len(found) != 1:
        return None
    ((status, answer),) = found
    return Refusal(status, answer, stamp)
