"""Which addresses we may connect to: public ones, and those that the operator allows.

Host names and URLs come from customers; without this check the service could be made to look into the
operator's own network. The ranges are those of the IANA special-purpose registries (RFC 6890) that are
not globally reachable, with multicast, reserved and unallocated space. Addresses that carry an IPv4
address inside (mapped, NAT64, 6to4, Teredo) are judged by that one too.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SPECIAL_IPV4: Final = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_SPECIAL_IPV6: Final = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard-only"),
        ("2001:2::/48", "benchmarking"),
        ("2001:db8::/32", "documentation"),
        ("2001::/23", "protocol assignments"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Says whether an address may be connected to."""

    allowed: tuple[Network, ...] = ()
    """What may be reached although it is special."""

    def refusal(self, address: Address) -> str | None:
        """Return why an address is refused, as the end of a sentence; None where it is not."""
        if self._is_allowed(address):
            return None
        special = _special(address)
        if special is None:
            inner = _carried(address)
            return None if inner is None else self.refusal(inner)
        return f"is special ({special}), and the operator does not allow it"

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.allowed)


def _carried(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one carries."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _special(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((name for network, name in _SPECIAL_IPV4 if address in network), None)
    if address.scope_id is not None:
        return "with a zone"
    if _carried(address) is not None:
        return None
    name = next((name for network, name in _SPECIAL_IPV6 if address in network), None)
    return name or (None if address in _GLOBAL_UNICAST else "not allocated")
