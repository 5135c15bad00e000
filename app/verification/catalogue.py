"""Every kind of finding there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.findings import Severity
from app.verification import (
    certificate_kinds,
    connecting,
    conversing,
    dane,
    logins,
    publication_kinds,
    web_services,
)

if TYPE_CHECKING:
    from app.core.findings import FindingKind

KINDS: Final[tuple[FindingKind, ...]] = (
    *connecting.KINDS,
    *conversing.KINDS,
    *certificate_kinds.KINDS,
    *logins.KINDS,
    *web_services.KINDS,
    *dane.KINDS,
    *publication_kinds.KINDS,
)
KINDS_BY_CODE: Final = {kind.code: kind for kind in KINDS}
"""By which stored findings find their kind again."""
_SEVERITIES: Final = {
    Severity.BAD: "Some or all mail programs fail.",
    Severity.WARNING: "Works today, for most.",
    Severity.UNTESTED: "It could not be tested; never a reproach to the server.",
    Severity.INFO: "Good to know.",
}
_AREAS: Final = {
    "host": "Host names",
    "connect": "Connections",
    "greeting": "Greetings",
    "conversation": "Conversations",
    "starttls": "STARTTLS",
    "tls": "TLS",
    "certificate": "Certificates",
    "login": "Ways to log in",
    "http": "Web services",
    "dane": "DANE",
    "dns": "DNS records",
    "document": "Documents at the domain's names",
}


def findings_text() -> str:
    """Write the page that explains every kind, in Markdown."""
    lines = [
        "# Findings",
        "",
        "What verification may find. Codes are stable: they are never renamed, only retired. Names in braces",
        "stand for the facts of the case.",
        "",
        "| severity | means |",
        "|---|---|",
        *(f"| {severity} | {meaning} |" for severity, meaning in _SEVERITIES.items()),
    ]
    for area, title in _AREAS.items():
        lines += ["", f"## {title}"]
        for kind in KINDS:
            if kind.code.partition(".")[0] == area:
                lines += ["", f"### `{kind.code}`", "", f"Severity: {kind.severity}", ""]
                lines += [f"- Found: {kind.statement}", f"- Means: {kind.meaning}", f"- Do: {kind.advice}"]
    return "\n".join(lines) + "\n"
