"""Real servers with one fault each: exactly what is wrong is found, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from app.core.endpoints import Listing
from app.core.servers import Authentication
from app.verification.judging import judge_listing
from app.verification.tls_questions import Scope

from starttls_servers import IMAP, POP3, SMTP, a_starttls_server
from verification_lab import CERTIFICATE_FINDINGS, PATHS, STUB_ADDRESS, a_lab, a_stub, codes, observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starttls_servers import Manner
    from verification_lab import Lab, Step

pytestmark = pytest.mark.integration

MAIL_SERVICES = (
    "imap", "imaps", "pop3", "pop3s", "sieve", "submission", "exim-submission", "exim-smtps",
)  # fmt: skip
SERVICES = (*MAIL_SERVICES, "caldav")
# What else may differ between two servers, by variant and service.
CONDUCT = [
    *[("plain", service, ("login.offered-in-clear", "starttls.not-offered"))
      for service in ("imap", "pop3", "submission", "exim-submission")],
    # Dovecot offers it there and then says no.
    ("plain", "sieve", ("login.offered-in-clear", "starttls.refused")),
    ("plain", "imaps", ("tls.handshake-failed",)),
    ("plain", "pop3s", ("tls.handshake-failed",)),
    *[("required", service, ()) for service in MAIL_SERVICES],
    *[("old", service, ("tls.only-old-versions",)) for service in MAIL_SERVICES],
    *[("clear", service, ("login.offered-in-clear",))
      for service in ("imap", "pop3", "sieve", "submission", "exim-submission")],
    ("clear", "imaps", ()),
    # Three seconds before the greeting.
    ("slow", "exim-submission", ()),
    ("slow", "exim-smtps", ()),
    ("refusing", "exim-submission", ("conversation.not-served",)),
    ("refusing", "exim-smtps", ("conversation.not-served",)),
    *[("tlsa", service, ("dane.matches",)) for service in ("imaps", "exim-smtps")],
    *[("mistlsa", service, ("dane.mismatch",)) for service in ("imaps", "exim-smtps")],
    ("tlsa", "imap", ()),
    *[("twofaced", service, ("connect.address-dead",)) for service in SERVICES],
    *[("dead", service, ("connect.refused",)) for service in SERVICES],
    ("forbidden", "imaps", ("connect.not-permitted",)),
    ("void", "imaps", ("host.no-address",)),
    ("nowhere", "imaps", ("host.unknown",)),
]  # fmt: skip
WEB = [
    ("webmail", "/webmail/", ()),
    ("webmail", "/bare/", ("http.no-hsts",)),
    ("webmail", "/nothing/", ("http.not-found",)),
    ("webmail", "/broken/", ("http.server-error",)),
    ("webmail", "/busy/", ("http.busy",)),
    ("webmail", "/down/", ("http.leads-to-plain",)),
    ("webmail", "/round/", ("http.redirects-too-often",)),
    ("webmail", "/dead-end/", ("http.leads-nowhere",)),
    ("webmail", "/inwards/", ("http.leads-to-untested",)),
    ("caldav", "/dav/", ()),
    ("caldav", "/moved/", ()),
    ("caldav", "/closed/", ("http.forbidden",)),
    # A page for people, where a calendar should be.
    ("caldav", "/webmail/", ("http.wrong-service",)),
    ("ews", "/EWS/Exchange.asmx", ()),
    ("ews", "/nothing/", ("http.not-found",)),
]
LISTED = [
    ("good", "imaps", (Authentication.PASSWORD_CLEARTEXT,), ()),
    ("good", "imap", (Authentication.PASSWORD_CLEARTEXT,), ()),
    ("required", "pop3", (Authentication.PASSWORD_CLEARTEXT,), ()),
    ("good", "sieve", (Authentication.PASSWORD_CLEARTEXT,), ()),
    ("good", "exim-submission", (Authentication.PASSWORD_CLEARTEXT,), ()),
    ("good", "imaps", (Authentication.OAUTH2,), ("login.not-offered",)),
    (
        "good",
        "exim-smtps",
        (Authentication.PASSWORD_CLEARTEXT, Authentication.GSSAPI),
        ("login.not-offered",),
    ),
    ("good", "pop3s", (Authentication.PASSWORD_ENCRYPTED,), ("login.not-offered",)),
    ("nologin", "exim-submission", (Authentication.PASSWORD_CLEARTEXT,), ("login.none-offered",)),
    ("good", "ews", (Authentication.NTLM,), ()),
    ("good", "ews", (Authentication.HTTP_BASIC,), ("login.not-offered",)),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with a_lab() as found:
        yield found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("tag", CERTIFICATE_FINDINGS)
async def test_the_fault_of_a_certificate_is_found_and_nothing_else(lab: Lab, tag: str, service: str) -> None:
    seen = await observed(lab, lab.endpoint(tag, service, path=PATHS.get(service, "")))
    assert codes(lab, seen) == sorted(CERTIFICATE_FINDINGS[tag]), seen


@pytest.mark.parametrize(("tag", "service", "expected"), CONDUCT)
async def test_what_a_server_does_wrong_is_found_and_nothing_else(
    lab: Lab, tag: str, service: str, expected: tuple[str, ...]
) -> None:
    seen = await observed(lab, lab.endpoint(tag, service, path=PATHS.get(service, "")))
    assert codes(lab, seen) == sorted(expected), seen


@pytest.mark.parametrize(("service", "path", "expected"), WEB)
async def test_what_a_web_service_does_wrong_is_found_and_nothing_else(
    lab: Lab, service: str, path: str, expected: tuple[str, ...]
) -> None:
    seen = await observed(lab, lab.endpoint("good", service, path=path))
    assert codes(lab, seen) == sorted(expected), seen


@pytest.mark.parametrize(("tag", "service", "listed", "expected"), LISTED)
async def test_a_promised_way_to_log_in_is_there_or_missed(
    lab: Lab, tag: str, service: str, listed: tuple[Authentication, ...], expected: tuple[str, ...]
) -> None:
    endpoint = lab.endpoint(tag, service, path=PATHS.get(service, ""))
    seen = await observed(lab, endpoint)
    assert codes(lab, seen) == []
    findings = judge_listing(Listing(endpoint=endpoint, server="x", authentication=listed), seen)
    assert sorted(one.kind.code for one in findings) == sorted(expected)


@pytest.mark.parametrize("service", ["imaps", "imap", "pop3s", "submission"])
async def test_old_versions_beside_new_ones_are_found_when_asked_for(lab: Lab, service: str) -> None:
    scope = Scope(versions=True)
    seen = await observed(lab, lab.endpoint("oldtoo", service), scope=scope)
    assert codes(lab, seen) == ["tls.old-versions-too"]
    assert dict(seen.addresses[0].versions) == dict.fromkeys(("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), True)
    good = await observed(lab, lab.endpoint("good", service), scope=scope)
    assert codes(lab, good) == []


IMAP_GREETING = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"
STUBS: dict[str, tuple[str, list[Step], tuple[str, ...]]] = {
    "preauth": ("imap", [b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n", 5.0], ("greeting.preauthenticated",)),
    "imap turned away": ("imap", [b"* BYE too many connections\r\n"], ("connect.turned-away",)),
    "smtp busy": ("submission", [b"421 4.7.0 try again later\r\n"], ("connect.turned-away",)),
    "pop3 for now": ("pop3", [b"-ERR [SYS/TEMP] later\r\n"], ("connect.turned-away",)),
    "no greeting": ("imap", [20.0], ("greeting.none",)),
    "cut at once": ("pop3", [], ("conversation.cut",)),
    "cut in the greeting": ("submission", [b"220 mail.lab"], ("conversation.cut",)),
    "cut mid-line": ("imap", [IMAP_GREETING, b"", b"* CAPABILITY IMAP4r"], ("conversation.cut",)),
    "stalled": ("imap", [IMAP_GREETING, b"", 20.0], ("conversation.stalled",)),
    "endless line": ("imap", [b"* OK " + b"x" * 100_000, 20.0], ("conversation.too-long",)),
    "endless lines": ("submission", [b"220-hello\r\n" * 9000, 20.0], ("conversation.too-long",)),
    "another protocol": ("imap", [b"220 ftp.lab.example FTP\r\n", 20.0], ("greeting.wrong-protocol",)),
    "a web server": ("submission", [b"HTTP/1.1 400 Bad Request\r\n\r\n"], ("greeting.wrong-protocol",)),
    "smtp on pop3": ("pop3", [b"220 mail.lab.example ESMTP\r\n", 20.0], ("greeting.wrong-protocol",)),
    "no TLS at once": ("imaps", [IMAP_GREETING, 20.0], ("tls.not-spoken",)),
    "STARTTLS refused": (
        "submission",
        [
            b"220 hello\r\n",
            b"",
            b"250-hello\r\n250 STARTTLS\r\n",
            b"",
            b"454 4.7.0 not now\r\n",
            b"",
            b"221 bye\r\n",
        ],
        ("starttls.refused",),
    ),
    "STARTTLS broken": (
        "imap",
        [
            IMAP_GREETING,
            b"",
            b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK\r\n",
            b"",
            b"a2 OK go\r\n",
            0.3,
            b"a3 what?\r\n",
        ],
        ("tls.handshake-failed",),
    ),
    "hidden STARTTLS": (
        "submission",
        [b"220 " + b"*" * 30 + b"\r\n", b"", b"250-hello\r\n250 XXXXXXXA\r\n", b"", b"221 bye\r\n"],
        ("starttls.hidden-on-the-way",),
    ),
}


@pytest.mark.parametrize("name", STUBS)
async def test_what_no_real_server_does_is_found_and_nothing_else(lab: Lab, name: str) -> None:
    service, script, expected = STUBS[name]
    async with a_stub(script) as port:
        endpoint = replace(lab.endpoint("good", service), hostname="stub.lab.example", port=port)
        seen = await observed(lab, endpoint, seconds=2.0)
    assert codes(lab, seen) == sorted(expected), seen


async def test_bytes_behind_the_consent_to_starttls_are_found(lab: Lab) -> None:
    capabilities = b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK\r\n"
    consent = b"a2 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
    async with a_stub([IMAP_GREETING, b"", capabilities, b"", consent, lab.tls(), b""]) as port:
        endpoint = replace(lab.endpoint("good", "imap"), hostname="stub.lab.example", port=port)
        seen = await observed(lab, endpoint, seconds=3.0)
    # The stub has the certificate of another name.
    assert codes(lab, seen) == ["certificate.name-mismatch", "starttls.bytes-before-handshake"], seen


@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.parametrize(("service", "manner"), [("imap", IMAP), ("pop3", POP3), ("submission", SMTP)])
async def test_servers_that_carry_out_what_was_sent_before_tls_are_found_when_asked_for(
    lab: Lab, service: str, manner: Manner, *, forgets: bool
) -> None:
    async with a_starttls_server(manner, lab.tls(), STUB_ADDRESS, forgets=forgets) as port:
        endpoint = replace(lab.endpoint("good", service), hostname="stub.lab.example", port=port)
        not_asked = await observed(lab, endpoint)
        seen = await observed(lab, endpoint, seconds=3.0, scope=Scope(injection=True))
    assert (not_asked.addresses[0].takes_injected, seen.addresses[0].takes_injected) == (None, not forgets)
    found = () if forgets else ("starttls.takes-injected-commands",)
    # The stub has the certificate of another name.
    assert codes(lab, seen) == sorted(("certificate.name-mismatch", *found)), seen


@pytest.mark.parametrize("service", ["imap", "pop3", "submission", "exim-submission", "sieve", "imaps"])
async def test_real_servers_forget_what_was_sent_before_tls(lab: Lab, service: str) -> None:
    seen = await observed(lab, lab.endpoint("good", service), seconds=3.0, scope=Scope(injection=True))
    assert not seen.addresses[0].takes_injected
    assert codes(lab, seen) == []


async def test_a_port_that_swallows_packets_times_out(lab: Lab) -> None:
    with socket.create_server((STUB_ADDRESS, 0), backlog=1) as full:
        # Once the queue is full the kernel drops what arrives, as a filter does.
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        await asyncio.sleep(0.2)
        port = full.getsockname()[1]
        endpoint = replace(lab.endpoint("good", "imaps"), hostname="stub.lab.example", port=port)
        seen = await observed(lab, endpoint)
        for one in waiting:
            one.close()
    assert codes(lab, seen) == ["connect.timed-out"], seen
