"""Autodiscover responses: plain XML (POX) of Outlook's and of ActiveSync's kind, and version 2 in JSON."""

from __future__ import annotations

from app.parsers.autodiscover.pox import Answer, Refusal, parse_pox
from app.parsers.autodiscover.protocols import WrittenProtocol, read_protocols
from app.parsers.autodiscover.version_2 import ServiceUrl, parse_version_2

__all__ = [
    "Answer",
    "Refusal",
    "ServiceUrl",
    "WrittenProtocol",
    "parse_pox",
    "parse_version_2",
    "read_protocols",
]
