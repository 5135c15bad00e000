"""Whether an address is in one of several networks."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Network: TypeAlias = IPv4Network | IPv6Network


def is_in_networks(address: str | None, networks: Iterable[Network]) -> bool:
    """Tell whether the text is an address in one of them; an IPv4 address inside IPv6 counts as itself."""
    if address is None:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in networks if network.version == parsed.version)
