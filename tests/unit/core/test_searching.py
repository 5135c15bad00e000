from __future__ import annotations

import pytest
from app.core.searching import NamePart, find_part
from hypothesis import given
from hypothesis import strategies as st

CHARACTERS = "abyz0189.-"
texts = st.text(CHARACTERS, max_size=6)


@given(part=texts.filter(bool), rest=texts)
def test_all_names_that_begin_with_a_part_lie_within_its_bounds(part: str, rest: str) -> None:
    start, end = NamePart(part).bounds
    assert start <= part + rest
    assert end is None or part + rest < end


@pytest.mark.parametrize(
    ("part", "bounds"),
    [
        ("pizza", ("pizza", "pizzb")),
        ("fiz-z", ("fiz", "fj")),
        ("fizz", ("fizz", "fj")),
        ("a9", ("a9", "aa")),
        ("a3", ("a3", "a4")),
        ("zz", ("zz", None)),
        (".de", ("", None)),
    ],
)
def test_bounds_are_of_letters_and_digits_whose_order_all_databases_share(
    part: str, bounds: tuple[str, str | None]
) -> None:
    assert NamePart(part).bounds == bounds


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("  Pizza ", "pizza"),
        ("Müller", "xn--mller-kva"),
        ("müller.example", "xn--mller-kva.example"),
        ("-24.", "-24."),
    ],
)
def test_what_is_typed_becomes_a_part_as_names_are_stored(typed: str, text: str) -> None:
    assert find_part(typed) == NamePart(text)


@pytest.mark.parametrize(
    "typed", ["", "  ", "a b", "50%", "a_b", "ü" * 100, "\x00", "a" * 300, "jane@x.example"]
)
def test_what_no_name_can_hold_is_no_part(typed: str) -> None:
    assert find_part(typed) is None
