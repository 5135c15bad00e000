"""Probes POP3."""

from __future__ import annotations

from typing import Final

from app.core.endpoints import Protocol
from app.net.pop3 import Pop3Dialogue
from app.verification.line_probing import asking
from app.verification.probe import Probe

PROBE: Final = Probe(Protocol.POP3, asking(Pop3Dialogue))
