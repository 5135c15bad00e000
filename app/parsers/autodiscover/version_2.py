"""Autodiscover version 2: one service's URL in JSON, or an error (protocol brief §2.9)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import refuse
from app.core.text import web_url

MAX_BYTES: Final = 64 * 1024
_MAX_WORD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUrl:
    """Where a service is, or why that is not told."""

    protocol: str = ""
    url: str | None = None
    error: str = ""
    """The error's code and message, as one line."""


def parse_version_2(data: bytes) -> ServiceUrl:
    """Read an answer.

    Raises:
        InvalidInput: When it is neither a URL of https nor an error.
    """
    members = _read_object(data)
    error = " ".join(_word(members, name) for name in ("errorcode", "errormessage")).strip()
    if error:
        return ServiceUrl(error=error[:_MAX_WORD])
    url = members.get("url")
    if not isinstance(url, str):
        raise refuse("must name a Url")
    return ServiceUrl(protocol=_word(members, "protocol"), url=web_url(url, ("https",)))


def _read_object(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise refuse(f"must be at most {MAX_BYTES} bytes long")
    try:
        # A BOM is what some servers send in spite of RFC 8259 §8.1.
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise refuse("must be JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise refuse("must be a JSON object")
    return {name.lower(): value for name, value in found.items()}


def _word(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    return " ".join(value.split())[:_MAX_WORD] if isinstance(value, str) else ""
