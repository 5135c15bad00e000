"""The files of a static export. Each is replaced by a rename, so that whoever reads finds it whole.

What several domains have in common, to the byte, is one file with many names. What did not change is not
touched: its time, and with it the ETag that web servers make of it, stays.
"""

# For millions of files, paths that are objects take longer than writing them.
# ruff: noqa: PTH103, PTH105, PTH108, PTH118, PTH123

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Final

from app.cli.static_manifest import Manifest
from app.core.errors import refuse
from app.services.static_documents import Kind, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.services.static_documents import StaticDocuments

FILES: Final = "tree"
"""The folder that web servers hand out from."""
_OWN: Final = ".signpost"
_DIGEST: Final = 12
_NONE: Final = bytes(_DIGEST)
_MAX_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Written:
    """How many files there was something to do about."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0


def shard_of(name: str) -> str:
    """Return the folder of a domain's files: the last two characters of its first label.

    In the rules of web servers the same is a regular expression.
    """
    return name.partition(".")[0][-2:]


@contextmanager
def open_tree(folder: Path, layout: Layout = Layout.FILES) -> Iterator[StaticTree]:
    """Open a folder for an export; one at a time.

    Raises:
        InvalidInput: When it is no folder of an export, or another one is under way.
        OSError: When it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise refuse("must be a folder", str(folder))
    own = folder / _OWN
    if folder.exists() and not own.exists() and any(folder.iterdir()):
        raise refuse("must be empty, or written by this command before", str(folder))
    own.mkdir(parents=True, exist_ok=True)
    with (own / "lock").open("wb") as lock:
        _lock(lock, folder)
        tree = StaticTree(folder, own, layout)
        try:
            if tree.layout != layout:
                # Web servers that go by the rules of one would hand out files of the other.
                raise refuse(f"must be another folder for this layout: it has {tree.layout}", str(folder))
            yield tree
        finally:
            tree.close()


def _lock(lock: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise refuse("must not be written by another export at the same time", str(folder)) from None


class StaticTree:
    """Files by kind and domain."""

    def __init__(self, folder: Path, own: Path, layout: Layout) -> None:
        """Take the folder, the one in it that is for this command alone, and what files are to be like."""
        self.count = Written()
        self._files = str(folder / FILES)
        self._temporary = str(own / "writing")
        self._shared = str(own / "shared")
        self._folders: set[str] = set()
        self._sources: dict[bytes, tuple[str, int]] = {}
        os.makedirs(self._shared, exist_ok=True)
        self._manifest = Manifest(own / "manifest.db", layout)
        for kind in Kind:
            os.makedirs(os.path.join(self._files, kind), exist_ok=True)

    @property
    def layout(self) -> str:
        """What files are like in this folder."""
        return self._manifest.layout

    @property
    def had_domains(self) -> bool:
        """Whether an earlier export wrote domains."""
        return self._manifest.had_entries

    def distrust(self) -> None:
        """Compare all files with what they are to hold, whatever is known of them."""
        self._manifest.distrust()

    def put(self, batch: list[StaticDocuments]) -> None:
        """Write what domains' files lack, and take away what they have too much."""
        known = self._manifest.find([one.name for one in batch])
        changed: list[tuple[StaticDocuments, bytes]] = []
        for one in batch:
            digests = _digests(one.files)
            if known.get(one.name, _NOTHING) == digests:
                self.count.unchanged += len(one.files)
            else:
                changed.append((one, digests))
        if not changed:
            return
        self._manifest.expect(one.name for one, _ in changed)
        for one, digests in changed:
            self._change(one, known.get(one.name, _NOTHING), digests)
        self._manifest.record((one.name, digests) for one, digests in changed)

    def remove_unseen(self) -> None:
        """Take away the files of all domains that were not put since the tree was opened."""
        for names in self._manifest.unseen():
            self._manifest.expect(names)
            for name in names:
                for kind in Kind:
                    self._remove(kind, name)
            self._manifest.remove(names)

    def finish(self) -> None:
        """Drop what no domain shares any more, and wait until all is on disk."""
        with os.scandir(self._shared) as found:
            for entry in found:
                if entry.stat().st_nlink == 1:
                    os.unlink(entry.path)
        os.sync()

    def close(self) -> None:
        """Let go of the folder."""
        self._manifest.close()
        with suppress(FileNotFoundError):
            os.unlink(self._temporary)

    def _change(self, one: StaticDocuments, known: bytes | None, digests: bytes) -> None:
        unwanted: list[Kind] = []
        for at, kind in enumerate(Kind):
            place = slice(at * _DIGEST, (at + 1) * _DIGEST)
            body = one.files.get(kind)
            if known is not None and known[place] == digests[place]:
                self.count.unchanged += body is not None
            elif body is None:
                unwanted.append(kind)
            elif known is None and self._has(kind, one.name, body):
                self.count.unchanged += 1
            else:
                self._write(kind, one.name, body)
                self.count.written += 1
        # At the end: a document that changes its kind is there all the time.
        for kind in unwanted:
            self._remove(kind, one.name)

    def _path(self, kind: Kind, name: str) -> str:
        return f"{self._files}/{kind}/{shard_of(name)}/{name}.{kind.extension}"

    def _has(self, kind: Kind, name: str, body: bytes) -> bool:
        try:
            with open(self._path(kind, name), "rb") as file:
                return file.read(len(body) + 1) == body
        except FileNotFoundError:
            return False

    def _remove(self, kind: Kind, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._path(kind, name))
            self.count.removed += 1

    def _write(self, kind: Kind, name: str, body: bytes) -> None:
        path = self._path(kind, name)
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        if name.encode() in body or not self._link(body, path):
            _write_new(self._temporary, body)
            os.replace(self._temporary, path)

    def _link(self, body: bytes, path: str) -> bool:
        """Give the one file with this content another name; False where that cannot be."""
        digest = blake2b(body, digest_size=_DIGEST).digest()
        source, number = self._sources.get(digest, ("", 0))
        try:
            while True:
                if not source:
                    source = self._source(digest, number, body)
                try:
                    self._link_to(source, path)
                except OSError as error:
                    # File systems have a limit of names to a file: 65,000 on ext4.
                    if error.errno != errno.EMLINK:
                        raise
                    source, number = "", number + 1
                else:
                    return True
        except OSError as error:
            if error.errno in _NO_LINKS:
                return False
            raise

    def _link_to(self, source: str, path: str) -> None:
        try:
            os.link(source, path)
        except FileExistsError:
            with suppress(FileNotFoundError):
                os.unlink(self._temporary)
            os.link(source, self._temporary)
            os.replace(self._temporary, path)
            # Where both were names of one file, the rename did nothing.
            with suppress(FileNotFoundError):
                os.unlink(self._temporary)

    def _source(self, digest: bytes, number: int, body: bytes) -> str:
        source = f"{self._shared}/{digest.hex()}-{number}"
        try:
            with open(source, "rb") as file:
                is_there = file.read() == body
        except FileNotFoundError:
            is_there = False
        if not is_there:
            _write_new(self._temporary, body)
            os.replace(self._temporary, source)
        if len(self._sources) >= _MAX_REMEMBERED:
            self._sources.clear()
        self._sources[digest] = source, number
        return source


_NOTHING: Final = _NONE * len(Kind)
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


def _digests(files: dict[Kind, bytes]) -> bytes:
    return b"".join(
        blake2b(files[kind], digest_size=_DIGEST).digest() if kind in files else _NONE for kind in Kind
    )


def _write_new(path: str, body: bytes) -> None:
    # Another name of a shared file may be left there by an export that was killed.
    with suppress(FileNotFoundError):
        os.unlink(path)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        # A disk that is nearly full takes a part, and says so by the count alone.
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
