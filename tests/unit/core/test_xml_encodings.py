from __future__ import annotations

import codecs

import pytest
from app.core.errors import InvalidInput
from app.core.xml_reading import read_xml


def declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\r\n<a>ü</a>'


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<a>ü</a>".encode(), id="nothing declared"),
        pytest.param(declared("utf-8").encode(), id="UTF-8"),
        pytest.param(declared("utf-8").encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(b" \r\n\t" + declared("utf-8").encode(), id="white space first"),
        pytest.param(codecs.BOM_UTF8 + b"\n" + declared("utf-8").encode(), id="mark, then white space"),
        pytest.param(declared("utf-16").encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(
            codecs.BOM_UTF16_BE + declared("utf-16").encode("utf-16-be"), id="UTF-16 of the other order"
        ),
        pytest.param(declared("utf-16").encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(
            codecs.BOM_UTF16_LE + declared("utf-8").encode("utf-16-le"), id="UTF-16 that says UTF-8"
        ),
        pytest.param(declared("utf-16").encode(), id="UTF-8 that says UTF-16"),
        pytest.param(declared("UTF-16").encode("utf-8-sig"), id="UTF-8 with a mark that says UTF-16"),
        pytest.param(declared("utf8").encode(), id="UTF-8 that misspells itself"),
        pytest.param(declared("x").encode(), id="UTF-8 that says something that is none"),
        pytest.param(declared("utf-8").encode() + b"\0", id="a NUL behind"),
        pytest.param("<a>ü</a>".encode("utf-16-be"), id="UTF-16 that says nothing"),
        pytest.param(declared("iso-8859-1").encode("latin-1"), id="Latin 1"),
    ],
)
def test_a_document_is_read_in_the_encoding_that_it_has(document: bytes) -> None:
    assert read_xml(document, 1000).text == "ü"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"  ",
        codecs.BOM_UTF8,
        codecs.BOM_UTF16_LE,
        codecs.BOM_UTF16_LE + b"<\0a",
        codecs.BOM_UTF16_LE + b"\0\xd8",
        declared("utf-32").encode("utf-32"),
        declared("utf-7").encode("latin-1"),
        declared("rot13").encode("latin-1"),
        "<a>\ufffe</a>".encode("utf-16"),
    ],
)
def test_what_is_in_no_encoding_of_xml_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_xml(document, 1000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_doctype_is_refused_in_every_encoding(encoding: str) -> None:
    document = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding)
    with pytest.raises(InvalidInput, match="DOCTYPE"):
        read_xml(document, 1000)
