"""Whether what answers at a URL is the service that is listed there (protocol brief §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.findings import FindingKind, Severity
from app.core.servers import ServerType, SocketType
from app.verification.connecting import NOT_HERE, is_tested
from app.verification.evidence import Evidence, url_of
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
    from collections.abc import Iterator

    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation, HttpAnswer

NOT_FOUND: Final = FindingKind(
    code="http.not-found",
    severity=Severity.BAD,
    statement="There is nothing at {url} (status {status}).",
    meaning="The service cannot be used.",
    advice="List the URL at which the service is.",
)
SERVER_ERROR: Final = FindingKind(
    code="http.server-error",
    severity=Severity.BAD,
    statement="The server at {url} has a fault (status {status}).",
    meaning="The service cannot be used.",
    advice="Look at the log of the web server of {hostname}.",
)
BUSY: Final = FindingKind(
    code="http.busy",
    severity=Severity.UNTESTED,
    statement="The server at {url} is busy, or limits who may ask (status {status}).",
    meaning="It is not known whether people can use the service.",
    advice="Nothing, if this is gone soon; else look at the web server of {hostname}.",
)
FORBIDDEN: Final = FindingKind(
    code="http.forbidden",
    severity=Severity.UNTESTED,
    statement="The server at {url} does not let this service ask (status 403).",
    meaning="It is not known whether people can use the service.",
    advice="Except this service from the rules of the web server or firewall of {hostname}.",
)
WRONG_SERVICE: Final = FindingKind(
    code="http.wrong-service",
    severity=Severity.BAD,
    statement="What answers at {url} does not speak {kind} (status {status}).",
    meaning="The service cannot be used.",
    advice="List the URL at which the service is, or switch it on there.",
)
NO_CHALLENGE: Final = FindingKind(
    code="http.no-challenge",
    severity=Severity.WARNING,
    statement="The server at {url} demands a login, but does not say which (no WWW-Authenticate).",
    meaning="Some programs do not ask for the password.",
    advice="Let the web server of {hostname} send WWW-Authenticate with status 401 (RFC 9110 §11.6.1).",
)
REDIRECTS_TOO_OFTEN: Final = FindingKind(
    code="http.redirects-too-often",
    severity=Severity.BAD,
    statement="{url} leads from one URL to the next and does not arrive; the last one was {last}.",
    meaning="The service cannot be used.",
    advice="Correct the redirects of {hostname}.",
)
LEADS_NOWHERE: Final = FindingKind(
    code="http.leads-nowhere",
    severity=Severity.BAD,
    statement="{url} leads to {last}, which cannot be reached: {detail}",
    meaning="The service cannot be used.",
    advice="Correct the redirects of {hostname}, or repair the server to which they lead.",
)
LEADS_TO_UNTESTED: Final = FindingKind(
    code="http.leads-to-untested",
    severity=Severity.UNTESTED,
    statement="{url} leads to {last}, which could not be tested: {detail}",
    meaning="It is not known whether people can use the service.",
    advice="Run verification on a machine that can reach {last}.",
)
LEADS_TO_PLAIN: Final = FindingKind(
    code="http.leads-to-plain",
    severity=Severity.BAD,
    statement="{url} leads to {last}, which is not encrypted.",
    meaning="Passwords can be read on the way; many programs refuse to follow.",
    advice="Let the redirects of {hostname} lead to https.",
)
NOT_HTTPS: Final = FindingKind(
    code="http.not-encrypted",
    severity=Severity.BAD,
    statement="{url} is listed without encryption.",
    meaning="Passwords can be read on the way; many programs refuse to connect.",
    advice="List the service with https.",
)
LEADS_TO_HTTPS: Final = FindingKind(
    code="http.leads-to-https",
    severity=Severity.WARNING,
    statement="{url} is listed without encryption and leads to {last}.",
    meaning="The first request can be read and changed on the way; some programs do not follow.",
    advice="List {last} itself.",
)
NO_HSTS: Final = FindingKind(
    code="http.no-hsts",
    severity=Severity.WARNING,
    statement="The web mail at {url} does not tell browsers to use https only.",
    meaning="Who types the name alone can be led to a forged page.",
    advice="Let the web server of {hostname} send Strict-Transport-Security (RFC 6797).",
)
KINDS: Final = (
    NOT_FOUND, SERVER_ERROR, BUSY, FORBIDDEN, WRONG_SERVICE, NO_CHALLENGE, REDIRECTS_TOO_OFTEN,
    LEADS_NOWHERE, LEADS_TO_UNTESTED, LEADS_TO_PLAIN, NOT_HTTPS, LEADS_TO_HTTPS, NO_HSTS,
)  # fmt: skip

_PAGES: Final = frozenset({ServerType.WEBMAIL, ServerType.OWA})
_KINDS: Final = {
    ServerType.CALDAV: "CalDAV",
    ServerType.CARDDAV: "CardDAV",
    ServerType.WEBDAV: "WebDAV",
    ServerType.JMAP: "JMAP",
    ServerType.EWS: "Exchange Web Services",
    ServerType.MAPI: "MAPI over HTTP",
    ServerType.ACTIVESYNC: "ActiveSync",
    ServerType.EXCHANGE: "Autodiscover",
    ServerType.WEBMAIL: "web mail",
    ServerType.OWA: "web mail",
}
_DAV_FEATURES: Final = {
    ServerType.CALDAV: "calendar-access",
    ServerType.CARDDAV: "addressbook",
    ServerType.WEBDAV: "1",
}
_MULTI_STATUS: Final = 207
_CHALLENGED: Final = 401
_FORBIDDEN: Final = 403
_GONE: Final = frozenset({404, 410})


def judge_web(endpoint: Endpoint, seen: AddressObservation) -> Iterator[Evidence]:
    """Judge a web service's answer; nothing for other protocols, and where there was none."""
    answer = seen.http
    if endpoint.protocol is not Protocol.HTTP or answer is None or not is_tested(seen):
        return
    if answer.failure is not None:
        kind = LEADS_TO_UNTESTED if answer.failure.reason in NOT_HERE else LEADS_NOWHERE
        yield Evidence(kind, {"last": answer.url, "detail": shown_failure(answer.failure)}, seen.address)
        return
    plain_hop = find_plain_hop(url_of(endpoint), answer)
    # There nobody asks any further, so that a redirect is the last answer.
    is_end = bool(plain_hop) and answer.status in REDIRECT_STATUSES
    cause = None if is_end else _broken(answer) or _judge_service(endpoint, answer)
    if cause is not None:
        yield Evidence(cause, _facts(cause, endpoint, answer), seen.address)
    if plain_hop:
        yield Evidence(LEADS_TO_PLAIN, {"last": plain_hop}, seen.address)
    if endpoint.socket_type is SocketType.PLAIN:
        kind = LEADS_TO_HTTPS if is_https(answer.url) else NOT_HTTPS
        yield Evidence(kind, {"last": answer.url} if kind is LEADS_TO_HTTPS else {}, seen.address)
    elif cause is None and not plain_hop and endpoint.service in _PAGES and not _has_hsts(answer):
        yield Evidence(NO_HSTS, {}, seen.address)


def _broken(answer: HttpAnswer) -> FindingKind | None:
    """Return what is wrong whatever the service is."""
    if answer.status in _GONE:
        return NOT_FOUND
    if answer.status in BUSY_STATUSES:
        return BUSY
    return SERVER_ERROR if answer.status in FAULT_STATUSES else None


def _judge_service(endpoint: Endpoint, answer: HttpAnswer) -> FindingKind | None:
    service = endpoint.service
    if answer.status in REDIRECT_STATUSES:
        # Exchange sends browsers on to a log-in page: proof enough that it is there.
        is_proof = not answer.redirects and service in (ServerType.OWA, ServerType.EWS, ServerType.EXCHANGE)
        return None if is_proof else REDIRECTS_TOO_OFTEN
    if answer.status == _CHALLENGED:
        has_challenge = _header(answer, "www-authenticate") is not None
        return None if has_challenge or service in _PAGES else NO_CHALLENGE
    if answer.status == _FORBIDDEN:
        return None if service in _PAGES else FORBIDDEN
    return None if _is_service(service, answer) else WRONG_SERVICE


def _is_service(service: ServerType | None, answer: HttpAnswer) -> bool:
    """Tell whether an answer that asks for no login is one of the service's."""
    if service in _DAV_FEATURES:
        dav = (_header(answer, "dav") or "").lower()
        feature = _DAV_FEATURES[service]
        if dav and answer.status == OK:
            return feature in dav
        return answer.status == _MULTI_STATUS
    if answer.status != OK:
        return False
    if service is ServerType.ACTIVESYNC:
        return _header(answer, "ms-asprotocolversions") is not None
    if service is ServerType.JMAP:
        return "json" in (_header(answer, "content-type") or "").lower()
    return True


def _facts(kind: FindingKind, endpoint: Endpoint, answer: HttpAnswer) -> dict[str, str]:
    facts = {"status": str(answer.status)}
    if kind is WRONG_SERVICE:
        facts["kind"] = "HTTP" if endpoint.service is None else _KINDS.get(endpoint.service, "HTTP")
    if kind is REDIRECTS_TOO_OFTEN:
        facts["last"] = answer.url
    return facts


def _has_hsts(answer: HttpAnswer) -> bool:
    value = (_header(answer, "strict-transport-security") or "").replace(" ", "").replace('"', "").lower()
    return "max-age=" in value and "max-age=0" not in value.split(";")


def _header(answer: HttpAnswer, name: str) -> str | None:
    return next((value for header, value in answer.headers if header == name), None)
