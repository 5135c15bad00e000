"""What an autoconfig document means, read with nothing of ours: for comparing two of them.

Position and white space between elements mean nothing; the order of servers, methods and texts does.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET  # the test's own documents

SERVER_TEXTS = (
    "hostname", "port", "socketType", "url", "username", "restriction", "addThisServer",
    "useGlobalPreferredServer", "owaURL", "ewsURL", "easURL",
)  # fmt: skip
SECTIONS = ("addressbook", "calendar", "fileShare", "chatServer", "setupServer")
POP3_TEXTS = ("leaveMessagesOnServer", "daysToLeaveMessagesOnServer", "downloadOnBiff")


def meaning(document: bytes) -> dict[str, Any]:
    root = ET.fromstring(document)  # noqa: S314 - trusted files
    provider = root.find("emailProvider")
    assert provider is not None
    return {
        "version": root.get("version"),
        "id": provider.get("id"),
        "domains": {(node.text, node.get("purpose")) for node in provider.findall("domain")},
        "display name": text(provider, "displayName"),
        # One file has the historic spelling.
        "short name": text(provider, "displayShortName") or text(provider, "displayNameShort"),
        "incoming": [server(node) for node in provider.findall("incomingServer")],
        "outgoing": [server(node) for node in provider.findall("outgoingServer")],
        "documentation": pages([*provider.findall("documentation"), *root.findall("documentation")], "url"),
        "instruction": pages(provider.findall("instruction"), "url"),
        "enable": pages([*provider.findall("enable"), *root.findall("enable")], "visiturl"),
        "webmail": webmail(root),
        "sections": [(name, server(node)) for name in SECTIONS for node in root.findall(name)],
        "oauth2": None if (node := root.find("oAuth2")) is None else {c.tag: c.text for c in node},
    }


def text(parent: ET.Element, name: str) -> str | None:
    node = parent.find(name)
    return None if node is None else (node.text or "").strip()


def server(node: ET.Element) -> dict[str, Any]:
    found: dict[str, Any] = {"type": node.get("type")}
    found.update({name: value for name in SERVER_TEXTS if (value := text(node, name)) is not None})
    found["authentication"] = [method.text for method in node.findall("authentication")]
    pop3 = node.find("pop3")
    if pop3 is not None:
        interval = pop3.find("checkInterval")
        found["pop3"] = {name: value for name in POP3_TEXTS if (value := text(pop3, name)) is not None}
        found["pop3"]["minutes"] = None if interval is None else interval.get("minutes")
    return found


def pages(nodes: list[ET.Element], attribute: str) -> list[Any]:
    return [
        (node.get(attribute), [(child.get("lang"), (child.text or "").strip()) for child in node])
        for node in nodes
    ]


def webmail(root: ET.Element) -> Any:
    node = root.find("webMail")
    if node is None:
        return None
    return [
        (part.tag, dict(part.attrib), [(c.tag, dict(c.attrib), (c.text or "").strip()) for c in part])
        for part in node
    ]
