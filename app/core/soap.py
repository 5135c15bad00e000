"""SOAP 1.1 over HTTP with WS-Addressing: a call read, an answer or a fault written.

Nothing that a caller sent is repeated, except a message id that is plainly a URI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from app.core.documents import Reply
from app.core.errors import InvalidInput
from app.core.markup import Element, element, leaf, optional_leaf, to_document
from app.core.xml_reading import local_name, read_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element as ReadElement

MEDIA_TYPE: Final = "text/xml; charset=utf-8"
ENVELOPE_NAMESPACE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING_NAMESPACE: Final = "http://www.w3.org/2005/08/addressing"
ADDRESSING_HEADERS: Final = frozenset(
    f"{{{ADDRESSING_NAMESPACE}}}{name}"
    for name in ("Action", "FaultTo", "From", "MessageID", "RelatesTo", "ReplyTo", "To")
)

_ERRORS_NAMESPACE: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"
_NEXT_ACTOR: Final = "http://schemas.xmlsoap.org/soap/actor/next"
_REPLY_ADDRESSES: Final = frozenset(f"{{{ADDRESSING_NAMESPACE}}}{name}" for name in ("FaultTo", "ReplyTo"))
_ANONYMOUS: Final = f"{ADDRESSING_NAMESPACE}/anonymous"
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[A-Za-z0-9._~:/?#@!$()*+,;=%-]{1,200}")


class FaultCode(StrEnum):
    """What kind of fault it is, as a qualified name in the envelope that we write."""

    VERSION_MISMATCH = "s:VersionMismatch"
    MUST_UNDERSTAND = "s:MustUnderstand"
    CLIENT = "s:Client"
    ACTION_NOT_SUPPORTED = "a:ActionNotSupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a caller wants."""

    payload: ReadElement
    """The first element of the body."""
    headers: tuple[ReadElement, ...] = ()
    message_id: str | None = None
    """What the answer relates to; None where there is none that can be repeated."""

    def header(self, name: str) -> str | None:
        """Return the text of the first header of this local name, without any white space."""
        found = next((entry for entry in self.headers if local_name(entry) == name), None)
        return None if found is None else "".join("".join(found.itertext()).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a call is not carried out."""

    code: FaultCode
    reason: str
    """One sentence of ours."""
    message_id: str | None = None
    is_about_soap: bool = True
    """False where the request is no SOAP message at all, which SOAP's own rules say nothing of."""


def read_call(body: bytes, max_bytes: int, understood: frozenset[str]) -> Call | Fault:
    """Read an envelope; what cannot be read is the fault to answer with.

    Args:
        body: The request's body, of any encoding that XML parsers know.
        max_bytes: The longest body that is read.
        understood: Names of the headers that the service understands beside WS-Addressing's, in
            ElementTree's spelling; others that must be understood are a fault (SOAP 1.1 §4.2.3).
    """
    try:
        root = read_xml(body, max_bytes)
    except InvalidInput as error:
        reason = f"The request {error.issues[0].rule}."
        return Fault(code=FaultCode.CLIENT, reason=reason, is_about_soap=False)
    if local_name(root) != "Envelope":
        reason = "The request must be a SOAP envelope."
        return Fault(code=FaultCode.CLIENT, reason=reason, is_about_soap=False)
    if root.tag != _qualified("Envelope"):
        return Fault(code=FaultCode.VERSION_MISMATCH, reason="The envelope must be one of SOAP 1.1.")
    header, content = root.find(_qualified("Header")), root.find(_qualified("Body"))
    headers = () if header is None else tuple(header)
    message_id = _message_id(headers)
    if not all(_is_understood(entry, understood | ADDRESSING_HEADERS) for entry in headers):
        return Fault(
            code=FaultCode.MUST_UNDERSTAND,
            reason="A header that must be understood is not.",
            message_id=message_id,
        )
    payload = None if content is None else next(iter(content), None)
    if payload is None:
        reason = "The body must have a message in it."
        return Fault(code=FaultCode.CLIENT, reason=reason, message_id=message_id)
    return Call(payload=payload, headers=headers, message_id=message_id)


def _qualified(name: str) -> str:
    return f"{{{ENVELOPE_NAMESPACE}}}{name}"


def _message_id(headers: tuple[ReadElement, ...]) -> str | None:
    for entry in headers:
        if entry.tag == f"{{{ADDRESSING_NAMESPACE}}}MessageID":
            text = (entry.text or "").strip()
            return text if _URI.fullmatch(text) else None
    return None


def _is_understood(entry: ReadElement, understood: frozenset[str]) -> bool:
    must = entry.get(_qualified("mustUnderstand"), "").strip() in {"1", "true"}
    is_for_us = entry.get(_qualified("actor"), "").strip() in {"", _NEXT_ACTOR}
    if not must or not is_for_us:
        return True
    if entry.tag in _REPLY_ADDRESSES:
        # Answers go back the way the call came, and nowhere else.
        address = entry.findtext(f"{{{ADDRESSING_NAMESPACE}}}Address", "")
        return address.strip() == _ANONYMOUS
    return entry.tag in understood


def answer_envelope(action: str, message: Element, *headers: Element, relates_to: str | None = None) -> bytes:
    """Write the envelope of an answer.

    Args:
        action: The answer's WS-Addressing action.
        message: The element in the body.
        headers: Further headers.
        relates_to: The id of the message that is answered.
    """
    return to_document(
        Element(
            "s:Envelope",
            (
                element(
                    "s:Header",
                    # Never empty: the EWS Managed API reads on to the end of an empty header.
                    Element("a:Action", action, (("s:mustUnderstand", "1"),)),
                    *headers,
                    optional_leaf("a:RelatesTo", relates_to),
                ),
                element("s:Body", message),
            ),
            (("xmlns:s", ENVELOPE_NAMESPACE), ("xmlns:a", ADDRESSING_NAMESPACE)),
        )
    )


def fault_reply(fault: Fault) -> Reply:
    """Write a fault, status 500 as SOAP 1.1 §6.2 demands, and 400 where nobody spoke SOAP."""
    is_addressing = fault.code is FaultCode.ACTION_NOT_SUPPORTED
    action = f"{ADDRESSING_NAMESPACE}/{'fault' if is_addressing else 'soap/fault'}"
    message = element(
        "s:Fault",
        leaf("faultcode", fault.code),
        leaf("faultstring", fault.reason),
        _detail(fault),
    )
    return Reply(
        status=HTTPStatus.INTERNAL_SERVER_ERROR if fault.is_about_soap else HTTPStatus.BAD_REQUEST,
        body=answer_envelope(action, message, relates_to=fault.message_id),
        media_type=MEDIA_TYPE,
    )


def _detail(fault: Fault) -> Element | None:
    """Tell of the body, which SOAP 1.1 §4.4 demands for faults over it and forbids for those over headers."""
    if fault.code is not FaultCode.CLIENT:
        return None
    # Never empty: the EWS Managed API reads on to the end of an empty detail.
    return element(
        "detail",
        leaf("e:ResponseCode", "ErrorInvalidRequest", **{"xmlns:e": _ERRORS_NAMESPACE}),
        leaf("e:Message", fault.reason, **{"xmlns:e": _ERRORS_NAMESPACE}),
    )
