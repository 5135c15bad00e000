"""Whether an address is in one of several networks, and which addresses are one line's."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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


def line_of(address: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one line of IPv6 has.

    Texts that are no addresses, such as sockets of the machine itself, stand for themselves.
    """
    if address is None:
        return ""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False))
