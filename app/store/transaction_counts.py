"""How many transactions there were, how they ended, and how long they were open."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING

from app.core.durations import Durations, note_phase
from app.core.errors import NotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterator


class TransactionKind(StrEnum):
    """What a transaction is for."""

    DISCOVERING = "discovering"
    """Reads for mail clients, where the database has a way of its own for them."""
    READING = "reading"
    WRITING = "writing"


class Ending(StrEnum):
    """How a transaction ended."""

    DONE = "done"
    ABANDONED = "abandoned"
    """Something was refused within it."""
    UNAVAILABLE = "unavailable"
    """The database did not answer."""


class TransactionCounts:
    """The transactions of this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self.endings: Counter[tuple[TransactionKind, Ending]] = Counter()
        self.durations = {kind: Durations() for kind in TransactionKind}

    @contextmanager
    def counting(self, kind: TransactionKind) -> Iterator[None]:
        """Count what is done in the block as a transaction."""
        began = perf_counter()
        ending = Ending.ABANDONED
        try:
            yield
            ending = Ending.DONE
        except NotAvailable:
            ending = Ending.UNAVAILABLE
            raise
        finally:
            self.endings[kind, ending] += 1
            self.durations[kind].add(note_phase("database", began))
