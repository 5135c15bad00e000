"""Probes ManageSieve."""

from __future__ import annotations

from typing import Final

from app.core.endpoints import Protocol
from app.net.managesieve import ManageSieveDialogue
from app.verification.line_probing import asking
from app.verification.probe import Probe

PROBE: Final = Probe(Protocol.MANAGESIEVE, asking(ManageSieveDialogue))
