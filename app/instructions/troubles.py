"""What verification found, as advice for people who set up a mailbox: one sentence per server and trouble.

Only what makes programs fail is told, and only of servers of which it is certain; a person can do nothing
about the rest. The codes are those of docs/findings.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app.core.findings import Severity
from app.instructions.guide import Note, NoteKind
from app.instructions.phrases import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.core.findings import Finding
    from app.core.reports import EndpointReport

UNREACHABLE: Final = "trouble-unreachable"
CERTIFICATE: Final = "trouble-certificate"
ENCRYPTION: Final = "trouble-encryption"
SIGN_IN: Final = "trouble-sign-in"
WEB: Final = "trouble-web"

TROUBLES_BY_AREA: Final = {
    "host": UNREACHABLE,
    "connect": UNREACHABLE,
    "greeting": UNREACHABLE,
    "conversation": UNREACHABLE,
    "starttls": ENCRYPTION,
    "tls": ENCRYPTION,
    "certificate": CERTIFICATE,
    "login": SIGN_IN,
    "http": WEB,
}
"""By the first word of a finding's code. Other areas are not about servers that people connect to."""

NOT_YET: Final = frozenset({"certificate.expires-at-once"})
"""What operators must act upon and people do not notice yet."""


_TEXTS: Final = {
    UNREACHABLE: say(
        "{hostname} did not answer when it was last checked. If your program cannot connect, your settings "
        "are not to blame: try again later, or ask {provider}."
    ),
    CERTIFICATE: say(
        "The security certificate of {hostname} is not valid at the moment. If your program warns of it, do "
        "not tell it to trust the server all the same: wait, or ask {provider}."
    ),
    ENCRYPTION: say(
        "The encryption of {hostname} did not work when it was last checked. If your program cannot connect, "
        "do not turn encryption off: try again later, or ask {provider}."
    ),
    SIGN_IN: say(
        "{hostname} did not offer its usual way to sign in when it was last checked. If your password is "
        "refused, it may be right all the same: try again later, or ask {provider}."
    ),
    WEB: say(
        "The web service at {hostname} did not work when it was last checked. Try again later, or ask "
        "{provider}."
    ),
}


def troubles_of(reports: Iterable[EndpointReport], provider: str) -> Iterator[Note]:
    """Write each trouble of each server once.

    Args:
        reports: Of the account's servers that are bad for certain.
        provider: Who runs them, as people know it.
    """
    seen = set()
    for report in reports:
        for finding in report.findings:
            trouble = _trouble_of(finding)
            told = (trouble, report.endpoint.hostname)
            if trouble is None or told in seen:
                continue
            seen.add(told)
            arguments = (("hostname", report.endpoint.hostname), ("provider", provider))
            text = replace(_TEXTS[trouble], arguments=arguments)
            yield Note(kind=NoteKind.WARNING, code=trouble, text=text)


def _trouble_of(finding: Finding) -> str | None:
    if finding.severity is not Severity.BAD or finding.code in NOT_YET:
        return None
    return TROUBLES_BY_AREA.get(finding.code.partition(".")[0])
