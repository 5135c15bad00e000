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

_WHITE_SPACE: Final = b" \t\r\n\0"
_DECLARATION: Final = re.compile(rb"<\?xml\s[^<>]*\?>")
_WIDE_STARTS: Final = (
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


def read_xml(data: bytes, max_bytes: int) -> Element:
    """Parse a document of UTF-8, of UTF-16 with or without a mark, or of what its declaration says.

    White space and NULs around it are passed over.

    Raises:
        InvalidInput: When it is too large, too deep, not well-formed, or has a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise refuse(f"must be at most {max_bytes} bytes long")
    try:
        root = fromstring(_in_utf_8(data), forbid_dtd=True)
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


def _in_utf_8(data: bytes) -> bytes:
    """Drop a declaration that the bytes belie; what is in another encoding stays as it is.

    Programs that build XML in memory declare UTF-16 and send UTF-8, or the other way round, or misspell
    what they mean; parsers refuse all of it.
    """
    for start, encoding in _WIDE_STARTS:
        if data.startswith(start):
            data = data.decode(encoding).encode()
            break
    data = data.strip(_WHITE_SPACE).removeprefix(codecs.BOM_UTF8).strip(_WHITE_SPACE)
    try:
        data.decode()
    except UnicodeDecodeError:
        return data
    declaration = _DECLARATION.match(data)
    return data[declaration.end() :] if declaration else data


def _check_depth(root: Element) -> None:
    level, depth = list(root), 1
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse(f"must be at most {MAX_DEPTH} elements deep")
        level = [child for element in level for child in element]
