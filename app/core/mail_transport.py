"""How mail on its way to a domain is protected: MTA-STS (RFC 8461) and TLS reporting (RFC 8460)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from app.core.errors import IssueCollector, refuse
from app.core.names import EmailAddress, Hostname, is_ipv4_address
from app.core.text import web_url

MAX_MX_PATTERNS: Final = 50
MAX_MAX_AGE_SECONDS: Final = 31_557_600
"""One year (RFC 8461 §3.2)."""
DEFAULT_MAX_AGE_SECONDS: Final = 604_800
MAX_REPORT_URIS: Final = 10
MAX_REPORT_URI_LENGTH: Final = 500
_RECORD_ID_LENGTH: Final = 32
# RFC 3986 §2, but for those that separate URIs and fields in the record (RFC 8460 §3), and brackets.
_CHARACTER: Final = r"(?:[A-Za-z0-9._~:/?@$&'()*+=-]|%[0-9A-Fa-f]{2})"
_URI: Final = re.compile(f"{_CHARACTER}+(?:#{_CHARACTER}*)?")
_MAILTO: Final = re.compile(r"(?:[^#%?]|%2[13-7ABFabf]|%3[DFdf]|%5[EFef]|%60|%7[B-Eb-e])*")


class StsMode(StrEnum):
    """What senders do when a mail exchanger fails the policy (RFC 8461 §5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"
    """There is no policy any more; the way to withdraw one (RFC 8461 §8.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MtaSts:
    """A policy for those who deliver mail to a domain."""

    mode: StsMode
    mx: tuple[str, ...] = ()
    """Names of mail exchangers; ``*.`` at the start stands for exactly one label."""
    max_age_seconds: int = DEFAULT_MAX_AGE_SECONDS
    """How long senders keep the policy."""

    def __post_init__(self) -> None:
        """Refuse every broken rule at once (RFC 8461 §3.2)."""
        issues = IssueCollector()
        if not self.mx and self.mode is not StsMode.NONE:
            issues.add("must name at least one mail exchanger unless the mode is none", "mx")
        if len(self.mx) > MAX_MX_PATTERNS:
            issues.add(f"must be at most {MAX_MX_PATTERNS} patterns", "mx")
        for position, pattern in enumerate(self.mx):
            with issues.at("mx", position):
                if mx_pattern(pattern) != pattern:
                    raise refuse("must be in lower-case A-label form")
            if pattern in self.mx[:position]:
                issues.add("must not be there twice", "mx", position)
        if not 0 <= self.max_age_seconds <= MAX_MAX_AGE_SECONDS:
            issues.add(f"must be between 0 and {MAX_MAX_AGE_SECONDS}", "max_age_seconds")
        issues.close()

    @property
    def policy(self) -> bytes:
        """The policy file, its lines ended as RFC 8461 §3.2 has them."""
        lines = (
            "version: STSv1",
            f"mode: {self.mode}",
            *(f"mx: {pattern}" for pattern in self.mx),
            f"max_age: {self.max_age_seconds}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")

    @property
    def record_id(self) -> str:
        """What tells senders that the policy is another: it changes with the policy, and only then."""
        return hashlib.sha256(self.policy).hexdigest()[:_RECORD_ID_LENGTH]

    @property
    def txt_value(self) -> str:
        """The text of the record at ``_mta-sts`` (RFC 8461 §3.1)."""
        return f"v=STSv1; id={self.record_id};"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsReporting:
    """Where reports about failed TLS go; none where a domain wants none in place of its provider's."""

    uris: tuple[str, ...] = ()
    """``mailto:`` and ``https:`` URIs."""

    def __post_init__(self) -> None:
        """Refuse every broken rule at once (RFC 8460 §3)."""
        issues = IssueCollector()
        if len(self.uris) > MAX_REPORT_URIS:
            issues.add(f"must be at most {MAX_REPORT_URIS} URIs", "uris")
        for position, uri in enumerate(self.uris):
            with issues.at("uris", position):
                _check_report_uri(uri)
            if uri in self.uris[:position]:
                issues.add("must not be there twice", "uris", position)
        issues.close()

    @property
    def txt_value(self) -> str | None:
        """The text of the record at ``_smtp._tls``; None where no reports are wanted."""
        return f"v=TLSRPTv1; rua={','.join(self.uris)}" if self.uris else None


def mx_pattern(text: str) -> str:
    """Return the name of a mail exchanger, or ``*.`` and a name, in normal form.

    Raises:
        InvalidInput: When it is neither.
    """
    wildcard = "*." if text.startswith("*.") else ""
    name = Hostname.parse_text(text.removeprefix("*."))
    if is_ipv4_address(name):
        raise refuse("must be a host name, not an address")
    return wildcard + name


def _check_report_uri(uri: str) -> None:
    if len(uri) > MAX_REPORT_URI_LENGTH:
        raise refuse(f"must be at most {MAX_REPORT_URI_LENGTH} characters long")
    if not _URI.fullmatch(uri):
        raise refuse("must be a URI with comma, semicolon and exclamation mark percent-encoded")
    scheme, _, rest = uri.partition(":")
    if scheme == "mailto":
        if not _MAILTO.fullmatch(rest):
            # They mean something else in such a URI (RFC 6068 §2).
            raise refuse("must have a mailto: address without quotes, and ! # % ? ^ ` { | } percent-encoded")
        EmailAddress.parse(unquote(rest))
    elif scheme == "https":
        web_url(uri, ("https",))
    else:
        raise refuse("must start with mailto: or https://")
