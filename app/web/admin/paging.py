"""Pages of lists, as links have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeAlias

ItemT = TypeVar("ItemT")
GroupT = TypeVar("GroupT")

Read: TypeAlias = "Callable[[GroupT, int, int], Awaitable[list[ItemT]]]"
"""Reads of a group what comes behind a number, so many at the most."""


def number(text: str | None) -> int | None:
    """Read a place in a list; None for what is none."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - below 2**63
    return int(text) if is_one and text is not None else None


def split(found: Sequence[ItemT], size: int) -> tuple[list[ItemT], bool]:
    """Cut off what was read beyond a page; tell whether there was any."""
    return list(found[:size]), len(found) > size


async def read_groups(
    groups: Sequence[GroupT], after: int, size: int, read: Read[GroupT, ItemT]
) -> list[tuple[GroupT, ItemT]]:
    """Read one group after the other until a page is full, and one more.

    Args:
        groups: What is read, the first from a number on and the others whole.
        after: That number.
        size: Of the page.
        read: Reads a group.
    """
    found: list[tuple[GroupT, ItemT]] = []
    for group in groups:
        more = await read(group, after, size + 1 - len(found))
        found += [(group, one) for one in more]
        after = 0
        if len(found) > size:
            break
    return found
