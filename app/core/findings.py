"""What verification may say: kinds with stable codes, and findings, which are kinds with evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """How much a finding matters to people with mail clients, least first."""

    INFO = "info"
    UNTESTED = "untested"
    """It could not be tested; never a reproach to the server."""
    WARNING = "warning"
    """Works today, for most."""
    BAD = "bad"
    """Some or all clients fail."""

    @property
    def rank(self) -> int:
        """Return a number by which severities compare."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingKind:
    """Something that can be found."""

    code: str
    """Stable: what is looked at, a dot, and a statement: ``starttls.not-offered``."""
    severity: Severity
    statement: str
    """One sentence with the facts as ``{names}``: ``{hostname} does not offer STARTTLS on port {port}``."""
    meaning: str
    """What people notice, in plain words."""
    advice: str
    """What to do, the facts likewise: ``Renew the certificate of {hostname} before {not_after}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    kind: FindingKind
    subject: str
    """The key of the endpoint, or ``dns:NAME``, ``document:URL``."""
    addresses: tuple[str, ...] = ()
    """The addresses that it holds for; empty where it is about no address."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Evidence, and what the statement and the advice name."""

    @property
    def code(self) -> str:
        """Return the kind's code."""
        return self.kind.code

    @property
    def severity(self) -> Severity:
        """Return the kind's severity."""
        return self.kind.severity

    @property
    def statement(self) -> str:
        """Return the sentence with its facts."""
        return self.kind.statement.format_map(self.facts)

    @property
    def advice(self) -> str:
        """Return what to do, with its facts."""
        return self.kind.advice.format_map(self.facts)
