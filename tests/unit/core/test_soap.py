from __future__ import annotations

import pytest
from app.core.soap import Call, Fault, FaultCode, fault_reply, read_call

from contracts.microsoft_soap import read_fault
from contracts.soap_calls import SOAP, WSA, an_envelope

MAX_BYTES = 4000
KNOWN = "{urn:known}Known"
MUST = 'soap:mustUnderstand="1"'
NEXT = "http://schemas.xmlsoap.org/soap/actor/next"


def read(*headers: str, body: str = "<b/>") -> Call | Fault:
    header = f"<soap:Header>{''.join(headers)}</soap:Header>" if headers else ""
    return read_call(an_envelope(header, body), MAX_BYTES, frozenset({KNOWN}))


def a_call(*headers: str) -> Call:
    call = read(*headers)
    assert isinstance(call, Call), call
    return call


def a_fault(*headers: str, body: str = "<b/>") -> Fault:
    fault = read(*headers, body=body)
    assert isinstance(fault, Fault), fault
    return fault


def test_a_call_is_the_first_element_of_the_body() -> None:
    found = read(body="\n<!-- a comment --><first/><second/>")
    assert isinstance(found, Call)
    assert found.payload.tag == "first"
    assert found.message_id is None


def test_a_header_is_read_by_its_local_name_without_white_space() -> None:
    call = a_call("<wsa:Action>\n  https://example.com/\n  Action\n</wsa:Action>")
    assert call.header("Action") == "https://example.com/Action"
    assert call.header("To") is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", FaultCode.CLIENT),
        (b"<Envelope", FaultCode.CLIENT),
        (b"<html><body/></html>", FaultCode.CLIENT),
        (b"<!DOCTYPE Envelope><Envelope/>", FaultCode.CLIENT),
        (b"<Envelope/>", FaultCode.VERSION_MISMATCH),
        (
            an_envelope("", "<b/>", namespace="http://www.w3.org/2003/05/soap-envelope"),
            FaultCode.VERSION_MISMATCH,
        ),
        (an_envelope("", ""), FaultCode.CLIENT),
        (an_envelope("", "text"), FaultCode.CLIENT),
        (f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), FaultCode.CLIENT),
        (an_envelope("", "<b/>" * MAX_BYTES), FaultCode.CLIENT),
        (an_envelope("", "<b>" * 40 + "</b>" * 40), FaultCode.CLIENT),
    ],
)
def test_what_is_no_call_is_a_fault(body: bytes, code: FaultCode) -> None:
    found = read_call(body, MAX_BYTES, frozenset())
    assert isinstance(found, Fault)
    assert found.code is code
    told = read_fault(fault_reply(found).body)
    assert (told.code, told.reason) == (code.partition(":")[2], found.reason)


@pytest.mark.parametrize(
    "header",
    [
        f'<k:Known xmlns:k="urn:known" {MUST}/>',
        f"<wsa:Action {MUST}>urn:a</wsa:Action>",
        f"<wsa:To {MUST}>urn:a</wsa:To>",
        f"<wsa:ReplyTo {MUST}><wsa:Address> {WSA}/anonymous </wsa:Address></wsa:ReplyTo>",
        '<u:Unknown xmlns:u="urn:unknown"/>',
        '<u:Unknown xmlns:u="urn:unknown" soap:mustUnderstand="0"/>',
        f'<u:Unknown xmlns:u="urn:unknown" {MUST} soap:actor="urn:somebody-else"/>',
        "<wsa:ReplyTo><wsa:Address>https://elsewhere.example/</wsa:Address></wsa:ReplyTo>",
    ],
)
def test_a_header_that_is_understood_or_need_not_be_is_no_fault(header: str) -> None:
    a_call(header)


@pytest.mark.parametrize(
    "header",
    [
        f'<u:Unknown xmlns:u="urn:unknown" {MUST}/>',
        '<u:Unknown xmlns:u="urn:unknown" soap:mustUnderstand="true"/>',
        f'<u:Unknown xmlns:u="urn:unknown" {MUST} soap:actor="{NEXT}"/>',
        f'<u:Unknown xmlns:u="urn:unknown" {MUST} soap:actor=""/>',
        f"<Known {MUST}/>",
        f"<wsa:ReplyTo {MUST}><wsa:Address>https://elsewhere.example/</wsa:Address></wsa:ReplyTo>",
        f"<wsa:FaultTo {MUST}/>",
    ],
)
def test_a_header_that_must_be_understood_and_is_not_is_a_fault(header: str) -> None:
    fault = a_fault(header)
    assert fault.code is FaultCode.MUST_UNDERSTAND
    assert read_fault(fault_reply(fault).body).code == "MustUnderstand"


def test_a_fault_is_status_500() -> None:
    reply = fault_reply(a_fault(body=""))
    assert reply.status == 500
    assert reply.media_type == "text/xml; charset=utf-8"
    assert reply.max_age_seconds is None


def test_a_fault_of_what_is_no_soap_is_status_400() -> None:
    fault = read_call(b"<data/>", 100, frozenset())
    assert isinstance(fault, Fault)
    assert fault_reply(fault).status == 400


@pytest.mark.parametrize(
    "message_id", ["urn:uuid:6389558d-9e05-465e-ade9-aae14c4bcd10", "https://a.example/?b=c"]
)
def test_an_answer_relates_to_the_message_that_it_answers(message_id: str) -> None:
    header = f"<wsa:MessageID> {message_id}\n</wsa:MessageID>"
    assert a_call(header).message_id == message_id
    assert read_fault(fault_reply(a_fault(header, body="")).body).relates_to == message_id


@pytest.mark.parametrize(
    "message_id",
    ["", "no-uri", "urn:&lt;b&gt;", "urn:ü", "urn:a b", "javascript&#58;alert('1')", "urn:" + "a" * 300],
)
def test_a_message_id_that_is_no_plain_uri_is_not_repeated(message_id: str) -> None:
    assert a_call(f"<wsa:MessageID>{message_id}</wsa:MessageID>").message_id is None


def test_a_message_id_of_another_namespace_is_not_repeated() -> None:
    assert a_call("<MessageID>urn:a</MessageID>").message_id is None
