"""What Autodiscover clients post: read as tolerantly as they write it, and no further; and written.

Clients disagree on content types, namespaces, prefixes, encodings and the order of elements (protocol
brief §2.2, §2.3), so everything is found by its local name. A DTD, too many bytes or too many levels
are refused before anything is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from app.core.errors import refuse
from app.core.markup import element, leaf, to_document
from app.core.xml_reading import local_name, read_xml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

MAX_REQUEST_BYTES: Final = 16 * 1024

_NAMESPACES: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
_SCHEMA: Final = re.compile(r"/autodiscover/(outlook|mobilesync)/", re.IGNORECASE)


class ResponseSchema(Enum):
    """Which response a client reads."""

    OUTLOOK = "outlook"
    MOBILESYNC = "mobilesync"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutodiscoverRequest:
    """A request in plain XML (POX), its texts as the client wrote them."""

    schema: ResponseSchema
    address: str | None
    legacy_dn: str | None


def read_autodiscover_request(data: bytes) -> AutodiscoverRequest:
    """Read a request of Outlook's or of ActiveSync's kind.

    The response's schema is the one that the client accepts, else the one that belongs to the
    request's own namespace, else Outlook's.

    Raises:
        InvalidInput: When it is no XML, or not ``Autodiscover`` around ``Request``.
    """
    root = read_xml(data, MAX_REQUEST_BYTES)
    if local_name(root).lower() != "autodiscover":
        raise refuse("must be an Autodiscover element")
    request = find_child(root, "request")
    if request is None:
        raise refuse("must have a Request element")
    accepted = child_text(request, "acceptableresponseschema")
    return AutodiscoverRequest(
        schema=_accepted_schema(accepted) if accepted else _own_schema((root, request, *request)),
        address=child_text(request, "emailaddress"),
        legacy_dn=child_text(request, "legacydn"),
    )


def outlook_request(address: str) -> bytes:
    """Write what Outlook posts for an address ([MS-OXDSCLI] §2.2.3)."""
    request = element(
        "Request",
        leaf("EMailAddress", address),
        leaf("AcceptableResponseSchema", f"{_NAMESPACES}/responseschema/2006a"),
    )
    return to_document(element("Autodiscover", request, xmlns=f"{_NAMESPACES}/requestschema/2006"))


def find_child(parent: Element, name: str) -> Element | None:
    """Return the first child of that local name in lower case."""
    return next((child for child in parent if local_name(child).lower() == name), None)


def child_text(parent: Element, name: str) -> str | None:
    """Return the text of the first such child that has any, without outer white space."""
    texts = ((child.text or "").strip() for child in parent if local_name(child).lower() == name)
    return next(filter(None, texts), None)


def _accepted_schema(text: str) -> ResponseSchema:
    found = _SCHEMA.search(text)
    return ResponseSchema(found[1].lower()) if found else ResponseSchema.OTHER


def _own_schema(elements: Iterable[Element]) -> ResponseSchema:
    for one in elements:
        found = _SCHEMA.search(one.tag)
        if found:
            return ResponseSchema(found[1].lower())
    return ResponseSchema.OUTLOOK
