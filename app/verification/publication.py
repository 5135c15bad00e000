"""Whether clients find a domain's settings: its DNS records and the documents at its names. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from app.core.dns_comparison import RecordState
from app.core.dns_lookups import LookupStatus
from app.core.dns_records import AddressData, AliasData, SrvData, TxtData, presented
from app.core.findings import Finding, Severity
from app.core.web_pages import is_page
from app.verification import publication_kinds as kinds
from app.verification.certificate_judging import judge_chain
from app.verification.connecting import NOT_HERE
from app.verification.evidence import in_order
from app.verification.web_answers import (
    BUSY_STATUSES,
    FAULT_STATUSES,
    OK,
    REDIRECT_STATUSES,
    find_plain_hop,
    is_https,
    shown_failure,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from app.core.dns_comparison import CheckedRecord
    from app.core.dns_records import DnsRecord
    from app.core.findings import FindingKind
    from app.core.observations import HttpAnswer, TlsSession
    from app.core.publications import DocumentCheck, DocumentObservation
    from app.verification.certificate_judging import Found
    from app.verification.trust import TrustStore

_PACC_DIGEST: Final = "_ua-auto-config."
_HTTPS_PORT: Final = 443
_PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_OF_HOST: Final = (kinds.HOST_MISSING, kinds.HTTP_ONLY)
_NO_RECORD: Final = frozenset({LookupStatus.NO_DATA, LookupStatus.NO_NAME})


def judge_publication(
    records: Iterable[CheckedRecord], documents: Iterable[DocumentCheck], trust: TrustStore, now: datetime
) -> tuple[Finding, ...]:
    """Judge a domain's records and documents together, so that one cause is one finding.

    A name that leads elsewhere and yet returns the documents is fine: a proxy is in front. Where the
    documents are not there because the name is missing or leads elsewhere, the name is the finding.
    """
    checks = tuple(documents)
    of_records = judge_records(records)
    of_documents = judge_documents(checks, trust, now)
    checked = {_host(check.expected.url) for check in checks}
    spoilt = {finding.facts["host"] for finding in of_documents if finding.severity is not Severity.INFO}
    names = (kinds.NAME_MISSING, kinds.NAME_ELSEWHERE)
    proxied = checked - spoilt
    kept = [
        finding
        for finding in of_records
        if not (finding.kind is kinds.NAME_ELSEWHERE and finding.facts["name"] in proxied)
    ]
    explained = {finding.facts["name"] for finding in kept if finding.kind in names}
    return in_order((*kept, *(one for one in of_documents if one.facts["host"] not in explained)))


def judge_records(records: Iterable[CheckedRecord]) -> tuple[Finding, ...]:
    """Judge each name and type once."""
    groups: dict[tuple[str, str, str], list[CheckedRecord]] = {}
    kind_of: dict[str, FindingKind] = {}
    first: dict[tuple[str, str], CheckedRecord] = {}
    for checked in records:
        # The digest of the document that is served comes before those of others.
        served = first.setdefault((checked.record.name, checked.record.type), checked)
        is_other_digest = served is not checked and _is_digest(checked.record)
        kind = _other_digest_kind(checked, served) if is_other_digest else _record_kind(checked)
        if kind is not None:
            kind_of[kind.code] = kind
            key = (kind.code, checked.record.name, checked.record.type)
            groups.setdefault(key, []).append(checked)
    return in_order(_record_finding(kind_of[code], group) for (code, _, _), group in groups.items())


def judge_documents(
    documents: Iterable[DocumentCheck], trust: TrustStore, now: datetime
) -> tuple[Finding, ...]:
    """Judge what came back for each URL; http beside https is one cause where https alone fails."""
    checks = tuple(documents)
    current = {(_host(c.expected.url), c.expected.format) for c in checks if _is_current(c)}
    found: dict[tuple[str, str], Finding] = {}
    for check in checks:
        where = (_host(check.expected.url), check.expected.format)
        for kind, facts in _judge_document(check, trust, now):
            is_saved = kind is kinds.UNREACHABLE and where in current and is_https(check.expected.url)
            finding = _document_finding(kinds.HTTP_ONLY if is_saved else kind, check, facts)
            found.setdefault((finding.code, finding.subject), finding)
    return in_order(found.values())


def _record_kind(checked: CheckedRecord) -> FindingKind | None:
    record = checked.record
    is_name = isinstance(record.data, AddressData | AliasData)
    match checked.state:
        case RecordState.OK:
            return None
        case RecordState.UNKNOWN:
            return kinds.NOT_KNOWN
        case RecordState.CONFLICTING:
            return kinds.RECORD_CONFLICTING
        case RecordState.DIFFERENT:
            if _is_digest(record):
                return kinds.DIGEST_DIFFERENT
            return kinds.NAME_ELSEWHERE if is_name else kinds.RECORD_DIFFERENT
        case RecordState.MISSING:
            return kinds.NAME_MISSING if is_name else _missing_kind(record)


def _is_digest(record: DnsRecord) -> bool:
    return isinstance(record.data, TxtData) and record.name.startswith(_PACC_DIGEST)


def _other_digest_kind(checked: CheckedRecord, served: CheckedRecord) -> FindingKind | None:
    """Judge the digest of a document that is not served yet; where the served one has none, that is told."""
    if checked.state is not RecordState.DIFFERENT:
        return _record_kind(checked)
    return None if served.state is RecordState.DIFFERENT else kinds.DIGEST_INCOMPLETE


def _missing_kind(record: DnsRecord) -> FindingKind:
    is_closed = isinstance(record.data, SrvData) and record.data.target is None
    return kinds.CLOSED_MISSING if is_closed else kinds.RECORD_MISSING


def _record_finding(kind: FindingKind, group: list[CheckedRecord]) -> Finding:
    record = group[0].record
    found = sorted({text for checked in group for text in checked.found})
    details = [checked.detail for checked in group if checked.detail]
    facts = {
        "name": record.name,
        "type": record.type.value,
        "wanted": ", ".join(sorted({presented(checked.record.data) for checked in group})),
        "found": ", ".join(found) or (details[0].removeprefix("leads to ") if details else "nothing"),
        "detail": details[0] if details else "clients may take either",
    }
    return Finding(kind=kind, subject=f"dns:{record.name}", facts=facts)


def _judge_document(check: DocumentCheck, trust: TrustStore, now: datetime) -> Iterator[Found]:
    seen = check.seen
    if _has_no_host(seen):
        yield kinds.HOST_MISSING, {}
        return
    for url, session in _sessions(check):
        parts = urlsplit(url)
        hostname, port = parts.hostname or "", parts.port or _HTTPS_PORT
        facts = {"hostname": hostname, "service": "web", "port": str(port)}
        for kind, more in judge_chain(session.chain, hostname, trust, now):
            yield kind, {**facts, **more}
    if seen.failure is not None:
        kind = kinds.UNTESTED if seen.failure.reason in NOT_HERE else kinds.UNREACHABLE
        yield kind, {"detail": shown_failure(seen.failure)}
    elif seen.http is None:
        yield kinds.UNTESTED, {"detail": "there was no answer to judge"}
    else:
        yield from _judge_answer(check, seen.http)


def _sessions(check: DocumentCheck) -> Iterator[tuple[str, TlsSession]]:
    """Yield the handshakes whose certificates count, with the URLs that they must be for."""
    seen = check.seen
    if seen.tls is not None:
        yield check.expected.url, seen.tls
    if seen.http is not None and seen.http.tls is not None:
        yield seen.http.url, seen.http.tls


def _judge_answer(check: DocumentCheck, answer: HttpAnswer) -> Iterator[Found]:
    """Judge where it leads, else what came in place of the document."""
    failure, plain_hop = answer.failure, find_plain_hop(check.expected.url, answer)
    if failure is not None and failure.reason in NOT_HERE:
        yield kinds.UNTESTED, {"detail": f"it leads to {answer.url}: {shown_failure(failure)}"}
    elif failure is not None:
        yield kinds.LEADS_NOWHERE, {"last": answer.url, "detail": shown_failure(failure)}
    elif plain_hop:
        yield kinds.LEADS_TO_PLAIN, {"last": plain_hop}
    elif not _is_current(check):
        kind = _answer_kind(check.seen, answer.status)
        yield kind, {"status": str(answer.status), "last": answer.url}


def _has_no_host(seen: DocumentObservation) -> bool:
    return bool(seen.lookups) and all(lookup.status in _NO_RECORD for lookup in seen.lookups)


def _answer_kind(seen: DocumentObservation, status: int) -> FindingKind:
    if status in REDIRECT_STATUSES:
        return kinds.REDIRECT_LOOP
    if status in BUSY_STATUSES:
        return kinds.UNTESTED
    if status in FAULT_STATUSES:
        return kinds.SERVER_ERROR
    if status != OK:
        return kinds.NOT_FOUND
    return kinds.CATCH_ALL if _is_page(seen) else kinds.NOT_CURRENT


def _is_page(seen: DocumentObservation) -> bool:
    return seen.media_type in _PAGE_TYPES or is_page(seen.body_start)


def _is_current(check: DocumentCheck) -> bool:
    seen = check.seen
    is_answered = seen.failure is None and seen.http is not None and seen.http.status == OK
    return is_answered and seen.body_sha256 == check.expected.body_sha256


def _document_finding(kind: FindingKind, check: DocumentCheck, facts: dict[str, str]) -> Finding:
    """Build a finding about the document, or about its host where all documents there have the cause."""
    url = check.expected.url
    host = _host(url)
    subject = url
    if kind in _OF_HOST:
        subject = f"{urlsplit(url).scheme}://{host}"
    elif facts.get("hostname") == host:
        # A certificate of its own; that of a host to which a document leads is the document's matter.
        subject = f"https://{host}"
    status = f"status {facts['status']}" if "status" in facts else ""
    return Finding(
        kind=kind,
        subject=f"document:{subject}",
        facts={"detail": status, "url": url, "host": host, "format": check.expected.format, **facts},
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
