"""The mail protocols of a response as they are written: what clients with rules of their own start from."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.autodiscover_request import child_text, find_child
from app.core.xml_reading import local_name, read_xml
from app.parsers.autodiscover.pox import MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenProtocol:
    """A ``Protocol`` element; None for what is not there."""

    type: str
    server: str | None
    port: str | None
    login_name: str | None
    ssl: str | None
    encryption: str | None
    spa: str | None


def read_protocols(data: bytes) -> tuple[WrittenProtocol, ...]:
    """Read the protocols of a response; none where it has no account.

    Raises:
        InvalidInput: When it is no XML.
    """
    root = read_xml(data, MAX_BYTES)
    response = find_child(root, "response")
    account = None if response is None else find_child(response, "account")
    if account is None:
        return ()
    return tuple(
        WrittenProtocol(
            type=child_text(node, "type") or "",
            server=child_text(node, "server"),
            port=child_text(node, "port"),
            login_name=child_text(node, "loginname"),
            ssl=child_text(node, "ssl"),
            encryption=child_text(node, "encryption"),
            spa=child_text(node, "spa"),
        )
        for node in account
        if local_name(node).lower() == "protocol"
    )
