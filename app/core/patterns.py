"""Values that may hold placeholders: host names, URLs and usernames, checked in normal form.

A pattern is a plain ``str``; these functions are how one comes to be.
"""

from __future__ import annotations

import re

from app.core import placeholders
from app.core.errors import refuse
from app.core.names import Hostname
from app.core.text import single_line, web_url

MAX_USERNAME_LENGTH = 254

_PLACEHOLDER = re.compile(r"%[A-Z][A-Z0-9_]*%")
_STAND_IN = "zzp{}zz"


def hostname_pattern(text: str) -> str:
    """Return a host name in normal form whose labels may hold placeholders.

    Raises:
        InvalidInput: When it could not become a host name whatever the placeholders' values.
    """
    if not _PLACEHOLDER.search(text):
        return Hostname.parse_text(text)
    if placeholders.ADDRESS in placeholders.placeholders_in(text):
        raise refuse(f"must not hold %{placeholders.ADDRESS}%, which is no part of a host name")
    found: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        found.append(match[0])
        return _STAND_IN.format(len(found) - 1)

    # A stand-in of letters goes through the same checks as a real label, then gives way again.
    name = Hostname.parse_text(_PLACEHOLDER.sub(stand_in, text))
    for number, placeholder in enumerate(found):
        name = name.replace(_STAND_IN.format(number), placeholder)
    return name


def url_pattern(text: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Return a URL that may hold placeholders.

    Raises:
        InvalidInput: When it could not become a URL whatever the placeholders' values.
    """
    web_url(_PLACEHOLDER.sub("placeholder", text), schemes)
    return text


def username_pattern(text: str) -> str:
    """Return a login name that may hold placeholders.

    Raises:
        InvalidInput: When it is empty, too long or not a single line.
    """
    return single_line(text, MAX_USERNAME_LENGTH)
