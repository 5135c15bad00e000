"""From what came to a candidate: what it says, or why clients make nothing of it. Opens no connection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.core.candidates import Candidate, Outcome, Trust
from app.core.dns_lookups import LookupStatus
from app.core.errors import InvalidInput
from app.core.observations import FailureReason, Stage
from app.core.web_pages import is_page
from app.net.failures import shown
from app.parsers.autoconfig import parse_autoconfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.dns_lookups import Lookup
    from app.core.notices import Notice
    from app.core.observations import Failure
    from app.core.servers import Server
    from app.discovery.fetching import Fetched

_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_WORDS: Final = {
    FailureReason.REFUSED: "takes no connection",
    FailureReason.TIMED_OUT: "does not answer in time",
    FailureReason.UNREACHABLE: "cannot be reached",
    FailureReason.CUT: "ends the connection",
    FailureReason.FORBIDDEN: "is at an address that may not be asked",
    FailureReason.PORT_NOT_PERMITTED: "is at a port that may not be asked",
    FailureReason.TLS_ALERT: "has no TLS that holds",
    FailureReason.NOT_TLS: "does not speak TLS",
    FailureReason.WRONG_PROTOCOL: "does not speak HTTP",
    FailureReason.TOO_LONG: "sends more than any server needs",
    FailureReason.NO_LOCAL_FAMILY: "cannot be reached from this machine",
    FailureReason.NO_WAY_OUT: "cannot be reached from this machine",
}
_NOT_ALLOWED: Final = frozenset({FailureReason.FORBIDDEN, FailureReason.PORT_NOT_PERMITTED})
# Their details have what the server said, which is nobody's business where it is none of the web: whoever
# owns a name could have others' hosts and ports looked at.
_UNREPEATED: Final = frozenset({FailureReason.WRONG_PROTOCOL, FailureReason.NOT_TLS, FailureReason.CUT})
_NO_ANSWERS: Final = {
    LookupStatus.NO_DATA: "has no such record",
    LookupStatus.NO_NAME: "is no name in the DNS",
    LookupStatus.TIMED_OUT: "name servers do not answer in time",
    LookupStatus.BOGUS: "has signatures that do not hold (DNSSEC)",
}
AUTOCONFIG_SLUG: Final = "discovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a document says."""

    servers: tuple[Server, ...]
    display_name: str | None = None
    notices: tuple[Notice, ...] = ()


def read_autoconfig(document: bytes) -> Reading:
    """Read an autoconfig file.

    Raises:
        InvalidInput: When it is none.
    """
    file = parse_autoconfig(document, AUTOCONFIG_SLUG)
    return Reading(
        servers=file.provider.servers, display_name=file.provider.display_name, notices=file.notices
    )


def read_answer(draft: Candidate, fetched: Fetched, read: Callable[[bytes], Reading]) -> Candidate:
    """Make a candidate of an answer over HTTP."""
    seen = note_answer(draft, fetched)
    if seen.outcome is not Outcome.FOUND:
        return seen
    return read_document(seen, seen.document, read)


def note_answer(draft: Candidate, fetched: Fetched) -> Candidate:
    """Note how asking went; the outcome is ``found`` where there is a document to read."""
    seen = replace(
        draft,
        redirects=fetched.redirects,
        status=fetched.status,
        media_type=fetched.media_type,
        trust=Trust.HTTP if fetched.was_plain and draft.trust.is_authenticated else draft.trust,
    )
    failure = fetched.failure
    if failure is not None:
        where = f"it leads to {fetched.url}, which " if fetched.redirects else ""
        return replace(seen, outcome=_outcome_of(failure, fetched), reason=f"{where}{_said(failure)}")
    if fetched.status in _REDIRECTS:
        return replace(seen, outcome=Outcome.UNUSABLE, reason=_dead_redirect(fetched))
    if fetched.status != _OK:
        return replace(seen, outcome=Outcome.NOTHING, reason=f"answers {fetched.status}")
    if fetched.body is None:
        return replace(seen, outcome=Outcome.UNUSABLE, reason="sends more than any document has")
    return replace(seen, outcome=Outcome.FOUND, document=fetched.body)


def read_document(draft: Candidate, document: bytes, read: Callable[[bytes], Reading]) -> Candidate:
    """Make a candidate of a document."""
    try:
        reading = read(document)
    except InvalidInput as error:
        reason = (
            "answers 200 with a web page" if is_page(document) else f"sends what is no such document: {error}"
        )
        return replace(draft, outcome=Outcome.UNUSABLE, reason=shown(reason), document=document)
    found = replace(
        draft,
        outcome=Outcome.FOUND,
        servers=reading.servers,
        display_name=reading.display_name,
        notices=reading.notices,
        document=document,
    )
    if not reading.servers:
        return replace(found, outcome=Outcome.UNUSABLE, reason="lists no server that can be used")
    return found


def lookup_reason(lookup: Lookup) -> str:
    """Say why a look-up gave no record."""
    return shown(_NO_ANSWERS.get(lookup.status) or f"name servers say {lookup.detail or lookup.status}")


def lookup_outcome(lookup: Lookup) -> Outcome:
    """Return what a look-up without a record comes to."""
    return Outcome.NOTHING if lookup.is_answered else Outcome.FAILED


def _outcome_of(failure: Failure, fetched: Fetched) -> Outcome:
    if failure.reason in _NOT_ALLOWED:
        return Outcome.FORBIDDEN
    return Outcome.FAILED if fetched.has_addresses or fetched.redirects else Outcome.NOTHING


def _said(failure: Failure) -> str:
    if failure.reason is FailureReason.UNREACHABLE and failure.stage is Stage.CONNECT and failure.detail:
        return shown(failure.detail)
    words = _WORDS.get(failure.reason, str(failure.reason))
    repeats = failure.detail and failure.reason not in _UNREPEATED
    return shown(f"{words} ({failure.detail})" if repeats else words)


def _dead_redirect(fetched: Fetched) -> str:
    if fetched.url.startswith("http:") and any(url.startswith("https:") for url in fetched.redirects):
        return f"leads from https to {fetched.url}, which is not followed"
    if fetched.location is None or not fetched.redirects:
        return f"answers {fetched.status}, which leads nowhere"
    return f"leads on and on, at last to {fetched.url}"
