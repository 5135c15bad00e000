"""Values that may hold placeholders: host names, URLs and usernames, checked in normal form.

A pattern is a plain ``str``; these functions are how one comes to be.
"""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import urlsplit

from app.core import placeholders
from app.core.errors import refuse
from app.core.names import MAX_DOMAIN_LENGTH, Hostname
from app.core.placeholders import PLACEHOLDER
from app.core.text import single_line, web_url

MAX_USERNAME_LENGTH = 254

_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # IDNA 2003's, which UTS 46 maps


def hostname_pattern(text: str) -> str:
    """Return a host name in normal form whose labels may hold placeholders.

    Raises:
        InvalidInput: When it could not become a host name whatever the placeholders' values.
    """
    if not PLACEHOLDER.search(text):
        return Hostname.parse_text(text)
    if len(text) > MAX_DOMAIN_LENGTH:
        raise refuse(f"must be at most {MAX_DOMAIN_LENGTH} characters long")
    if placeholders.ADDRESS in placeholders.placeholders_in(text):
        raise refuse(f"must not hold %{placeholders.ADDRESS}%, which is no part of a host name")
    if any(PLACEHOLDER.search(label) and not label.isascii() for label in _DOTS.split(text)):
        # As an A-label it would be another name than the one with the value in it.
        raise refuse("must have ASCII letters only in a label with a placeholder")
    # A stand-in of letters goes through the same checks as a real label, then gives way again.
    stand_in = _absent_from(text)
    found = PLACEHOLDER.finditer(text)
    name = Hostname.parse_text(PLACEHOLDER.sub(stand_in, text))
    return re.sub(stand_in, lambda _match: next(found)[0], name)


def _absent_from(text: str) -> str:
    """Return letters that the text does not have, whatever IDNA makes of it."""
    plain = normalize("NFKC", text).lower()
    return next(letters for count in range(2, 64) if (letters := "z" * count + "p") not in plain)


def url_pattern(text: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Return a URL that may hold placeholders.

    Raises:
        InvalidInput: When it could not become a URL whatever the placeholders' values.
    """
    web_url(PLACEHOLDER.sub("placeholder", text), schemes)
    return text


def autodiscover_pattern(text: str) -> str:
    """Return the URL of an Autodiscover service in plain XML; it may hold placeholders.

    Clients are redirected to https alone ([MS-OXDSCLI], protocol brief §2.6). The SOAP service is found
    beside the file, so that the file's name must be there.

    Raises:
        InvalidInput: When it could not become such a URL whatever the placeholders' values.
    """
    parts = urlsplit(url_pattern(text, ("https",)))
    if not parts.path.lower().endswith("/autodiscover.xml") or parts.query or parts.fragment:
        raise refuse("must end in /autodiscover.xml")
    return text


def username_pattern(text: str) -> str:
    """Return a login name that may hold placeholders.

    Raises:
        InvalidInput: When it is empty, too long or not a single line.
    """
    return single_line(text, MAX_USERNAME_LENGTH)


def check_username(text: str) -> None:
    """Check that a login name, which may hold placeholders, is as it would be stored.

    Raises:
        InvalidInput: As above, or when there is space around it.
    """
    if username_pattern(text) != text:
        raise refuse("must not start or end with a space")
