"""A provider's colour, made so that everybody can read what is written in it, and on it.

Contrast is that of WCAG 2.2 (relative luminance); at least 4.5 is its level AA for text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Colour: TypeAlias = tuple[int, int, int]

LEAST_CONTRAST: Final = 4.5
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_STEPS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What a colour is seen on, in the style sheet's light or dark half."""

    grounds: tuple[Colour, ...]
    ink: Colour
    """What is written on the colour."""
    towards: Colour
    """Where a colour moves that cannot be read."""


LIGHT: Final = Scheme(grounds=(_WHITE, (0xF5, 0xF6, 0xF8)), ink=_WHITE, towards=_BLACK)
DARK: Final = Scheme(grounds=((0x19, 0x1D, 0x23), (0x10, 0x13, 0x17)), ink=(0x0A, 0x12, 0x1F), towards=_WHITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accent:
    """A colour in one scheme, with those that go with it."""

    accent: Colour
    strong: Colour
    """Of what is pointed at."""
    soft: Colour
    """A ground for the colour itself."""
    ink: Colour


def accent_in(scheme: Scheme, colour: Colour) -> Accent:
    """Move a colour as little as is needed to be read."""
    for step in range(_STEPS + 1):
        accent = mixed(colour, scheme.towards, step / _STEPS)
        soft = mixed(scheme.grounds[0], accent, 0.1)
        grounds = (*scheme.grounds, soft, scheme.ink)
        if least_contrast(accent, grounds) >= LEAST_CONTRAST:
            break
    else:
        message = "black and white can be read on every ground"
        raise AssertionError(message)
    strong = mixed(accent, scheme.towards, 0.25)
    return Accent(accent=accent, strong=strong, soft=soft, ink=scheme.ink)


def style_sheet(colour: str) -> str:
    """Write the style sheet of six hexadecimal digits."""
    asked = (int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16))
    light, dark = (_properties(accent_in(scheme, asked)) for scheme in (LIGHT, DARK))
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _properties(accent: Accent) -> str:
    values = {
        "accent": accent.accent,
        "accent-strong": accent.strong,
        "accent-soft": accent.soft,
        "on-accent": accent.ink,
        "focus": accent.accent,
    }
    return " ".join(f"--{name}: #{bytes(value).hex()};" for name, value in values.items())


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours, so much of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def least_contrast(colour: Colour, grounds: Sequence[Colour]) -> float:
    """Return the contrast with the ground that is most like a colour."""
    return min(contrast(colour, ground) for ground in grounds)


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast of two colours: 1 for the same, 21 for black and white."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    linear: float = part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
    return linear
