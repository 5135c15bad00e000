"""The digest by which a PACC document is bound to its domain's DNS (draft-ietf-mailmaint-pacc).

Clients fetch the document from a web host and believe it only if the domain's zone has its digest.
"""

from __future__ import annotations

import base64
import hashlib


def pacc_txt_value(body: bytes) -> str:
    """Return the value of the TXT record ``_ua-auto-config.DOMAIN`` that vouches for a document.

    Args:
        body: The document's bytes exactly as they are served; one byte more is another digest.
    """
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    return f"v=UAAC1; a=sha256; d={digest}"
