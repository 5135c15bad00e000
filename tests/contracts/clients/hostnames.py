"""The host name rule that Thunderbird and Thunderbird for Android share, and who has OAuth2 with them."""

from __future__ import annotations

import re
from ipaddress import ip_address

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?", re.IGNORECASE)
_LONGEST = 255


def is_legal(text: str) -> bool:
    if len(text) <= _LONGEST and _HOSTNAME.fullmatch(text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_at_or_below(hostname: str, names: frozenset[str]) -> bool:
    labels = hostname.lower().split(".")
    return any(".".join(labels[start:]) in names for start in range(len(labels)))
