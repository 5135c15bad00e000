"""Free text that people will read: what it may hold.

Everything stored ends in XML, plist, JSON or HTML, so what XML 1.0 §2.2 forbids is refused at the door
rather than dropped on the way out.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from app.core.errors import InvalidInput, refuse
from app.core.names import Hostname

MAX_URL_LENGTH = 2048

# C0 (but tab and line ends), DEL, C1, surrogates and the two non-characters of the BMP's end.
FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"[\t\n\r]")
_URL_CHARACTERS = re.compile(r"[!-~]+")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def free_text(text: str, max_length: int) -> str:
    """Return the text without outer white space; inner line ends stay.

    Raises:
        InvalidInput: When it is empty, too long, or holds characters that XML forbids.
    """
    cleaned = text.strip()
    if not cleaned:
        raise refuse("must not be empty")
    if len(cleaned) > max_length:
        raise refuse(f"must be at most {max_length} characters long")
    if FORBIDDEN_CHARACTERS.search(cleaned):
        raise refuse("must not hold control characters")
    return cleaned


def single_line(text: str, max_length: int) -> str:
    """Return the text without outer white space; it must be one line.

    Raises:
        InvalidInput: As ``free_text``, and for a tab or a line end.
    """
    cleaned = free_text(text, max_length)
    if _LINE_END.search(cleaned):
        raise refuse("must be a single line")
    return cleaned


def web_url(text: str, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Return an absolute URL as it was given.

    Raises:
        InvalidInput: When it is too long, not ASCII, of another scheme, without a host name, or
            holds a user name or password.
    """
    if len(text) > MAX_URL_LENGTH:
        raise refuse(f"must be at most {MAX_URL_LENGTH} characters long")
    if not _URL_CHARACTERS.fullmatch(text):
        raise refuse("must be a URL of printable ASCII characters")
    try:
        parts = urlsplit(text)
        hostname, _port = parts.hostname, parts.port
    except ValueError:
        raise refuse("must be a URL") from None
    if parts.scheme.lower() not in schemes:
        raise refuse(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in parts.netloc:
        # A password never belongs in a URL; a user name has no use in ours.
        raise refuse("must not hold a user name or password")
    if not hostname:
        raise refuse("must have a host name")
    try:
        Hostname.parse(hostname)
    except InvalidInput as error:
        raise refuse(f"must have a valid host name: it {error.issues[0].rule}") from None
    return text


def language_tag(text: str) -> str:
    """Return a language tag (BCP 47) as it was given.

    Raises:
        InvalidInput: When it is not of a tag's shape.
    """
    if not _LANGUAGE_TAG.fullmatch(text):
        raise refuse("must be a language tag such as de or pt-BR")
    return text
