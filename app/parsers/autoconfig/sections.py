"""An autoconfig file as it is written: what clients that read it by rules of their own start from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.errors import refuse
from app.core.xml_reading import read_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES: Final = 1_000_000
_MAX_SECTIONS: Final = 200
# As long as those of pages are: one without an end would be looked for from each start anew.
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE\s[^>\[]{0,500}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A server as it is written, in no way checked."""

    is_incoming: bool
    type: str
    has_other_attributes: bool
    """Whether it has any beside ``type``."""
    hostnames: tuple[str, ...]
    ports: tuple[str, ...]
    socket_types: tuple[str, ...]
    usernames: tuple[str, ...]
    authentication: tuple[str, ...]
    """Without those that have attributes, which Thunderbird cannot read."""
    has_nested_texts: bool
    """Whether there is an element where a text belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file as it is written."""

    identifier: str | None
    domains: tuple[str, ...]
    """Without those that have attributes."""
    sections: tuple[Section, ...]
    """In the order of the file."""


def read_sections(data: bytes) -> WrittenFile | None:
    """Read a file.

    Returns:
        None where it is XML of another kind, a web page for one.

    Raises:
        InvalidInput: When it is no XML, or has more sections than any file.
    """
    # Of a page's; one with declarations inside is refused below.
    root = read_xml(_DOCTYPE.sub(b"", data, count=1), MAX_BYTES)
    provider = root.find("emailProvider") if root.tag == "clientConfig" else None
    if provider is None:
        return None
    nodes = [node for node in provider if node.tag in ("incomingServer", "outgoingServer")]
    if len(nodes) > _MAX_SECTIONS:
        raise refuse(f"must be at most {_MAX_SECTIONS} servers", "emailProvider")
    return WrittenFile(
        identifier=provider.get("id"),
        domains=tuple(node.text or "" for node in provider.findall("domain") if not node.attrib),
        sections=tuple(_section(node) for node in nodes),
    )


def _section(node: Element) -> Section:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(child.text or "" for child in node.findall(name))

    leaves = ("hostname", "port", "socketType", "username", "authentication")
    return Section(
        is_incoming=node.tag == "incomingServer",
        type=node.get("type", ""),
        has_other_attributes=any(name != "type" for name in node.attrib),
        hostnames=texts("hostname"),
        ports=texts("port"),
        socket_types=texts("socketType"),
        usernames=texts("username"),
        authentication=tuple(
            child.text or "" for child in node.findall("authentication") if not child.attrib
        ),
        has_nested_texts=any(len(child) > 0 for name in leaves for child in node.findall(name)),
    )
