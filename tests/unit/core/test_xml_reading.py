from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.core.xml_reading import MAX_DEPTH, read_xml

LIMIT = 10_000


@pytest.mark.parametrize(
    "document",
    [
        "<a>é</a>".encode(),
        b"\xef\xbb\xbf<a>\xc3\xa9</a>",
        "<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode(),
        "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"),
        "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"),
        # Said to be UTF-16, as programs do that build XML in memory.
        "<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode(),
        b" \r\n<a>\xc3\xa9</a>",
        b"<a>&#233;</a>",
        b"<a><![CDATA[\xc3\xa9]]></a>",
        b"<a><!-- x -->\xc3\xa9</a>",
    ],
)
def test_documents_are_read_in_their_encoding(document: bytes) -> None:
    assert read_xml(document, LIMIT).text == "é"


BILLION_LAUGHS = b"""<!DOCTYPE a [<!ENTITY b "lol">%s]><a>&k;</a>""" % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("c"), ord("l"))
)


@pytest.mark.parametrize(
    "document",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:1/">%b;]><a/>',
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    ],
)
def test_whatever_needs_a_doctype_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput, match="must not have a DOCTYPE or entities"):
        read_xml(document, LIMIT)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (b"", "line 1, column 0"),
        (b"<a>", "line 1, column 3"),
        (b"<a>\n</b>", "line 2, column 2"),
        (b"plain text", "line 1, column 0"),
        (b"<a>&nbsp;</a>", "line 1, column 3"),
        (b"<a>\x00</a>", "line 1, column 3"),
        (b"<a>&#0;</a>", "line 1, column 3"),
        (b"<a>\xff</a>", "line 1, column 3"),
        (b"<a b=1/>", "line 1, column 5"),
        (b"<a b='1' b='2'/>", "line 1, column 9"),
        (b"<a/><b/>", "line 1, column 4"),
        (b"<x:a/>", "line 1, column 0"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_the_place(document: bytes, where: str) -> None:
    with pytest.raises(InvalidInput, match=f"must be well-formed XML; it is not at {where}"):
        read_xml(document, LIMIT)


def test_utf_16_that_is_cut_off_is_refused() -> None:
    with pytest.raises(InvalidInput, match="encoding that XML parsers know"):
        read_xml("<a/>".encode("utf-16")[:-1], LIMIT)


@pytest.mark.parametrize("encoding", ["nothing", "utf-7", "shift_jis", "base64", "ebcdic-cp-us"])
def test_encodings_that_parsers_do_not_know_are_refused(encoding: str) -> None:
    with pytest.raises(InvalidInput):
        read_xml(f"<?xml version='1.0' encoding='{encoding}'?><a>é</a>".encode("latin-1"), LIMIT)


def test_a_document_is_as_long_as_its_limit_at_most() -> None:
    document = b"<a>" + b"x" * 93 + b"</a>"
    assert read_xml(document, 100).text == "x" * 93
    with pytest.raises(InvalidInput, match="at most 99 bytes"):
        read_xml(document, 99)


def test_a_document_is_as_deep_as_its_limit_at_most() -> None:
    read_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH, LIMIT)
    with pytest.raises(InvalidInput, match="at most 32 elements deep"):
        read_xml(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), LIMIT)


def test_a_document_deep_enough_to_break_a_recursion_is_refused() -> None:
    depth = 100_000
    with pytest.raises(InvalidInput, match="elements deep"):
        read_xml(b"<a>" * depth + b"</a>" * depth, 10_000_000)
