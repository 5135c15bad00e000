"""A document as a tree or as events, names as they are written: most clients know no namespaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias
from xml.parsers import expat  # documents of our own

from contracts.clients.settings import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Event:
    kind: Literal["start", "text", "end", "comment"]
    name: str
    """The element's name; for text and comments, the text."""
    attributes: dict[str, str] = field(default_factory=dict)


Child: TypeAlias = "Node | str"


@dataclass(slots=True)
class Node:
    name: str
    attributes: dict[str, str]
    children: list[Child] = field(default_factory=list)

    def elements(self, name: str | None = None) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node) and name in (None, child.name):
                yield child

    def find(self, name: str) -> Node | None:
        return next(self.elements(name), None)

    @property
    def text(self) -> str:
        return "".join(child for child in self.children if isinstance(child, str))

    def text_of(self, name: str) -> str | None:
        """Return the first such element's text; None where there is no element or no text."""
        node = self.find(name)
        return None if node is None else node.text or None


def read_events(body: bytes, encoding: str | None = None) -> list[Event]:
    events: list[Event] = []
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: events.append(Event("start", name, attributes))
    parser.EndElementHandler = lambda name: events.append(Event("end", name))
    parser.CharacterDataHandler = lambda text: events.append(Event("text", text))
    parser.CommentHandler = lambda text: events.append(Event("comment", text))
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes it by position only
    except expat.ExpatError as error:
        reason = f"not well-formed: {error}"
        raise RefusalError(reason) from None
    return events


def read_tree(body: bytes) -> Node:
    top = Node("", {})
    path = [top]
    for event in read_events(body):
        if event.kind == "start":
            node = Node(event.name, event.attributes)
            path[-1].children.append(node)
            path.append(node)
        elif event.kind == "end":
            path.pop()
        elif event.kind == "text":
            path[-1].children.append(event.name)
    return next(top.elements())


def provider_of(body: bytes) -> Node:
    """Return ``clientConfig/emailProvider``."""
    root = read_tree(body)
    provider = root.find("emailProvider") if root.name == "clientConfig" else None
    if provider is None:
        reason = "no clientConfig/emailProvider"
        raise RefusalError(reason)
    return provider
