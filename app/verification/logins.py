"""Which ways to log in a server offers, against what the documents promise (protocol brief §5.8).

What a server offers is an upper bound: many offer mechanisms that do not work, so that agreement means
plausible, not proven.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.findings import FindingKind, Severity
from app.core.servers import Authentication, SocketType
from app.verification.connecting import is_tested
from app.verification.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.endpoints import Endpoint, Listing
    from app.core.observations import AddressObservation, Capabilities

OFFERED_IN_CLEAR: Final = FindingKind(
    code="login.offered-in-clear",
    severity=Severity.WARNING,
    statement="{hostname} lets people log in on port {port} before encryption begins.",
    meaning="A mail program that is set up wrongly sends the password readable by anybody on the way.",
    advice="Forbid logins without TLS in the {service} service (RFC 8314 §4).",
)
ON_PORT_25: Final = FindingKind(
    code="login.on-port-25",
    severity=Severity.WARNING,
    statement="{hostname} lets people log in on port 25.",
    meaning="Many networks block port 25, and passwords are guessed there most.",
    advice="Let people send on ports 465 and 587 only (RFC 6409), and list one of these.",
)
NONE_OFFERED: Final = FindingKind(
    code="login.none-offered",
    severity=Severity.BAD,
    statement="{hostname} offers no way to log in on port {port}.",
    meaning="Nobody can log in.",
    advice="Switch on authentication in the {service} service on port {port}.",
)
NOT_OFFERED: Final = FindingKind(
    code="login.not-offered",
    severity=Severity.BAD,
    statement="{method} is listed for {hostname} on port {port}, but not offered there; offered: {offered}.",
    meaning="Mail programs that choose this way to log in fail.",
    advice="Take {method} out of the server's list, or switch it on in the {service} service.",
)
NOT_CRAM: Final = FindingKind(
    code="login.encrypted-without-cram",
    severity=Severity.WARNING,
    statement="The listing of {hostname} on port {port} has password-encrypted; the server offers no "
    "CRAM-MD5 or APOP, but {offered}.",
    meaning="Most mail programs take password-encrypted for CRAM-MD5, and fail.",
    advice="List password-cleartext: within TLS the password is safe.",
)
OAUTH2_NOT_LISTED: Final = FindingKind(
    code="login.oauth2-not-listed",
    severity=Severity.INFO,
    statement="{hostname} offers OAuth2 on port {port}, which is not listed.",
    meaning="Mail programs do not let people sign in on a web page.",
    advice="Add oauth2 to the server's list, if it is meant for customers.",
)
NOT_KNOWN: Final = FindingKind(
    code="login.not-known",
    severity=Severity.UNTESTED,
    statement="{hostname} does not say on port {port} which ways to log in it offers; {method} is listed.",
    meaning="It is not known whether this way works.",
    advice="Nothing, if people can log in.",
)
KINDS: Final = (
    OFFERED_IN_CLEAR,
    ON_PORT_25,
    NONE_OFFERED,
    NOT_OFFERED,
    NOT_CRAM,
    OAUTH2_NOT_LISTED,
    NOT_KNOWN,
)

_PASSWORD: Final = frozenset({"PLAIN", "LOGIN"})
_CRAM: Final = frozenset({"CRAM-MD5", "APOP"})
_OTHER_ENCRYPTED: Final = frozenset({
    "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-224", "SCRAM-SHA-224-PLUS", "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-384", "SCRAM-SHA-384-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS",
})  # fmt: skip
_OAUTH2: Final = frozenset({"XOAUTH2", "OAUTHBEARER"})
_MECHANISMS: Final = {
    Authentication.PASSWORD_CLEARTEXT: _PASSWORD,
    Authentication.PASSWORD_ENCRYPTED: _CRAM | _OTHER_ENCRYPTED,
    Authentication.OAUTH2: _OAUTH2,
    Authentication.NTLM: frozenset({"NTLM"}),
    Authentication.GSSAPI: frozenset({"GSSAPI", "GSS-SPNEGO"}),
    Authentication.TLS_CLIENT_CERTIFICATE: frozenset({"EXTERNAL"}),
    Authentication.HTTP_BASIC: frozenset[str](),
    Authentication.HTTP_DIGEST: frozenset[str](),
}
_SCHEMES: Final = {
    Authentication.PASSWORD_CLEARTEXT: frozenset({"BASIC"}),
    Authentication.PASSWORD_ENCRYPTED: frozenset({"DIGEST"}),
    Authentication.OAUTH2: frozenset({"BEARER"}),
    Authentication.NTLM: frozenset({"NTLM", "NEGOTIATE"}),
    Authentication.GSSAPI: frozenset({"NEGOTIATE"}),
    Authentication.HTTP_BASIC: frozenset({"BASIC"}),
    Authentication.HTTP_DIGEST: frozenset({"DIGEST"}),
}
"""Of WWW-Authenticate."""
_APOP: Final = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_SMTP_PORT: Final = 25
_CHALLENGED: Final = 401


def judge_logins(endpoint: Endpoint, seen: AddressObservation) -> Iterator[Evidence]:
    """Judge what is true of the server whatever is listed: logins in the clear, or at port 25."""
    if not is_tested(seen) or endpoint.protocol is Protocol.HTTP:
        return
    clear = seen.before_tls
    # A server that is listed without TLS is bad for that.
    if clear is not None and endpoint.socket_type is SocketType.STARTTLS and _takes_password(endpoint, clear):
        yield Evidence(OFFERED_IN_CLEAR, {}, seen.address)
    if endpoint.protocol is Protocol.SMTP and endpoint.port == _SMTP_PORT:
        offered = [found for found in (clear, seen.in_tls) if found is not None]
        if any(found.mechanisms for found in offered):
            yield Evidence(ON_PORT_25, {}, seen.address)


def judge_promises(listing: Listing, seen: AddressObservation) -> Iterator[Evidence]:
    """Judge each way to log in that is listed, by what is offered once the connection is protected."""
    endpoint = listing.endpoint
    found = seen.before_tls if endpoint.socket_type is SocketType.PLAIN else seen.in_tls
    if not is_tested(seen) or found is None or not listing.authentication:
        return
    if endpoint.protocol is Protocol.HTTP:
        yield from _judge_schemes(listing, seen, found)
        return
    offered = offered_mechanisms(endpoint, seen, found)
    promised = [method for method in listing.authentication if method in _MECHANISMS]
    if not found.are_known:
        for method in promised:
            if method is not Authentication.PASSWORD_CLEARTEXT and _MECHANISMS[method].isdisjoint(offered):
                yield Evidence(NOT_KNOWN, {"method": method}, seen.address)
    elif promised and not offered:
        yield Evidence(NONE_OFFERED, {}, seen.address)
    else:
        for kind, facts in _judge_mechanisms(promised, offered):
            yield Evidence(kind, facts, seen.address)


def _judge_mechanisms(
    promised: list[Authentication], offered: frozenset[str]
) -> Iterator[tuple[FindingKind, dict[str, str]]]:
    shown = ", ".join(sorted(offered)) or "nothing"
    for method in promised:
        if _MECHANISMS[method].isdisjoint(offered):
            yield NOT_OFFERED, {"method": method, "offered": shown}
        elif method is Authentication.PASSWORD_ENCRYPTED and _CRAM.isdisjoint(offered):
            yield NOT_CRAM, {"offered": shown}
    if Authentication.OAUTH2 not in promised and not _OAUTH2.isdisjoint(offered):
        yield OAUTH2_NOT_LISTED, {}


def offered_mechanisms(
    endpoint: Endpoint, seen: AddressObservation, capabilities: Capabilities
) -> frozenset[str]:
    """Return the mechanisms, with the protocols' own commands: LOGIN, USER and APOP."""
    offered = set(capabilities.mechanisms)
    if _has_own_login(endpoint.protocol, capabilities):
        offered.add("LOGIN")
    if endpoint.protocol is Protocol.POP3 and _APOP.search(seen.greeting):
        offered.add("APOP")
    return frozenset(offered)


def _has_own_login(protocol: Protocol, capabilities: Capabilities) -> bool:
    if protocol is Protocol.IMAP:
        return capabilities.are_known and "LOGINDISABLED" not in capabilities.atoms
    return protocol is Protocol.POP3 and "USER" in capabilities.atoms


def _takes_password(endpoint: Endpoint, clear: Capabilities) -> bool:
    if not clear.are_known:
        return False
    return _has_own_login(endpoint.protocol, clear) or not _PASSWORD.isdisjoint(clear.mechanisms)


def _judge_schemes(listing: Listing, seen: AddressObservation, found: Capabilities) -> Iterator[Evidence]:
    """Judge by the challenge of a web service; one that does not ask at once shows nothing."""
    if seen.http is None or seen.http.status != _CHALLENGED or not found.mechanisms:
        return
    shown = ", ".join(sorted(found.mechanisms))
    for method in listing.authentication:
        schemes = _SCHEMES.get(method)
        if schemes is not None and schemes.isdisjoint(found.mechanisms):
            yield Evidence(NOT_OFFERED, {"method": method, "offered": shown}, seen.address)
