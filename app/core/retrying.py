"""When what was not taken is sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

# The schedule that Standard Webhooks gives as its example: three days in all.
_WAITS_SECONDS: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
MAX_ATTEMPTS: Final = len(_WAITS_SECONDS) + 1
MAX_WAIT: Final = timedelta(hours=24)
_MAX_JITTER: Final = 0.2
_MAX_REST_SECONDS: Final = 60
# Larger numbers are no span that anybody means, and would not fit a timedelta.
_MAX_DIGITS: Final = 9


def retry_wait(attempts: int, jitter: float, asked: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after so many attempts; None where it is given up.

    Args:
        attempts: How many were made, at least one.
        jitter: Between 0 and 1: how much of a fifth the wait is made longer by, so that what failed
            together does not come back together.
        asked: What the receiver asked for; honoured up to a day.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    wait = timedelta(seconds=_WAITS_SECONDS[attempts - 1] * (1 + _MAX_JITTER * jitter))
    return min(max(wait, asked or timedelta(0)), MAX_WAIT)


def rest_after(failures: int, asked: timedelta | None = None) -> timedelta:
    """Return how long a receiver is left alone after so many failures in a row.

    Short, since one event that a receiver cannot take must not keep all others from it.
    """
    seconds = min(2 ** min(failures - 1, 10), _MAX_REST_SECONDS)
    return min(max(timedelta(seconds=seconds), asked or timedelta(0)), MAX_WAIT)


def parse_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Read a ``Retry-After`` header (RFC 9110 §10.2.3); None where there is none that can be read."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) <= _MAX_DIGITS else MAX_WAIT
    try:
        moment = parsedate_to_datetime(text)
        # Dates in HTTP are in GMT, whether they say so or not.
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(moment - now, timedelta(0))
    except (ValueError, OverflowError):
        return None
