"""Whatever is asked for: a right profile, or a refusal in plain words."""

from __future__ import annotations

import plistlib
from typing import Any
from urllib.parse import quote, urlencode

from app.core.documents import ClientRequest, Reply
from app.core.names import EmailAddress
from app.core.resolving import resolve
from app.renderers import FORMATS_BY_NAME
from hypothesis import given
from hypothesis import strategies as st

from builders import a_domain, a_url_server, an_account, an_imap_server
from builders import an_smtp_server as smtp
from contracts.accounts import ACCOUNTS
from contracts.apple import faults
from contracts.profiles import MOBILECONFIG

ODD = "+/%?#&=<>\"'\\@. ;:,(){}|~é\u00df\u202e\u05d0\U0001f600\ufffd\ufffe\uffff\x00\x1f\x7f\x85\n\r\t"
TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(ODD)), max_size=80)
LOCAL_PART = st.one_of(TEXT, st.text(st.sampled_from("a.+-_!#$%&'*/=?^`{|}~ü0"), min_size=1, max_size=64))
DOMAINS = st.sampled_from(["customer.example", "bücher.example", "xn--bcher-kva.example", "a.b.c.example."])
ACCOUNT = st.sampled_from([account for account in ACCOUNTS.values() if account.servers])


def answer(request: ClientRequest, account: Any) -> Reply:
    inquiry = MOBILECONFIG.inquire(request)
    resolved = [
        None
        if question.address is None
        else resolve(account.provider, a_domain(question.address.domain.ascii), address=question.address)
        for question in inquiry.questions
    ]
    return inquiry.answer(tuple(resolved))


def check(reply: Reply) -> None:
    assert reply.status in {200, 400, 404}
    assert reply.max_age_seconds is None
    if reply.status == 200:
        assert faults(reply.body) == []
    else:
        assert reply.body.decode().endswith("\n")
    for name, value in reply.headers:
        assert f"{name}{value}".isascii()
        assert f"{name}{value}".isprintable()


@given(LOCAL_PART, DOMAINS, TEXT, ACCOUNT)
def test_any_address_and_name_get_a_right_profile_or_a_refusal(
    local_part: str, domain: str, name: str, account: Any
) -> None:
    query = urlencode({"emailaddress": f"{local_part}@{domain}", "name": name})
    check(answer(ClientRequest(query=query), account))


@given(LOCAL_PART, DOMAINS)
def test_servers_named_after_the_address_are_right_or_left_out(local_part: str, domain: str) -> None:
    servers = (
        an_imap_server(hostname="%EMAILLOCALPART%.%EMAILDOMAIN%", username="%EMAILADDRESS%#%EMAILADDRESS%"),
        smtp(),
        a_url_server(url="https://%EMAILDOMAIN%/%EMAILADDRESS%/%EMAILLOCALPART%"),
    )
    account = an_account(*servers, *ACCOUNTS["groupware"].servers[2:])
    query = urlencode({"email": f"{local_part}@{domain}"})
    check(answer(ClientRequest(query=query), account))


@given(st.text(max_size=200), st.binary(max_size=200), TEXT, ACCOUNT)
def test_any_request_is_answered(query: str, body: bytes, path: str, account: Any) -> None:
    for parameters in ({}, {"address": path}):
        request = ClientRequest(method="POST", query=query, body=body, path_parameters=parameters)
        check(answer(request, account))


@given(LOCAL_PART, DOMAINS)
def test_path_query_and_form_are_read_alike(local_part: str, domain: str) -> None:
    address = f"{local_part}@{domain}"
    encoded = f"emailaddress={quote(address, safe='')}"
    account = ACCOUNTS["full"]
    replies = {
        answer(ClientRequest(query=encoded), account),
        answer(ClientRequest(method="POST", body=encoded.encode()), account),
        answer(ClientRequest(path_parameters={"address": address}), account),
    }
    assert len(replies) == 1


@given(LOCAL_PART, DOMAINS, TEXT)
def test_what_is_asked_for_is_what_is_set_up(local_part: str, domain: str, name: str) -> None:
    query = urlencode({"emailaddress": f"{local_part}@{domain}", "name": name})
    reply = answer(ClientRequest(query=query), ACCOUNTS["minimal"])
    if reply.status == 200:
        payload = plistlib.loads(reply.body)["PayloadContent"][0]
        read = EmailAddress.parse(payload["EmailAddress"])
        assert str(read) == payload["EmailAddress"] == payload["IncomingMailServerUsername"]
        assert payload.get("EmailAccountName") == (name.strip() or None)


def test_the_format_is_registered() -> None:
    assert FORMATS_BY_NAME["mobileconfig"] is MOBILECONFIG
