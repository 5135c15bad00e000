"""A PACC client: the document is believed if its digest is in DNS (protocol brief §4.1).

Two of them, for drafts -02 and -03, which call mail submission by different names. What a reader does
not know it ignores.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final

from contracts.clients.settings import Configured, Refused, Result, Security, Server

PORTS: Final = {"imap": 993, "pop3": 995, "smtp": 465, "submit": 465}
SUBMISSION_02: Final = "smtp"
SUBMISSION_03: Final = "submit"


def read(body: bytes, txt_values: tuple[str, ...], address: str, submission: str) -> Result:
    """Read as a client of the draft that calls mail submission so."""
    if not any(vouches_for(value, body) for value in txt_values):
        return Refused("no TXT record has the digest")
    document = json.loads(body)
    methods = _methods(document["authentication"])
    incoming = _servers(document["protocols"], ("imap", "pop3"), methods, address)
    outgoing = _servers(document["protocols"], (submission,), methods, address)
    return Configured(incoming=incoming, outgoing=outgoing)


def vouches_for(txt_value: str, body: bytes) -> bool:
    tags = {
        name.strip().lower(): value.strip()
        for name, found, value in (tag.partition("=") for tag in txt_value.split(";"))
        if found
    }
    if tags.get("v", "").upper() != "UAAC1" or tags.get("a", "").lower() != "sha256":
        return False
    return base64.b64decode(tags.get("d", ""), validate=True) == hashlib.sha256(body).digest()


def _methods(authentication: dict[str, Any]) -> tuple[str, ...]:
    oauth = ("OAuth2",) if "oauth-public" in authentication else ()
    return (*oauth, *(("password",) if authentication["password"] else ()))


def _servers(
    protocols: dict[str, Any], names: tuple[str, ...], methods: tuple[str, ...], address: str
) -> tuple[Server, ...]:
    return tuple(
        Server(
            type="smtp" if name in (SUBMISSION_02, SUBMISSION_03) else name,
            hostname=protocols[name]["host"],
            port=PORTS[name],
            security=Security.TLS,
            username=address,
            authentication=methods,
        )
        for name in names
        if name in protocols
    )
