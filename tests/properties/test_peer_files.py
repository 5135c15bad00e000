"""Whatever a file of another program holds, it is read or refused with a reason that names a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from app.core.errors import InvalidInput
from app.parsers.automx import parse_automx
from app.parsers.domain_lists import parse_domain_lists
from app.parsers.mailcow import parse_mailcow
from app.parsers.monogramm import parse_monogramm
from app.parsers.stalwart import parse_stalwart
from hypothesis import given
from hypothesis import strategies as st

from peer_files import BY_PEER, LISTS, STALWART_PLAN, STALWART_SETTINGS, in_json, in_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.moving import Belongings, DomainList

PARSERS: dict[str, tuple[Callable[[bytes], Belongings | DomainList], tuple[bytes, ...]]] = {
    "automx": (parse_automx, (BY_PEER["automx"],)),
    "monogramm": (parse_monogramm, (BY_PEER["monogramm"],)),
    "mailcow": (parse_mailcow, (BY_PEER["mailcow"],)),
    "stalwart": (
        parse_stalwart,
        (BY_PEER["stalwart"], in_json(STALWART_SETTINGS), in_lines(STALWART_PLAN)),
    ),
    "lists": (parse_domain_lists, tuple(LISTS.values())),
}
HOSTILE = st.sampled_from([
    b"\x00", b"\xff", b"%", b"${x}", b"[", b"]", b"{", b"}", b'"', b"'", b"\n ", b"\r", b"=", b":", b"-1",
    b"99999999999999999999", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"%(x)s", b"\xed\xa0\x80", b"\\ud800",
    b",", b"#", b"null", b"true", b"[DEFAULT]", b"/", b"..", b"\t", b"\xe2\x80\xa8",
])  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 40), HOSTILE | st.binary(max_size=6)), max_size=5
)


def edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Put bytes in the place of others."""
    for place, length, new in edits:
        start = place % (len(data) + 1)
        data = data[:start] + new + data[start + length :]
    return data


def read(peer: str, content: bytes) -> Belongings | DomainList | None:
    """Read a file; None where it is refused."""
    try:
        return PARSERS[peer][0](content)
    except InvalidInput:
        return None


@pytest.mark.parametrize("peer", PARSERS)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(peer: str, data: st.DataObject) -> None:
    found = read(peer, edited(data.draw(st.sampled_from(PARSERS[peer][1])), data.draw(EDITS)))
    if found is not None:
        assert len({domain.name for domain in found.domains}) == len(found.domains)
        assert all(loss.subject and loss.reason for loss in found.losses)


@pytest.mark.parametrize("peer", PARSERS)
@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(peer: str, content: bytes) -> None:
    found = read(peer, content)
    assert found is None or all(loss.subject and loss.reason for loss in found.losses)
