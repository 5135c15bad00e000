"""The only writer of XML, and of parts of HTML pages: a tree in, escaped UTF-8 out.

Leaves carry no white space of their own (Thunderbird does not trim them, protocols of the clients
§1.4-8); elements around elements are indented for people. There is no DOCTYPE, no CDATA, no comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from app.core.text import FORBIDDEN_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._:-]*")
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE_ESCAPES = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;",
    "\t": "&#9;", "\n": "&#10;", "\r": "&#13;",
})  # fmt: skip

Children: TypeAlias = "str | tuple[Element, ...]"


@dataclass(frozen=True, slots=True)
class Element:
    """An element with either text or child elements."""

    name: str
    children: Children = ()
    attributes: tuple[tuple[str, str], ...] = ()


def element(name: str, /, *children: Element | None, **attributes: str | None) -> Element:
    """Build an element of elements; children and attributes that are None are left out."""
    return Element(
        name,
        tuple(child for child in children if child is not None),
        tuple((key, value) for key, value in attributes.items() if value is not None),
    )


def leaf(name: str, text: str, /, **attributes: str | None) -> Element:
    """Build an element of text."""
    given = tuple((key, value) for key, value in attributes.items() if value is not None)
    return Element(name, text, given)


def optional_leaf(name: str, text: str | None) -> Element | None:
    """Build an element of text, or nothing for None."""
    return None if text is None else Element(name, text)


def escape_text(text: str) -> str:
    """Escape character data.

    Raises:
        ValueError: When the text holds a character that XML 1.0 cannot carry at all.
    """
    if FORBIDDEN_CHARACTERS.search(text):
        message = "text holds characters that XML forbids"
        raise ValueError(message)
    return text.translate(_TEXT_ESCAPES)


def escape_attribute(text: str) -> str:
    """Escape an attribute's value for double quotes.

    Raises:
        ValueError: As ``escape_text``.
    """
    if FORBIDDEN_CHARACTERS.search(text):
        message = "text holds characters that XML forbids"
        raise ValueError(message)
    return text.translate(_ATTRIBUTE_ESCAPES)


def to_document(root: Element) -> bytes:
    """Write the tree as a document with an XML declaration, UTF-8 without a BOM."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_lines(root, "")]
    return ("\n".join(lines) + "\n").encode()


def to_fragment(root: Element) -> bytes:
    """Write the tree as a part of an HTML page.

    Raises:
        ValueError: When an element is empty, whose end HTML would take for a start.
    """
    return ("\n".join(_html_lines(root, "")) + "\n").encode()


def _html_lines(node: Element, indent: str) -> Iterator[str]:
    if isinstance(node.children, str) or node.name == "pre":
        # In preformatted text, white space around an element would be seen.
        yield indent + _inline(node)
        return
    yield f"{indent}{_start(node)}>"
    for child in _html_children(node):
        yield from _html_lines(child, indent + "  ")
    yield f"{indent}</{node.name}>"


def _html_children(node: Element) -> tuple[Element, ...]:
    if not node.children or isinstance(node.children, str):
        message = f"{node.name} is empty"
        raise ValueError(message)
    return node.children


def _inline(node: Element) -> str:
    if isinstance(node.children, str) and node.children:
        content = escape_text(node.children)
    else:
        content = "".join(map(_inline, _html_children(node)))
    return f"{_start(node)}>{content}</{node.name}>"


def _start(node: Element) -> str:
    for name, what in ((node.name, "an element"), *((key, "an attribute") for key, _ in node.attributes)):
        if not _NAME.fullmatch(name):
            message = f"{name!r} is no name of {what}"
            raise ValueError(message)
    return f"<{node.name}" + "".join(f' {key}="{escape_attribute(value)}"' for key, value in node.attributes)


def _lines(node: Element, indent: str) -> Iterator[str]:
    start = _start(node)
    if not node.children:
        yield f"{indent}{start}/>"
    elif isinstance(node.children, str):
        yield f"{indent}{start}>{escape_text(node.children)}</{node.name}>"
    else:
        yield f"{indent}{start}>"
        for child in node.children:
            yield from _lines(child, indent + "  ")
        yield f"{indent}</{node.name}>"
