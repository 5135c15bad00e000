"""Any colour of a provider becomes one that can be read."""

from __future__ import annotations

import re
from typing import Final

import pytest
from app.web.assets import assets
from app.web.setup.colours import DARK, LEAST_CONTRAST, LIGHT, Scheme, accent_in, contrast, style_sheet
from hypothesis import given
from hypothesis import strategies as st

COLOURS: Final = st.tuples(*[st.integers(0, 255)] * 3)
schemes = pytest.mark.parametrize("scheme", [LIGHT, DARK])


@schemes
@given(colour=COLOURS)
def test_every_colour_can_be_read(scheme: Scheme, colour: tuple[int, int, int]) -> None:
    found = accent_in(scheme, colour)
    for ground in (*scheme.grounds, found.soft):
        assert contrast(found.accent, ground) >= LEAST_CONTRAST
        assert contrast(found.strong, ground) >= LEAST_CONTRAST
    for colour_of_button in (found.accent, found.strong):
        assert contrast(found.ink, colour_of_button) >= LEAST_CONTRAST


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert accent_in(LIGHT, (0x0B, 0x57, 0xD0)).accent == (0x0B, 0x57, 0xD0)
    assert accent_in(DARK, (0x8A, 0xB4, 0xF8)).accent == (0x8A, 0xB4, 0xF8)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_the_style_sheet_sets_what_the_sites_own_has_and_nothing_else() -> None:
    own = assets()["site.css"].body.decode()
    set_here = set(re.findall(r"--[a-z-]+(?=:)", style_sheet("ffcc00")))
    assert set_here == {"--accent", "--accent-strong", "--accent-soft", "--on-accent", "--focus"}
    assert set_here <= set(re.findall(r"--[a-z-]+(?=:)", own))


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    own = assets()["site.css"].body.decode().replace("#fff;", "#ffffff;")
    for scheme in (LIGHT, DARK):
        surface, page = (bytes(ground).hex() for ground in scheme.grounds)
        assert f"--surface: #{surface};" in own
        assert f"--page: #{page};" in own
