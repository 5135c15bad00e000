"""All readers by the client's name, and what a client could make of a document's servers at best."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET  # documents of our own

from contracts.clients import (
    delta_chat,
    evolution,
    fairemail,
    gnome_online_accounts,
    horde,
    kmail,
    nextcloud,
    thunderbird,
    thunderbird_android,
)
from contracts.clients.settings import Configured, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.clients.settings import Reader

READERS: Final[dict[str, Reader]] = {
    "thunderbird": thunderbird.read,
    "thunderbird_android": thunderbird_android.read,
    "delta_chat": delta_chat.read,
    "evolution": evolution.read,
    "gnome_online_accounts": gnome_online_accounts.read,
    "kmail": kmail.read,
    "fairemail": fairemail.read,
    "nextcloud": nextcloud.read,
    "horde": horde.read,
}


def is_served(result: Result) -> bool:
    """Tell whether the client can receive and send with what the document says."""
    return isinstance(result, Configured) and bool(result.incoming and result.outgoing)


def pairs(document: bytes) -> Iterator[bytes]:
    """Return a document for every pair of an incoming and an outgoing server of this one."""
    root = ET.fromstring(document)  # noqa: S314 - documents of our own
    provider = root.find("emailProvider")
    assert provider is not None
    incoming, outgoing = provider.findall("incomingServer"), provider.findall("outgoingServer")
    for pair in product(incoming, outgoing):
        alone = ET.Element("clientConfig", {"version": "1.1"})
        inner = ET.SubElement(alone, "emailProvider", {"id": "provider.example"})
        ET.SubElement(inner, "domain").text = "provider.example"
        inner.extend(pair)
        yield ET.tostring(alone, encoding="utf-8", xml_declaration=True)
