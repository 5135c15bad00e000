"""Why a conversation with another host cannot go on, and how what hosts say is shown."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason

if TYPE_CHECKING:
    from app.core.observations import Stage

MAX_SHOWN: Final = 200
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_REASONS: Final = {
    errno.ECONNREFUSED: FailureReason.REFUSED,
    errno.ETIMEDOUT: FailureReason.TIMED_OUT,
    errno.ECONNRESET: FailureReason.CUT,
    errno.EPIPE: FailureReason.CUT,
    errno.ECONNABORTED: FailureReason.CUT,
}


class ConversationError(Exception):
    """A conversation that cannot go on; whoever runs it makes an observation of it."""

    def __init__(self, reason: FailureReason, detail: str = "", stage: Stage | None = None) -> None:
        """Take the reason, what the far side or the system said, and how far another got who met with it."""
        super().__init__(detail)
        self.reason = reason
        self.detail = shown(detail)
        self.stage = stage
        """Of another's conversation, whose end is taken for this one's; None for this one's own."""


def of_system(error: OSError) -> ConversationError:
    """Say what an error of the system means."""
    reason = _REASONS.get(error.errno or 0, FailureReason.UNREACHABLE)
    return ConversationError(reason, error.strerror or type(error).__name__)


def shown(said: bytes | str) -> str:
    """Return what a host said as one line of at most 200 characters that is safe to store and to show."""
    text = said if isinstance(said, str) else said[: 4 * MAX_SHOWN].decode("utf-8", "replace")
    return _UNSHOWABLE.sub(" ", text[: 2 * MAX_SHOWN]).strip()[:MAX_SHOWN]


def as_word(said: str) -> str:
    """Return one word of what a host said in upper case, safe to store and to show.

    What is not is replaced, never left out: a word must not become another one that means something.
    """
    return _UNSHOWABLE.sub("\ufffd", said[:MAX_SHOWN]).upper()


def words_of(said: bytes) -> list[str]:
    """Return the words of a line in upper case, each safe to store and to show."""
    return [as_word(word) for word in said.decode("ascii", "replace").split()]
