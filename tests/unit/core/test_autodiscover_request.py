"""Autodiscover requests are read however clients write them, and refused where they must be."""

from __future__ import annotations

import codecs

import pytest
from app.core.autodiscover_request import (
    MAX_REQUEST_BYTES,
    AutodiscoverRequest,
    ResponseSchema,
    outlook_request,
    read_autodiscover_request,
)
from app.core.errors import InvalidInput

SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
OUTLOOK, MOBILESYNC = f"{SCHEMAS}/outlook", f"{SCHEMAS}/mobilesync"
JANE = "jane@customer.example"
ADDRESS = f"<EMailAddress>{JANE}</EMailAddress>"
ACCEPTED = f"<AcceptableResponseSchema>{OUTLOOK}/responseschema/2006a</AcceptableResponseSchema>"
ROOT = f'<Autodiscover xmlns="{OUTLOOK}/requestschema/2006">'
BODY = f"{ROOT}<Request>{ADDRESS}{ACCEPTED}</Request></Autodiscover>"
UTF_8, UTF_16 = ('<?xml version="1.0" encoding="%s"?>' % name for name in ("utf-8", "utf-16"))  # noqa: UP031


def read(text: str) -> AutodiscoverRequest:
    return read_autodiscover_request(text.encode())


ENCODINGS = {
    "bare": BODY.encode(),
    "declared": (UTF_8 + BODY).encode(),
    "single quotes": ("<?xml version='1.0' encoding='UTF-8'?>" + BODY).encode(),
    "BOM": codecs.BOM_UTF8 + (UTF_8 + BODY).encode(),
    "white space before the declaration": b" \r\n\t" + (UTF_8 + BODY).encode(),
    "white space, BOM, white space": b"\n" + codecs.BOM_UTF8 + b"\n" + (UTF_8 + BODY).encode(),
    "NUL behind": BODY.encode() + b"\0",
    "line ends behind": BODY.encode() + b"\r\n\r\n",
    "a slip in the encoding's name": ('<?xml version="1.0" encoding="utf8"?>' + BODY).encode(),
    "an encoding that is none": ('<?xml version="1.0" encoding="x"?>' + BODY).encode(),
    "XML 1.1": ('<?xml version="1.1"?>' + BODY).encode(),
    "calls itself UTF-16": (UTF_16 + BODY).encode(),
    "UTF-16 little endian": codecs.BOM_UTF16_LE + (UTF_16 + BODY).encode("utf-16-le"),
    "UTF-16 big endian": codecs.BOM_UTF16_BE + (UTF_16 + BODY).encode("utf-16-be"),
    "UTF-16 that calls itself utf-8": codecs.BOM_UTF16_LE + (UTF_8 + BODY).encode("utf-16-le"),
    "UTF-16 with white space": codecs.BOM_UTF16_LE + f"\n {UTF_16}{BODY}\n".encode("utf-16-le"),
    "UTF-16 without a BOM": (UTF_8 + BODY).encode("utf-16-le"),
    "UTF-16 without a BOM, big endian": BODY.encode("utf-16-be"),
    "ISO 8859-1": (
        '<?xml version="1.0" encoding="iso-8859-1"?>' + BODY.replace("<Req", "<!--ü--><Req")
    ).encode("latin-1"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_request_is_read_in_any_encoding(name: str) -> None:
    expected = AutodiscoverRequest(schema=ResponseSchema.OUTLOOK, address=JANE, legacy_dn=None)
    assert read_autodiscover_request(ENCODINGS[name]) == expected


SHAPES = {
    "the other order": BODY.replace(ADDRESS + ACCEPTED, ACCEPTED + ADDRESS),
    "prefixes": BODY.replace("<", "<a:").replace("<a:/", "</a:").replace("xmlns=", "xmlns:a="),
    "no namespace": BODY.replace(f' xmlns="{OUTLOOK}/requestschema/2006"', ""),
    "https namespaces": BODY.replace("http://", "https://"),
    "a namespace of nobody's": BODY.replace(f"{OUTLOOK}/requestschema/2006", "urn:x"),
    "a namespace on the children": BODY.replace(ROOT, "<Autodiscover>").replace(
        "<Request>", f'<Request xmlns="{OUTLOOK}/requestschema/2006">'
    ),
    "other capitals": BODY.replace("EMailAddress", "EmailAddress").replace("Autodiscover", "AutoDiscover"),
    "white space around the address": BODY.replace(JANE, f"\n  {JANE}\n"),
    "CDATA": BODY.replace(JANE, f"<![CDATA[{JANE}]]>"),
    "a character reference": BODY.replace("@", "&#64;"),
    "comments": BODY.replace("<Request>", "<!-- a --><Request><!-- b -->"),
    "further elements": BODY.replace(ADDRESS, f"<Other><EMailAddress>x</EMailAddress></Other>{ADDRESS}"),
    "an empty address before": BODY.replace(ADDRESS, f"<EMailAddress/>{ADDRESS}"),
    "attributes": BODY.replace("<Request>", '<Request a="b">'),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_request_is_read_in_any_shape(name: str) -> None:
    assert read(SHAPES[name]).address == JANE
    assert read(SHAPES[name]).schema is ResponseSchema.OUTLOOK


def request_of(namespace: str | None, accepted: str | None) -> str:
    root = "<Autodiscover>" if namespace is None else f'<Autodiscover xmlns="{namespace}/requestschema/2006">'
    schema = "" if accepted is None else f"<AcceptableResponseSchema>{accepted}</AcceptableResponseSchema>"
    return f"{root}<Request>{ADDRESS}{schema}</Request></Autodiscover>"


@pytest.mark.parametrize(
    ("namespace", "accepted", "schema"),
    [
        (OUTLOOK, f"{OUTLOOK}/responseschema/2006a", ResponseSchema.OUTLOOK),
        (MOBILESYNC, f"{MOBILESYNC}/responseschema/2006", ResponseSchema.MOBILESYNC),
        # What is accepted counts, not what the request is written in.
        (OUTLOOK, f"{MOBILESYNC}/responseschema/2006", ResponseSchema.MOBILESYNC),
        (MOBILESYNC, f"{OUTLOOK}/responseschema/2006a", ResponseSchema.OUTLOOK),
        (MOBILESYNC, None, ResponseSchema.MOBILESYNC),
        (MOBILESYNC, " ", ResponseSchema.MOBILESYNC),
        (OUTLOOK, None, ResponseSchema.OUTLOOK),
        (None, None, ResponseSchema.OUTLOOK),
        (None, f" {MOBILESYNC.upper()}/RESPONSESCHEMA/2006\n", ResponseSchema.MOBILESYNC),
        (None, f"{OUTLOOK.replace('http', 'https')}/responseschema/2006", ResponseSchema.OUTLOOK),
        (OUTLOOK, f"{SCHEMAS}/wap/responseschema/2006", ResponseSchema.OTHER),
        (OUTLOOK, "2006a", ResponseSchema.OTHER),
    ],
)
def test_the_response_is_the_one_that_is_accepted_or_else_the_requests_own(
    namespace: str | None, accepted: str | None, schema: ResponseSchema
) -> None:
    assert read(request_of(namespace, accepted)).schema is schema


def test_a_distinguished_name_is_read_too() -> None:
    dn = "/o=contoso/cn=Recipients/cn=jane"
    alone = read(BODY.replace(ADDRESS, f"<LegacyDN>{dn}</LegacyDN>"))
    assert (alone.address, alone.legacy_dn) == (None, dn)
    both = read(BODY.replace(ADDRESS, f"<LegacyDN>{dn}</LegacyDN>{ADDRESS}"))
    assert (both.address, both.legacy_dn) == (JANE, dn)


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY b{n} "&a;&a;">' for n in range(9))
    + f"]>{BODY.replace(JANE, '&a;')}"
)
REFUSED = {
    "nothing": b"",
    "white space": b" \n",
    "no XML": b"emailaddress=jane%40customer.example",
    "JSON": b'{"a": 1}',
    "cut off": BODY.encode()[:-5],
    "another root": BODY.replace("Autodiscover", "Envelope").encode(),
    "no Request": f"{ROOT}{ADDRESS}</Autodiscover>".encode(),
    "a DOCTYPE": f"<!DOCTYPE Autodiscover>{BODY}".encode(),
    "entities": LAUGHS.encode(),
    "an outer entity": f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>{BODY}'.encode(),
    "a DOCTYPE in UTF-16": codecs.BOM_UTF16_LE + f"<!DOCTYPE a>{BODY}".encode("utf-16-le"),
    "an entity that is not declared": BODY.replace(JANE, "&x;").encode(),
    "too long": BODY.replace("<Request>", "<Request>" + " " * MAX_REQUEST_BYTES).encode(),
    "too deep": ("<Autodiscover>" + "<Request>" * 64 + "</Request>" * 64 + "</Autodiscover>").encode(),
    "half a character of UTF-16": codecs.BOM_UTF16_LE + BODY.encode("utf-16-le") + b"x",
    "a lone surrogate": codecs.BOM_UTF16_LE + BODY.encode("utf-16-le") + b"\x00\xd8",
    "not UTF-8": b"<Autodiscover>\xff</Autodiscover>",
    "a prefix that is not declared": BODY.replace("<Request>", "<a:Request>").encode(),
    "NULs": b"\0\0\0",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        read_autodiscover_request(REFUSED[name])


def test_the_longest_request_is_read() -> None:
    body = BODY.replace("<Request>", "<Request>" + " " * (MAX_REQUEST_BYTES - len(BODY)))
    assert len(body) == MAX_REQUEST_BYTES
    assert read(body).address == JANE


def test_what_outlook_posts_is_read_back() -> None:
    found = read_autodiscover_request(outlook_request("jane&co@customer.example"))
    assert found == AutodiscoverRequest(
        schema=ResponseSchema.OUTLOOK, address="jane&co@customer.example", legacy_dn=None
    )
