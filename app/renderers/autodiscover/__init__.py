"""Microsoft Autodiscover: POX for Outlook and for ActiveSync, and version 2 in JSON.

Who asks what, and what each client insists on, is in docs/formats/autodiscover.md. SOAP is a format of
its own.
"""

from __future__ import annotations

from typing import Final

from app.renderers.autodiscover import endpoint, json_service

FORMATS: Final = (endpoint.OUTLOOK, endpoint.MOBILESYNC, json_service.JSON)
