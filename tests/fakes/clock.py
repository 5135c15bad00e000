"""A clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Not a whole second, so that a store which loses microseconds is found out.
NOW = datetime(2026, 3, 29, 1, 30, 15, 250_001, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class FixedClock:
    """Gives the moment that it was set to."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)
