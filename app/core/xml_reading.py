"""The one hardened reader of XML: no DTD, no entities, capped in size and depth."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.core.errors import refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 32

_WHITE_SPACE: Final = b" \t\r\n"
_DECLARATION: Final = re.compile(rb"<\?xml\s[^<>]*\?>")
_DECLARES_UTF_16: Final = re.compile(rb"""\sencoding\s*=\s*["']utf-16""", re.IGNORECASE)


def read_xml(data: bytes, max_bytes: int) -> Element:
    """Parse a document of UTF-8, UTF-16 or what else its declaration says; white space may precede it.

    Raises:
        InvalidInput: When it is too large, too deep, not well-formed, or has a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise refuse(f"must be at most {max_bytes} bytes long")
    try:
        root = fromstring(_in_true_encoding(data), forbid_dtd=True)
    except DefusedXmlException:
        raise refuse("must not have a DOCTYPE or entities") from None
    except ParseError as error:
        line, column = error.position
        raise refuse(f"must be well-formed XML; it is not at line {line}, column {column}") from None
    except (LookupError, ValueError):
        raise refuse("must be in an encoding that XML parsers know") from None
    _check_depth(root)
    return root


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _in_true_encoding(data: bytes) -> bytes:
    """Drop a declaration that the bytes belie.

    Programs that build XML in memory declare UTF-16 and send UTF-8, or the other way round with a
    byte order mark; parsers refuse both.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data, is_certain = data.decode("utf-16").encode(), True
    else:
        is_certain = data.startswith(codecs.BOM_UTF8)
        data = data.removeprefix(codecs.BOM_UTF8)
    data = data.lstrip(_WHITE_SPACE)
    declaration = _DECLARATION.match(data)
    if declaration and (is_certain or _DECLARES_UTF_16.search(declaration[0])):
        return data[declaration.end() :]
    return data


def _check_depth(root: Element) -> None:
    level, depth = list(root), 1
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse(f"must be at most {MAX_DEPTH} elements deep")
        level = [child for element in level for child in element]
