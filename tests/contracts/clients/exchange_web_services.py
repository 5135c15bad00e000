"""Who looks for EWS in a response: evolution-ews and GNOME Online Accounts (protocol brief §2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from contracts.clients.settings import RefusalError, Refused
from contracts.clients.tree import Node, read_tree


@dataclass(frozen=True, slots=True)
class Found:
    ews_url: str
    oab_url: str | None = None


Reader: TypeAlias = Callable[[bytes], Found | Refused]


def read_evolution(body: bytes) -> Found | Refused:
    """Read as evolution-ews: the last EXCH or EXPR, EXPR before EXCH, an address book only beside it."""
    try:
        protocols = _protocols(body)
    except RefusalError as error:
        return Refused(str(error))
    found: dict[str | None, tuple[str | None, str | None]] = {}
    for protocol in protocols:
        kind = protocol.text_of("Type")
        if kind in ("EXCH", "EXPR"):
            found[kind] = (protocol.text_of("ASUrl"), protocol.text_of("OABUrl"))
    for kind in ("EXPR", "EXCH"):
        ews_url, oab_url = found.get(kind, (None, None))
        if ews_url is not None:
            return Found(ews_url, oab_url)
    return Refused("no ASUrl")


def read_gnome(body: bytes) -> Found | Refused:
    """Read as GNOME Online Accounts: the first protocol with an ASUrl, of whatever type."""
    try:
        protocols = _protocols(body)
    except RefusalError as error:
        return Refused(str(error))
    for protocol in protocols:
        ews_url = protocol.text_of("ASUrl")
        if ews_url is not None:
            return Found(ews_url)
    return Refused("no ASUrl")


def _protocols(body: bytes) -> list[Node]:
    # libxml2 compares local names.
    node = _named(read_tree(body), "Autodiscover")
    for name in ("Response", "Account"):
        node = next((child for child in node.elements() if _local(child) == name), Node("", {}))
        node = _named(node, name)
    return [child for child in node.elements() if _local(child) == "Protocol"]


def _named(node: Node, name: str) -> Node:
    if _local(node) != name:
        reason = f"no {name}"
        raise RefusalError(reason)
    return node


def _local(node: Node) -> str:
    return node.name.rpartition(":")[2]
