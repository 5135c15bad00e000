"""A domain's DNS records and what its names return, and exactly what that means."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from app.core.dns_comparison import CheckedRecord, RecordState
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import CLOSED, AddressData, AliasData, DnsRecord, RecordData, SrvData, TxtData
from app.core.observations import Failure, FailureReason, Stage
from app.core.publications import DocumentCheck, DocumentObservation, ExpectedDocument

from observed import a_session, an_answer, found
from pki import INTERMEDIATE, chain, good, issue

if TYPE_CHECKING:
    from collections.abc import Iterable

AUTOCONFIG: Final = "autoconfig.customer.example"
PATH: Final = "/mail/config-v1.1.xml?emailaddress=someone%40customer.example"
HTTPS: Final = f"https://{AUTOCONFIG}{PATH}"
HTTP: Final = f"http://{AUTOCONFIG}{PATH}"
BODY: Final = b'<?xml version="1.0"?><clientConfig version="1.1"/>'
PAGE: Final = b"<!DOCTYPE html><title>Welcome</title>"


def _record(
    data: RecordData, state: RecordState, *published: str, name: str = AUTOCONFIG, detail: str = ""
) -> CheckedRecord:
    record = DnsRecord(name=name, data=data, why="Needed.")
    return CheckedRecord(record=record, state=state, found=published, detail=detail)


def _document(url: str = HTTPS, body: bytes = BODY, status: int = 200, **changes: Any) -> DocumentCheck:
    expected = ExpectedDocument(url=url, format="autoconfig", body_sha256=sha256(BODY).hexdigest())
    values: dict[str, Any] = {
        "url": url,
        "tls": a_session(good(AUTOCONFIG)) if url.startswith("https:") else None,
        "http": an_answer(status, url=url, headers=()),
        "media_type": "application/xml",
        "body_sha256": sha256(body).hexdigest(),
        "body_start": body[:512],
    }
    return DocumentCheck(expected=expected, seen=DocumentObservation(**{**values, **changes}))


def _failed(
    reason: FailureReason, url: str = HTTPS, detail: str = "", stage: Stage = Stage.CONNECT
) -> DocumentCheck:
    failure = Failure(stage=stage, reason=reason, detail=detail)
    return _document(url, failure=failure, tls=None, http=None, body_sha256="", body_start=b"", media_type="")


def _led(url: str, *, start: str = HTTPS, **changes: Any) -> DocumentCheck:
    """Return a document to which a redirect led."""
    http = an_answer(changes.pop("status", 200), url=url, headers=(), redirects=(start,), **changes)
    return _document(start, http=http)


def _led_nowhere(reason: FailureReason, detail: str = "") -> DocumentCheck:
    failure = Failure(stage=Stage.CONNECT, reason=reason, detail=detail)
    http = an_answer(302, url=_ELSEWHERE, headers=(), redirects=(HTTPS,), failure=failure)
    return _document(http=http, body_sha256="", body_start=b"", media_type="")


_ELSEWHERE = "https://web.example/config.xml"
_ALIAS = AliasData("signpost.example")
_SRV = SrvData(priority=0, weight=1, port=993, target="imap.provider.example")
_DIGEST, _OTHER_DIGEST = TxtData("v=UAAC1; a=sha256; d=AAAA"), TxtData("v=UAAC1; a=sha256; d=CCCC")
_MISSING, _DIFFERENT = RecordState.MISSING, RecordState.DIFFERENT
_IMAPS, _POP3S = "_imaps._tcp.customer.example", "_pop3s._tcp.customer.example"
_UA = "_ua-auto-config.customer.example"
_ADDRESSES = (AddressData(ip_address("203.0.113.80")), AddressData(ip_address("203.0.113.81")))

CASES: Final[dict[str, tuple[Iterable[CheckedRecord], Iterable[DocumentCheck], list[str]]]] = {
    "all is well": ([_record(_ALIAS, RecordState.OK)], [_document(), _document(HTTP)], []),
    "nothing to check": ([], [], []),
    "a name missing": ([_record(_ALIAS, _MISSING)], [], ["dns.name-missing"]),
    "a name of two addresses missing": (
        [_record(data, _MISSING) for data in _ADDRESSES],
        [],
        ["dns.name-missing"],
    ),
    "a name missing, so that nothing is fetched": (
        [_record(_ALIAS, _MISSING)],
        [_document(lookups=(found(AUTOCONFIG, status=LookupStatus.NO_NAME),))],
        ["dns.name-missing"],
    ),
    "a name elsewhere": (
        [_record(_ALIAS, _DIFFERENT, detail="leads to 203.0.113.9")],
        [],
        ["dns.name-elsewhere"],
    ),
    "a name elsewhere, where a web site is": (
        [_record(_ALIAS, _DIFFERENT)],
        [_document(body=PAGE, media_type="text/html")],
        ["dns.name-elsewhere"],
    ),
    "a name that leads through a proxy": ([_record(_ALIAS, _DIFFERENT)], [_document()], []),
    "a service's record missing": ([_record(_SRV, _MISSING, name=_IMAPS)], [], ["dns.record-missing"]),
    "a closed service's record missing": (
        [_record(CLOSED, _MISSING, name=_POP3S)],
        [],
        ["dns.closed-missing"],
    ),
    "a service's record different": (
        [_record(_SRV, _DIFFERENT, "0 1 993 old.example.", name=_IMAPS)],
        [],
        ["dns.record-different"],
    ),
    "a service's record contradicted": (
        [_record(_SRV, RecordState.CONFLICTING, "0 1 993 a.", "0 1 993 b.", name=_IMAPS)],
        [],
        ["dns.record-conflicting"],
    ),
    "a digest missing": ([_record(_DIGEST, _MISSING, name=_UA)], [], ["dns.record-missing"]),
    "a digest of an old document": (
        [_record(_DIGEST, _DIFFERENT, '"v=UAAC1; a=sha256; d=BBBB"', name=_UA)],
        [],
        ["dns.digest-different"],
    ),
    "both digests missing": (
        [_record(_DIGEST, _MISSING, name=_UA), _record(_OTHER_DIGEST, _MISSING, name=_UA)],
        [],
        ["dns.record-missing"],
    ),
    "the digest of the document that is served, alone": (
        [_record(_DIGEST, RecordState.OK, name=_UA), _record(_OTHER_DIGEST, _DIFFERENT, name=_UA)],
        [],
        ["dns.digest-incomplete"],
    ),
    "the digest of the document with other host names, alone": (
        [_record(_DIGEST, _DIFFERENT, name=_UA), _record(_OTHER_DIGEST, RecordState.OK, name=_UA)],
        [],
        ["dns.digest-different"],
    ),
    "neither of two digests": (
        [_record(_DIGEST, _DIFFERENT, name=_UA), _record(_OTHER_DIGEST, _DIFFERENT, name=_UA)],
        [],
        ["dns.digest-different"],
    ),
    "a DNS that fails": (
        [_record(_SRV, RecordState.UNKNOWN, name=_IMAPS, detail="timed-out: no answer")],
        [],
        ["dns.not-known"],
    ),
    "no host, and records not checked": (
        [],
        [
            _document(url, tls=None, http=None, lookups=(found(AUTOCONFIG, status=LookupStatus.NO_NAME),))
            for url in (HTTPS, f"{HTTPS}2")
        ],
        ["document.host-missing"],
    ),
    "https closed, http answers": (
        [],
        [_failed(FailureReason.REFUSED), _document(HTTP)],
        ["document.http-only"],
    ),
    "both closed": (
        [],
        [_failed(FailureReason.REFUSED), _failed(FailureReason.TIMED_OUT, HTTP)],
        ["document.unreachable", "document.unreachable"],
    ),
    "the handshake fails": (
        [],
        [_failed(FailureReason.TLS_ALERT, detail="unrecognized name", stage=Stage.HANDSHAKE)],
        ["document.unreachable"],
    ),
    "a private address": ([], [_failed(FailureReason.FORBIDDEN)], ["document.not-tested"]),
    "no answer at all": ([], [_document(http=None)], ["document.not-tested"]),
    "a certificate for another name": (
        [],
        [_document(tls=a_session(good("www.hoster.example")))],
        ["certificate.name-mismatch"],
    ),
    "an expired certificate at two URLs": (
        [],
        [
            _document(
                url, tls=a_session(chain(issue(AUTOCONFIG, INTERMEDIATE, days=(-90, -1)), INTERMEDIATE))
            )
            for url in (HTTPS, f"{HTTPS}2")
        ],
        ["certificate.expired"],
    ),
    "404": ([], [_document(status=404, body=PAGE)], ["document.not-found"]),
    "403": ([], [_document(status=403)], ["document.not-found"]),
    "502": ([], [_document(status=502)], ["document.server-error"]),
    "503": ([], [_document(status=503)], ["document.not-tested"]),
    "redirects without an end": ([], [_document(status=302)], ["document.redirect-loop"]),
    "a redirect to a host with a certificate for it": (
        [],
        [_led(_ELSEWHERE, tls=a_session(good("web.example")))],
        [],
    ),
    "a redirect to a host with a certificate for another": (
        [],
        [_led(_ELSEWHERE, tls=a_session(good()))],
        ["certificate.name-mismatch"],
    ),
    "a redirect from http to a host with a certificate for another": (
        [],
        [_led(_ELSEWHERE, start=HTTP, tls=a_session(good()))],
        ["certificate.name-mismatch"],
    ),
    "a redirect on the same host, whose certificate is for another": (
        [],
        [
            _document(
                tls=a_session(good()),
                http=an_answer(url=f"{HTTPS}2", headers=(), redirects=(HTTPS,), tls=a_session(good())),
            )
        ],
        ["certificate.name-mismatch"],
    ),
    "bad certificates of its own and of where it leads": (
        [],
        [
            _document(
                tls=a_session(good()),
                http=an_answer(url=_ELSEWHERE, headers=(), redirects=(HTTPS,), tls=a_session(good())),
            )
        ],
        ["certificate.name-mismatch", "certificate.name-mismatch"],
    ),
    "a redirect from https to http": ([], [_led(HTTP, status=302)], ["document.leads-to-plain"]),
    "a document that http alone returned": ([], [_led(HTTP)], ["document.leads-to-plain"]),
    "a redirect from http to http": ([], [_led(f"{HTTP}2", start=HTTP)], []),
    "a redirect from http to https": ([], [_led(HTTPS, start=HTTP, tls=a_session(good(AUTOCONFIG)))], []),
    "a redirect to a host that is down": (
        [],
        [_led_nowhere(FailureReason.REFUSED), _document(HTTP)],
        ["document.leads-nowhere"],
    ),
    "a redirect to a private address": (
        [],
        [_led_nowhere(FailureReason.FORBIDDEN)],
        ["document.not-tested"],
    ),
    "a name elsewhere, which leads to a host that is down": (
        [_record(_ALIAS, _DIFFERENT)],
        [_led_nowhere(FailureReason.TIMED_OUT)],
        ["dns.name-elsewhere"],
    ),
    "a web site for every name": (
        [],
        [_document(body=PAGE, media_type="text/html")],
        ["document.catch-all"],
    ),
    "a web site that says it is XML": ([], [_document(body=b"\n" + PAGE.lower())], ["document.catch-all"]),
    "an old document": ([], [_document(body=b"<clientConfig/>")], ["document.not-current"]),
}
