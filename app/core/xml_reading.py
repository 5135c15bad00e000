"""The one hardened reader of XML: no DTD, no entities, capped in size and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.core.errors import refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 32


def read_xml(data: bytes, max_bytes: int) -> Element:
    """Parse a document of UTF-8, UTF-16 or what else its declaration says.

    Raises:
        InvalidInput: When it is too large, too deep, not well-formed, or has a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise refuse(f"must be at most {max_bytes} bytes long")
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise refuse("must not have a DOCTYPE or entities") from None
    except ParseError as error:
        line, column = error.position
        raise refuse(f"must be well-formed XML; it is not at line {line}, column {column}") from None
    except (LookupError, ValueError):
        raise refuse("must be in an encoding that XML parsers know") from None
    _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    level, depth = list(root), 1
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse(f"must be at most {MAX_DEPTH} elements deep")
        level = [child for element in level for child in element]
