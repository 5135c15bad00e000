"""QR codes as drawings within the page: its policy allows no images from data."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """Draw a QR code, dark on light in any colour scheme, as readers need it."""
    drawn = segno.make(text, error="m", micro=False)
    return Markup(drawn.svg_inline(dark="#000", light="#fff", border=4, omitsize=True, svgclass=None))  # noqa: S704
