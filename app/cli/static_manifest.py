"""What a static export wrote, so that the next one knows what is to be written: a small database of its own.

It may know less than is there and never claims more: before a domain's files are touched, what is known of
them is given up. So an export that was killed is gone on with by running it again.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_CHUNK: Final = 1000
_SCHEMA: Final = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS layout (name TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digests BLOB);
"""


class Manifest:
    """The domains that have files, and digests of these; not read into memory."""

    def __init__(self, path: Path, layout: str) -> None:
        """Open or create it.

        Args:
            path: The file.
            layout: Names the way in which files are written, where it is created.

        Raises:
            sqlite3.Error: When that fails.
        """
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self._connection.execute(
            "INSERT INTO layout SELECT ? WHERE NOT EXISTS (SELECT 1 FROM layout)", (layout,)
        )
        self.layout: str = self._connection.execute("SELECT name FROM layout").fetchone()[0]
        """The way in which files are written."""
        last = self._connection.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
        self._last_id: int = last[0]
        # A bit for each domain that was there at the start.
        self._seen = bytearray(self._last_id // 8 + 1)

    @property
    def had_entries(self) -> bool:
        """Whether domains had files at the start."""
        return self._last_id > 0

    def distrust(self) -> None:
        """Forget what the files hold, but not whose files there are."""
        self._connection.execute("UPDATE entry SET digests = NULL")

    def find(self, names: list[str]) -> dict[str, bytes | None]:
        """Return what is known of domains, and remember that these were asked for.

        Returns:
            The digests, None where files may be there and hold anything; nothing for domains without files.
        """
        places = ",".join("?" * len(names))
        statement = f"SELECT id, name, digests FROM entry WHERE name IN ({places})"  # noqa: S608 - marks alone
        found: dict[str, bytes | None] = {}
        for number, name, digests in self._connection.execute(statement, names):
            found[name] = digests
            if number <= self._last_id:
                self._seen[number >> 3] |= 1 << (number & 7)
        return found

    def expect(self, names: Iterable[str]) -> None:
        """Note that the files of domains are about to change."""
        self._run(
            "INSERT INTO entry (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET digests = NULL",
            ((name,) for name in names),
        )

    def record(self, written: Iterable[tuple[str, bytes]]) -> None:
        """Note what the files of domains hold."""
        self._run("UPDATE entry SET digests = ?2 WHERE name = ?1", written)

    def unseen(self) -> Iterator[list[str]]:
        """Yield the domains that had files at the start and were not asked for since, some at a time."""
        after = 0
        while True:
            rows = self._connection.execute(
                "SELECT id, name FROM entry WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
                (after, self._last_id, _CHUNK),
            ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            gone = [name for number, name in rows if not self._seen[number >> 3] >> (number & 7) & 1]
            if gone:
                yield gone

    def remove(self, names: Iterable[str]) -> None:
        """Note that domains have no files any more."""
        self._run("DELETE FROM entry WHERE name = ?", ((name,) for name in names))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _run(self, statement: str, values: Iterable[tuple[object, ...]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(statement, values)
        self._connection.execute("COMMIT")
