from __future__ import annotations

from ipaddress import ip_address

import dns.rdata
import pytest
from app.core.dns_lookups import NameServer
from app.core.dns_records import (
    CLOSED,
    AddressData,
    AliasData,
    DnsRecord,
    MxData,
    RecordData,
    SrvData,
    TlsaData,
    TxtData,
    presented,
    txt_strings,
    type_of,
)
from app.core.errors import InvalidInput

PRESENTED: list[tuple[RecordData, str, str]] = [
    (AddressData(ip_address("192.0.2.1")), "A", "192.0.2.1"),
    (AddressData(ip_address("2001:db8::1")), "AAAA", "2001:db8::1"),
    (AliasData("host.example"), "CNAME", "host.example."),
    (MxData(preference=10, exchange="mx.example"), "MX", "10 mx.example."),
    (MxData(preference=0, exchange=None), "MX", "0 ."),
    (SrvData(priority=1, weight=2, port=3, target="imap.example"), "SRV", "1 2 3 imap.example."),
    (CLOSED, "SRV", "0 0 0 ."),
    (
        TlsaData(usage=3, selector=1, matching_type=1, association=b"\x01\xff" * 16),
        "TLSA",
        f"3 1 1 {'01ff' * 16}",
    ),
    (TxtData("v=STSv1; id=1;"), "TXT", '"v=STSv1; id=1;"'),
    (TxtData(""), "TXT", '""'),
    (TxtData('a"b\\c\n\x7f'), "TXT", '"a\\"b\\\\c\\010\\127"'),
    (TxtData("ü"), "TXT", '"\\195\\188"'),
]


@pytest.mark.parametrize(("data", "record_type", "text"), PRESENTED)
def test_data_is_written_as_zone_files_have_it(data: RecordData, record_type: str, text: str) -> None:
    assert type_of(data) == record_type
    assert presented(data) == text
    # Another reader takes it for the same.
    assert dns.rdata.from_text("IN", record_type, text).to_text() == text


@pytest.mark.parametrize("length", [1, 254, 255, 256, 510, 511, 5000])
def test_a_long_text_is_split_into_strings_that_a_record_can_hold(length: int) -> None:
    text = "".join(chr(33 + number % 90) for number in range(length))
    strings = txt_strings(text)
    assert b"".join(strings).decode() == text
    assert max(map(len, strings)) <= 255
    assert len(strings) == -(-length // 255)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a..example",
        "A.example",
        "a.example.",
        "-a.example",
        "a b.example",
        "__a.example",
        "a;b.example",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
    ],
)
def test_a_name_that_no_zone_can_hold_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        DnsRecord(name=name, data=CLOSED, why="")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        (" 127.0.0.1:5353 ", "127.0.0.1:5353"),
        ("::1", "[::1]:53"),
        ("[::1]:5353", "[::1]:5353"),
    ],
)
def test_a_name_server_is_read_as_it_is_written(text: str, server: str) -> None:
    parsed = NameServer.parse(text)
    assert str(parsed) == server
    assert NameServer.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ns.example",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "[::1",
        "[::1]",
        "[::1]x:53",
        "1.2.3",
        ":53",
    ],
)
def test_what_is_no_name_server_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        NameServer.parse(text)
