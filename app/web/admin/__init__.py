"""Pages on which operators see how things stand; what a token may not see is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.web.admin.audit import show_audit
from app.web.admin.discovery import run_discovery, show_discovery
from app.web.admin.domain import show_changes, show_documents, show_domain, show_records
from app.web.admin.domains import show_domains
from app.web.admin.gate import HOME, LOGIN, admin_page, guarded
from app.web.admin.hosts import show_findings, show_host, show_hosts
from app.web.admin.login import ask, log_in, log_out
from app.web.admin.overview import show_overview
from app.web.admin.verification import follow_run, show_run, show_verification, start_verification
from app.web.answering import no_such_page

if TYPE_CHECKING:
    from starlette.routing import Route

_DOMAIN: Final = f"{HOME}/domains/{{name}}"
_RUN: Final = f"{_DOMAIN}/verifications/{{id}}"

ROUTES: Final[tuple[Route, ...]] = (
    guarded(LOGIN, ask),
    guarded(LOGIN, log_in, "POST"),
    guarded(f"{HOME}/logout", log_out, "POST"),
    admin_page(HOME, show_overview),
    admin_page(f"{HOME}/domains", show_domains),
    admin_page(_DOMAIN, show_domain),
    admin_page(f"{_DOMAIN}/documents", show_documents),
    admin_page(f"{_DOMAIN}/dns", show_records),
    admin_page(f"{_DOMAIN}/verification", show_verification),
    admin_page(f"{_DOMAIN}/verification", start_verification, "POST"),
    admin_page(_RUN, show_run),
    admin_page(f"{_RUN}/events", follow_run),
    admin_page(f"{_DOMAIN}/audit", show_changes),
    admin_page(f"{HOME}/hosts", show_hosts),
    admin_page(f"{HOME}/hosts/{{id}}", show_host),
    admin_page(f"{HOME}/findings", show_findings),
    admin_page(f"{HOME}/discovery", show_discovery),
    admin_page(f"{HOME}/discovery", run_discovery, "POST"),
    admin_page(f"{HOME}/audit", show_audit),
    guarded(f"{HOME}/{{rest:path}}", no_such_page),
)
