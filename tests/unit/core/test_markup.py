from __future__ import annotations

from xml.etree import ElementTree as ET  # documents of our own

import pytest
from app.core.markup import (
    Element,
    element,
    escape_attribute,
    escape_text,
    leaf,
    optional_leaf,
    to_document,
    to_fragment,
)


def test_a_document_is_indented_between_elements_and_never_in_a_leaf() -> None:
    root = element("a", leaf("b", "text", lang="de"), element("c", element("d", x="1")), version="1.1")
    assert to_document(root).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<a version="1.1">\n'
        '  <b lang="de">text</b>\n'
        "  <c>\n"
        '    <d x="1"/>\n'
        "  </c>\n"
        "</a>\n"
    )


def test_what_is_none_is_left_out() -> None:
    root = element("a", None, optional_leaf("b", None), optional_leaf("c", "x"), y=None, z="1")
    assert root == Element("a", (Element("c", "x"),), (("z", "1"),))
    assert leaf("b", "x", lang=None) == Element("b", "x")


def test_an_element_without_anything_is_closed_at_once() -> None:
    assert b"<a/>" in to_document(leaf("a", ""))
    assert b"<a/>" in to_document(element("a"))


HOSTILE = "<b>\"A\" & 'B'</b> ]]> &amp; <!-- --> <?php ?> \u202e\u05d0 \U0001f4e7\t\n\r\u0085"[:-1]


def test_text_and_attributes_come_back_as_they_were() -> None:
    root = ET.fromstring(to_document(element("a", leaf("b", HOSTILE), element("c", x=HOSTILE))))  # noqa: S314
    assert root.findtext("b") == HOSTILE
    assert root[1].get("x") == HOSTILE


def test_nothing_that_is_markup_is_left() -> None:
    for escape in (escape_text, escape_attribute):
        assert not set("<>") & set(escape(HOSTILE))
    assert not set("\"'\t\n\r") & set(escape_attribute(HOSTILE))


@pytest.mark.parametrize(
    "char", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\x9f", "\ud800", "\ufffe"], ids=ascii
)
def test_what_xml_cannot_carry_is_an_error(char: str) -> None:
    for escape in (escape_text, escape_attribute):
        with pytest.raises(ValueError, match="XML forbids"):
            escape(f"a{char}")


@pytest.mark.parametrize("name", ["", "a b", "a>", "1a", "a\n", "<", 'a"'])
def test_what_is_no_name_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="no name of an element"):
        to_document(Element(name))


@pytest.mark.parametrize("name", ["", "a b", "a>", "1a", 'a"'])
def test_what_is_no_attribute_name_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="no name of an attribute"):
        to_document(Element("a", (), ((name, "x"),)))


def test_a_fragment_has_no_declaration_and_keeps_preformatted_text_on_its_line() -> None:
    root = element("div", leaf("p", "a < b", title='"'), element("pre", leaf("code", "one\n  two")))
    assert to_fragment(root).decode() == (
        '<div>\n  <p title="&quot;">a &lt; b</p>\n  <pre><code>one\n  two</code></pre>\n</div>\n'
    )


@pytest.mark.parametrize("empty", [leaf("p", ""), element("p"), element("div", leaf("p", ""))])
def test_a_fragment_has_no_empty_elements(empty: Element) -> None:
    with pytest.raises(ValueError, match="p is empty"):
        to_fragment(empty)


def test_names_in_a_fragment_are_checked_too() -> None:
    with pytest.raises(ValueError, match="no name of an attribute"):
        to_fragment(Element("p", "text", (("on x", "y"),)))
