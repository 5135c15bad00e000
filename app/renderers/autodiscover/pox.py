"""Plain XML (POX): the envelope of every response, and the error documents.

Namespaces are ``http://``, whatever Microsoft's pages print, and default ones: Thunderbird compares
qualified names (protocol brief §2, §2.4).
"""

from __future__ import annotations

import zlib
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core import placeholders
from app.core.documents import NO_MOMENT, Document
from app.core.markup import Element, element, leaf, to_document

if TYPE_CHECKING:
    from datetime import datetime

    from app.core.account import AccountSettings, Omission

MEDIA_TYPE: Final = "text/xml; charset=utf-8"
PATH: Final = "/autodiscover/autodiscover.xml"

_SCHEMAS: Final = "http://schemas.microsoft.com/exchange/autodiscover"
_COMMON: Final = f"{_SCHEMAS}/responseschema/2006"
OUTLOOK: Final = f"{_SCHEMAS}/outlook/responseschema/2006a"
MOBILESYNC: Final = f"{_SCHEMAS}/mobilesync/responseschema/2006"


class ErrorCode(Enum):
    """What can be wrong with a request ([MS-OXDSCLI] 2.2.4.1.1.3.2), with the sentence sent along."""

    UNKNOWN_ADDRESS = (500, "The email address is not known here")
    NO_SETTINGS = (501, "There are no settings for the email address")
    INVALID_REQUEST = (600, "Invalid Request")
    NO_PROVIDER = (601, "Provider is not available")
    BROKEN_SETTINGS = (602, "The settings for the email address are in error")
    INTERNAL = (603, "The server cannot answer at the moment")


def write_response(namespace: str, *children: Element | None) -> bytes:
    """Write a response of elements in the given namespace."""
    response = element("Response", *children, xmlns=namespace)
    return to_document(element("Autodiscover", response, xmlns=_COMMON))


def error_time(moment: datetime) -> str:
    """Write when a request came as Exchange's errors do."""
    return f"{moment:%H:%M:%S}.{moment.microsecond:06d}0"


def write_error(code: ErrorCode, service_url: str, moment: datetime = NO_MOMENT) -> bytes:
    """Write an error document.

    Args:
        code: What is wrong.
        service_url: The service's own address; its host name's CRC-32 is the ``Id``, as Exchange sends
            a hash of its computer's name.
        moment: When the request came.
    """
    number, message = code.value
    host = urlsplit(service_url).hostname or ""
    error = element(
        "Error",
        leaf("ErrorCode", str(number)),
        leaf("Message", message),
        element("DebugData"),
        Time=error_time(moment),
        Id=str(zlib.crc32(host.encode())),
    )
    return write_response(_COMMON, error)


def shown_address(account: AccountSettings) -> str:
    """Return the address that was asked for; its placeholder where only the domain is known."""
    return f"%{placeholders.ADDRESS}%" if account.address is None else str(account.address)


def unusable(code: ErrorCode, service_url: str, omissions: tuple[Omission, ...]) -> Document:
    """Build the document of an account that a format has nothing to say about."""
    body = write_error(code, service_url)
    return Document(body=body, media_type=MEDIA_TYPE, omissions=omissions, is_usable=False)
