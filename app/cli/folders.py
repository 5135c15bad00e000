"""Folders of written files, which readers find whole: as they were, or as they are to be."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from app.core.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def check_replaceable(folder: Path, suffix: str) -> None:
    """Check that a folder may be written over.

    Raises:
        InvalidInput: When it is no folder, or holds anything but files that end in ``suffix``.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise refuse("must be a folder", str(folder))
    others = sorted(one.name for one in folder.iterdir() if not (one.is_file() and one.suffix == suffix))
    if others:
        raise refuse(f"must hold nothing but {suffix} files, not {others[0]}", str(folder))


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder of these files in the place of another, or of none.

    Raises:
        OSError: When that fails; what was there is there still.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    written = _sibling(folder)
    try:
        for name, data in files.items():
            (written / name).write_bytes(data)
        # One after the other only now: the first takes most of the others along.
        for name in files:
            _sync(written / name)
        written.chmod(folder.stat().st_mode if folder.exists() else 0o755)
        _sync(written)
        _swap(folder, written)
    finally:
        shutil.rmtree(written, ignore_errors=True)
    _sync(folder.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another, or of none.

    Raises:
        OSError: When that fails; what was there is there still.
    """
    with replacing_file(path) as file:
        file.write(data)


@contextmanager
def replacing_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of another, or of none, at the end of the block.

    Raises:
        OSError: When that fails; what was there is there still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with written.open("wb") as file:
            yield file
        _sync(written)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
    _sync(path.parent)


def _swap(folder: Path, written: Path) -> None:
    """Rename twice where there is something to move away: no file system replaces a folder that is full."""
    if not folder.exists():
        written.rename(folder)
        return
    former = _sibling(folder)
    folder.replace(former)  # takes the place of the empty folder
    try:
        written.rename(folder)
    except OSError:
        former.rename(folder)
        raise
    shutil.rmtree(former)


def _sibling(folder: Path) -> Path:
    # Beside the folder, since a rename cannot leave its file system.
    return folder.parent / tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent)


def _sync(path: Path) -> None:
    # Not every file system can sync a folder: then there is nothing to wait for.
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
