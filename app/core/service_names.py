"""The names under which this service answers for a domain, and its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.errors import InvalidInput
from app.core.names import DomainName

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

AUTOCONFIG: Final = "autoconfig"
AUTODISCOVER: Final = "autodiscover"
UA_AUTO_CONFIG: Final = "ua-auto-config"
MTA_STS: Final = "mta-sts"
LABELS: Final = (AUTOCONFIG, AUTODISCOVER, UA_AUTO_CONFIG, MTA_STS)

_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicService:
    """Where this service is reached."""

    url: str
    addresses: tuple[IPv4Address | IPv6Address, ...] = ()
    """Its addresses, where domains are to name these in place of its host name."""

    @property
    def hostname(self) -> str | None:
        """Its full host name; None where the URL has an address or a single label."""
        host = urlsplit(self.url).hostname
        try:
            return None if host is None else DomainName.parse(host).ascii
        except InvalidInput:
            return None

    @property
    def is_at_https_port(self) -> bool:
        """Whether it is reached over https at port 443."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" and (parts.port or _HTTPS_PORT) == _HTTPS_PORT


def host_of(header: str | None) -> str | None:
    """Return the name in a Host header: no port, no dot at the end, lower case."""
    if not header:
        return None
    name, colon, port = header.rpartition(":")
    host = name if colon and port.isdigit() else header
    return host.lower().removesuffix(".") or None


def domain_behind(host: str, label: str) -> DomainName | None:
    """Return the domain that a service name with this label is of; None where it is no such name."""
    prefix = f"{label}."
    if not host.startswith(prefix):
        return None
    try:
        return DomainName.parse(host.removeprefix(prefix))
    except InvalidInput:
        return None
