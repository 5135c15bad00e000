"""Reads a fragment of HTML as browsers do, and refuses what instructions never need."""

from __future__ import annotations

from html.parser import HTMLParser

from typing_extensions import override

ELEMENTS = {
    "a", "article", "bdi", "code", "dd", "dl", "dt", "h2", "h3", "li", "ol", "p", "pre", "section", "span",
    "ul",
}  # fmt: skip


class FragmentReader(HTMLParser):
    """Checks that every element is known and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        assert {name for name, _ in attrs} <= {"class", "lang", "dir", "href"}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += data

    @override
    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    @override
    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    @override
    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read_fragment(html: str) -> FragmentReader:
    reader = FragmentReader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader
