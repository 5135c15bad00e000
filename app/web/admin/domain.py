"""One domain: its settings, documents, DNS records, verification and audit, a page each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.audit import AuditFilter
from app.core.dns_comparison import RecordState
from app.core.dns_diagnosis import DiagnosedState, ZoneFix
from app.core.dns_records import presented
from app.core.documents import Presentation
from app.core.errors import InvalidInput
from app.core.names import DomainName
from app.renderers import FORMATS
from app.renderers.dns_records import render_zone_fix
from app.services.callers import Scope
from app.web.admin.paging import number, split

if TYPE_CHECKING:
    from starlette.responses import Response

    from app.core.account import AccountSettings
    from app.core.dns_comparison import CheckedRecord
    from app.core.dns_diagnosis import DiagnosedRecord, Diagnosis
    from app.core.documents import ClientFormat, Document
    from app.web.admin.gate import Visit

_PAGE: Final = 50
_MAX_LOCAL_PART: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDocument:
    """A document, or why there is none."""

    format: ClientFormat
    document: Document
    is_for_an_address: bool
    """Whether it is of a kind that a domain alone gets none of, and only the domain is known."""

    @property
    def body(self) -> str:
        """Return the document as text."""
        return self.document.body.decode("utf-8", "replace")


def name_of(visit: Visit) -> DomainName:
    """Return the domain that a path names.

    Raises:
        InvalidInput: When no domain can be called that.
    """
    return DomainName.parse(visit.path("name"))


async def show_domain(visit: Visit) -> Response:
    """Show what is stored of a domain, and what its clients are given."""
    name, caller, services = name_of(visit), visit.caller, visit.services
    stored = await services.domains.get(caller, name)
    settings, status = await services.publishing.preview(caller, name, None)
    report = None
    if caller.has(Scope.VERIFY):
        report = await services.verification.verifying.report(caller, name)
    return visit.show(
        "domain.html",
        name=name,
        stored=stored,
        settings=settings,
        effective_status=status,
        report=report,
        tab="settings",
    )


async def show_documents(visit: Visit) -> Response:
    """Show each document as its clients get it, for the domain or an address in it."""
    name, problem = name_of(visit), None
    local_part = visit.query.get("address", "").strip().removesuffix(f"@{name.ascii}")
    try:
        shown = await _documents(visit, name, local_part or None)
    except InvalidInput as error:
        problem = error.issues[0].rule
        shown = await _documents(visit, name, None)
    return visit.show(
        "documents.html",
        name=name,
        documents=shown,
        local_part=local_part[:_MAX_LOCAL_PART],
        problem=problem,
        is_signed=visit.services.signer is not None,
        tab="documents",
    )


async def _documents(visit: Visit, name: DomainName, local_part: str | None) -> list[ShownDocument]:
    publishing, caller = visit.services.publishing, visit.caller
    plain, _ = await publishing.preview(caller, name, local_part)
    listing, _ = await publishing.preview(caller, name, local_part, listed=True)
    return [
        _shown(one, listing if one.lists_domains else plain, visit.services.service_url) for one in FORMATS
    ]


def _shown(client_format: ClientFormat, settings: AccountSettings, service_url: str) -> ShownDocument:
    document = client_format.render(settings, Presentation(service_url=service_url))
    is_for_an_address = client_format.needs_address and settings.address is None
    return ShownDocument(format=client_format, document=document, is_for_an_address=is_for_an_address)


async def show_records(visit: Visit) -> Response:
    """Show the DNS records to publish, and on demand how they stand."""
    is_checked = "check" in visit.query
    name, service = name_of(visit), visit.services.dns_records
    planned = await service.plan(visit.caller, name)
    diagnosis: Diagnosis | None = None
    if is_checked and visit.caller.has(Scope.VERIFY):
        diagnosis = await visit.services.verification.doctor.diagnose(visit.caller, name)
    checked: tuple[CheckedRecord | DiagnosedRecord, ...] = ()
    if is_checked:
        checked = await service.check(planned) if diagnosis is None else diagnosis.records
    by_record = {one.record: one for one in checked}
    return visit.show(
        "records.html",
        name=name,
        planned=planned,
        rows=[(record, by_record.get(record)) for record in planned.records],
        is_checked=is_checked,
        wrong=sum(one.state not in (RecordState.OK, DiagnosedState.PRESENT) for one in checked),
        diagnosis=diagnosis,
        fix=_fix_of(diagnosis),
        presented=presented,
        tab="dns",
    )


def _fix_of(diagnosis: Diagnosis | None) -> str | None:
    """Return what mends a zone as lines for its file; None where nothing is to mend."""
    if diagnosis is None or diagnosis.fix == ZoneFix():
        return None
    return render_zone_fix(diagnosis.planned, diagnosis.fix).decode("ascii")


async def show_changes(visit: Visit) -> Response:
    """Show who changed a domain, the newest first."""
    name, before = name_of(visit), number(visit.query.get("before"))
    # So that the audit of what is not, or not the caller's, looks like that of what never was.
    await visit.services.domains.get(visit.caller, name)
    wanted = AuditFilter(resource=name.ascii)
    found = await visit.services.auditing.page(visit.caller, wanted, before=before, limit=_PAGE + 1)
    entries, has_more = split(found, _PAGE)
    following = f"before={entries[-1].id}" if has_more else None
    return visit.show(
        "changes.html", name=name, entries=entries, following=following, is_first=before is None, tab="audit"
    )
