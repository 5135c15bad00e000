"""Probes SMTP, for submission and between servers."""

from __future__ import annotations

from typing import Final

from app.core.endpoints import Protocol
from app.net.smtp import SmtpDialogue
from app.verification.line_probing import asking
from app.verification.probe import Probe

PROBE: Final = Probe(Protocol.SMTP, asking(SmtpDialogue))
