"""How far the conversation with a server that takes connections got: TLS, STARTTLS, greeting, answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.endpoints import Protocol
from app.core.findings import FindingKind, Severity
from app.core.observations import FailureReason, Stage
from app.core.servers import SocketType
from app.verification.certificate_judging import has_weakness
from app.verification.connecting import is_tested
from app.verification.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation, Failure, TlsSession

_CANNOT: Final = "Mail programs cannot use the server as it is listed."

NOT_TLS: Final = FindingKind(
    code="tls.not-spoken",
    severity=Severity.BAD,
    statement="{hostname} does not speak TLS from the first byte on port {port}.",
    meaning=_CANNOT,
    advice="Switch the service on port {port} to implicit TLS, or list it with STARTTLS.",
)
TLS_EXPECTED: Final = FindingKind(
    code="tls.expected-at-once",
    severity=Severity.BAD,
    statement="{hostname} expects TLS from the first byte on port {port}, where it is listed otherwise.",
    meaning=_CANNOT,
    advice="List port {port} of {hostname} with TLS, or switch it to STARTTLS.",
)
HANDSHAKE_FAILED: Final = FindingKind(
    code="tls.handshake-failed",
    severity=Severity.BAD,
    statement="The TLS handshake with {hostname} on port {port} fails: {detail}",
    meaning="Mail programs cannot connect.",
    advice="Look at the TLS settings and the log of the {service} service.",
)
ONLY_OLD: Final = FindingKind(
    code="tls.only-old-versions",
    severity=Severity.BAD,
    statement="{hostname} speaks no TLS version newer than 1.1 on port {port}.",
    meaning="Current mail programs and phones refuse to connect.",
    advice="Allow TLS 1.2 and 1.3 in the {service} service, and nothing older.",
)
ONLY_OLD_CIPHERS: Final = FindingKind(
    code="tls.only-old-ciphers",
    severity=Severity.BAD,
    statement="{hostname} agrees on port {port} only with clients that allow old ciphers or signatures: "
    "{cipher}.",
    meaning="Current mail programs and phones refuse to connect.",
    advice="Allow ciphers with AES-GCM or ChaCha20 in the {service} service, and DH keys of 2048 bits.",
)
OLD_TOO: Final = FindingKind(
    code="tls.old-versions-too",
    severity=Severity.WARNING,
    statement="{hostname} also speaks {versions} on port {port}.",
    meaning="Nothing that people notice; these versions are not secure (RFC 8996).",
    advice="Allow TLS 1.2 and 1.3 only in the {service} service.",
)
WITHOUT_13: Final = FindingKind(
    code="tls.without-1-3",
    severity=Severity.INFO,
    statement="{hostname} does not speak TLS 1.3 on port {port}.",
    meaning="Nothing that people notice; TLS 1.2 is secure where it is set up well.",
    advice="Allow TLS 1.3 in the {service} service.",
)
CIPHER_WEAK: Final = FindingKind(
    code="tls.cipher-weak",
    severity=Severity.WARNING,
    statement="{hostname} chooses the weak cipher {cipher} on port {port}.",
    meaning="Strict mail programs refuse to connect.",
    advice="Allow ciphers with AES-GCM or ChaCha20 only in the {service} service.",
)
NEEDS_SNI: Final = FindingKind(
    code="tls.needs-sni",
    severity=Severity.INFO,
    statement="{hostname} shows the right certificate on port {port} only to clients that name the host.",
    meaning="Very old mail programs get another certificate.",
    advice="Make this certificate the service's default one, if such programs matter.",
)
STARTTLS_MISSING: Final = FindingKind(
    code="starttls.not-offered",
    severity=Severity.BAD,
    statement="{hostname} does not offer STARTTLS on port {port}.",
    meaning=_CANNOT,
    advice="Configure a certificate for the {service} service, or list a port with TLS.",
)
STARTTLS_REFUSED: Final = FindingKind(
    code="starttls.refused",
    severity=Severity.BAD,
    statement="{hostname} refuses STARTTLS on port {port}: {detail}",
    meaning=_CANNOT,
    advice="Look at the log of the {service} service: often it cannot read its certificate or key.",
)
STARTTLS_INJECTED: Final = FindingKind(
    code="starttls.bytes-before-handshake",
    severity=Severity.BAD,
    statement="{hostname} sends bytes on port {port} between its consent to STARTTLS and the handshake.",
    meaning="Careful mail programs break the connection: somebody in between could have sent them.",
    advice="Update the {service} service; look for a proxy in between.",
)
COMMANDS_INJECTED: Final = FindingKind(
    code="starttls.takes-injected-commands",
    severity=Severity.WARNING,
    statement="{hostname} carries out within TLS on port {port} what was sent before the handshake.",
    meaning="Nothing that people notice; who is in between can slip in commands, and so get at passwords "
    "and mail (CVE-2011-0411).",
    advice="Update the {service} service, or the proxy in front of it.",
)
MIDDLEBOX: Final = FindingKind(
    code="starttls.hidden-on-the-way",
    severity=Severity.UNTESTED,
    statement="A device between here and {hostname} seems to hide STARTTLS on port {port}.",
    meaning="It is not known whether the server offers it; people behind such a device cannot connect.",
    advice="Switch off the inspection of SMTP in the firewall in front of {hostname} or of this service.",
)
TLS_NOT_LISTED: Final = FindingKind(
    code="tls.not-listed",
    severity=Severity.BAD,
    statement="{hostname} is listed without encryption on port {port}.",
    meaning="Passwords and mail can be read on the way; many mail programs refuse to connect.",
    advice="List a port of {hostname} with TLS or STARTTLS.",
)
SILENT: Final = FindingKind(
    code="greeting.none",
    severity=Severity.BAD,
    statement="{hostname} takes connections on port {port}, but sends no greeting.",
    meaning="Mail programs wait, and then say that the server does not answer.",
    advice="Look at the load and the log of the {service} service.",
)
PREAUTHENTICATED: Final = FindingKind(
    code="greeting.preauthenticated",
    severity=Severity.BAD,
    statement="{hostname} greets as if somebody had logged in already (PREAUTH) on port {port}.",
    meaning="Careful mail programs break the connection: encryption cannot begin any more.",
    advice="Let the {service} service on port {port} demand a login.",
)
WRONG_PROTOCOL: Final = FindingKind(
    code="greeting.wrong-protocol",
    severity=Severity.BAD,
    statement="What answers on port {port} of {hostname} is no {service}: {detail}",
    meaning=_CANNOT,
    advice="List the port of {hostname} at which the {service} service listens.",
)
ENDLESS: Final = FindingKind(
    code="conversation.too-long",
    severity=Severity.BAD,
    statement="{hostname} sends more on port {port} than any {service} service needs to.",
    meaning="Mail programs break the connection.",
    advice="Look at what listens on port {port} of {hostname}.",
)
CUT: Final = FindingKind(
    code="conversation.cut",
    severity=Severity.BAD,
    statement="{hostname} breaks the connection on port {port} {where}.",
    meaning="Mail programs say that the connection was lost.",
    advice="Look at the log of the {service} service.",
)
STALLED: Final = FindingKind(
    code="conversation.stalled",
    severity=Severity.BAD,
    statement="{hostname} stops answering on port {port} {where}.",
    meaning="Mail programs wait, and then say that the server does not answer.",
    advice="Look at the load and the log of the {service} service.",
)
REJECTED: Final = FindingKind(
    code="conversation.rejected",
    severity=Severity.BAD,
    statement="{hostname} rejects on port {port} what every client asks {where}: {detail}",
    meaning="Mail programs cannot use the server.",
    advice="Look at the log of the {service} service.",
)
NOT_SERVED: Final = FindingKind(
    code="conversation.not-served",
    severity=Severity.UNTESTED,
    statement="{hostname} does not serve this service on port {port}: {detail}",
    meaning="It is not known whether customers are served; some servers refuse addresses of data centres.",
    advice="Except this service from the block lists and checks of {hostname}, if that is meant.",
)
KINDS: Final = (
    NOT_TLS, TLS_EXPECTED, HANDSHAKE_FAILED, ONLY_OLD, ONLY_OLD_CIPHERS, OLD_TOO, WITHOUT_13, CIPHER_WEAK,
    NEEDS_SNI, STARTTLS_MISSING, STARTTLS_REFUSED, STARTTLS_INJECTED, COMMANDS_INJECTED, MIDDLEBOX,
    TLS_NOT_LISTED, SILENT, PREAUTHENTICATED, WRONG_PROTOCOL, ENDLESS, CUT, STALLED, REJECTED, NOT_SERVED,
)  # fmt: skip

OLD_VERSIONS: Final = {"SSLv2": "SSL 2", "SSLv3": "SSL 3", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1"}
_NEW_VERSIONS: Final = ("TLSv1.2", "TLSv1.3")
_STARTTLS_ATOMS: Final = frozenset({"STARTTLS", "STLS"})
_WEAK_CIPHER: Final = re.compile(
    r"RC4|3DES|DES-CBC|NULL|EXP|MD5|\bADH|AECDH|anon|RC2|IDEA|SEED", re.IGNORECASE
)
_CIPHER_OF_TODAY: Final = re.compile(r"TLS_|ECDHE-(?:RSA|ECDSA)-(?:AES\d+-(?:GCM|CCM)|CHACHA20)")
# Cisco's inspection writes X over EHLO keywords that it does not know, and stars over the greeting; whoever
# decorates a greeting has other words in it as well.
_MASKED_GREETING: Final = re.compile(r"220[ -]?[*02 ]{8,}")
_MASKED_KEYWORD: Final = re.compile(r"X{4,}.?")
_WHERE: Final = {
    Stage.CONNECT: "at once",
    Stage.HANDSHAKE: "in the TLS handshake",
    Stage.GREETING: "before its greeting",
    Stage.CAPABILITIES: "when asked what it can do",
    Stage.STARTTLS: "when asked for STARTTLS",
    Stage.REQUEST: "when asked for the page",
    Stage.CAPABILITIES_IN_TLS: "within TLS, when asked what it can do",
    Stage.DONE: "at the end",
}


def judge_conversation(endpoint: Endpoint, seen: AddressObservation) -> Iterator[Evidence]:
    """Judge one address: at most one reason why the conversation ended, and what TLS was like."""
    if not is_tested(seen):
        return
    ending = list(_ending(endpoint, seen))
    yield from ending
    if seen.is_preauthenticated:
        return
    if (
        endpoint.socket_type is SocketType.PLAIN
        and seen.failure is None
        and endpoint.protocol is not Protocol.HTTP
    ):
        yield Evidence(TLS_NOT_LISTED, {}, seen.address)
    if seen.takes_injected:
        yield Evidence(COMMANDS_INJECTED, {}, seen.address)
    yield from _versions(seen)


def _ending(endpoint: Endpoint, seen: AddressObservation) -> Iterator[Evidence]:
    """Find the one cause why the conversation ended, the most telling first."""
    if seen.is_preauthenticated:
        yield Evidence(PREAUTHENTICATED, {}, seen.address)
    elif seen.tls is not None and seen.tls.had_bytes_before:
        yield Evidence(STARTTLS_INJECTED, {}, seen.address)
    elif endpoint.socket_type is SocketType.STARTTLS and lacks_starttls(seen):
        yield Evidence(MIDDLEBOX if is_masked(seen) else STARTTLS_MISSING, {}, seen.address)
    elif seen.failure is not None and seen.failure.stage is not Stage.DONE:
        kind = _kind(endpoint, seen, seen.failure)
        if kind is not None:
            yield Evidence(kind, _facts(kind, seen.failure), seen.address)


def lacks_starttls(seen: AddressObservation) -> bool:
    """Tell whether a server says what it can do, and STARTTLS is not among it."""
    offered = seen.before_tls
    if offered is None or seen.tls is not None or not offered.are_known:
        return False
    return _STARTTLS_ATOMS.isdisjoint(offered.atoms)


def is_masked(seen: AddressObservation) -> bool:
    """Tell whether a device in between seems to write over what an SMTP server says."""
    atoms = seen.before_tls.atoms if seen.before_tls is not None else frozenset()
    is_greeting_masked = _MASKED_GREETING.fullmatch(seen.greeting) is not None
    return is_greeting_masked or any(_MASKED_KEYWORD.fullmatch(atom) for atom in atoms)


def _kind(endpoint: Endpoint, seen: AddressObservation, failure: Failure) -> FindingKind | None:
    """Return the kind for a conversation that ended early; None where it is another one's matter."""
    if failure.stage is Stage.HANDSHAKE:
        return _handshake_kind(endpoint, seen, failure)
    if failure.stage is Stage.GREETING:
        return _greeting_kind(endpoint, seen, failure)
    if failure.reason is FailureReason.REJECTED:
        if failure.stage is Stage.STARTTLS:
            return STARTTLS_REFUSED
        # Some servers check the name or the address of who says EHLO.
        return NOT_SERVED if endpoint.protocol is Protocol.SMTP else REJECTED
    return _KINDS.get(failure.reason, CUT)


_KINDS: Final = {
    FailureReason.TIMED_OUT: STALLED,
    FailureReason.TOO_LONG: ENDLESS,
    FailureReason.WRONG_PROTOCOL: WRONG_PROTOCOL,
    FailureReason.TLS_ALERT: HANDSHAKE_FAILED,
    FailureReason.NOT_TLS: NOT_TLS,
}


def _handshake_kind(endpoint: Endpoint, seen: AddressObservation, failure: Failure) -> FindingKind:
    if only_old(seen):
        return ONLY_OLD
    if failure.reason is FailureReason.NOT_TLS and endpoint.socket_type is SocketType.TLS:
        return NOT_TLS
    return HANDSHAKE_FAILED


def _greeting_kind(endpoint: Endpoint, seen: AddressObservation, failure: Failure) -> FindingKind:
    if failure.reason is FailureReason.REJECTED:
        return NOT_SERVED
    if endpoint.socket_type is not SocketType.TLS and (
        seen.tls is not None or failure.reason is FailureReason.NOT_TLS
    ):
        return TLS_EXPECTED
    return SILENT if failure.reason is FailureReason.TIMED_OUT else _KINDS.get(failure.reason, CUT)


def _facts(kind: FindingKind, failure: Failure) -> dict[str, str]:
    facts = {}
    if "{detail}" in kind.statement:
        facts["detail"] = failure.detail or failure.reason.replace("-", " ")
    if "{where}" in kind.statement:
        facts["where"] = _WHERE[failure.stage]
    return facts


def only_old(seen: AddressObservation) -> bool:
    """Tell whether nothing newer than TLS 1.1 was spoken, of what was tried."""
    tried = dict(seen.versions)
    if seen.tls is not None:
        tried.setdefault(seen.tls.version, True)
    is_old_taken = any(tried.get(version) for version in OLD_VERSIONS)
    return is_old_taken and not any(tried.get(version) for version in _NEW_VERSIONS)


def _versions(seen: AddressObservation) -> Iterator[Evidence]:
    if seen.tls is None:
        return
    tried = {**dict(seen.versions), seen.tls.version: True}
    old = [shown for version, shown in OLD_VERSIONS.items() if tried.get(version)]
    if only_old(seen):
        yield Evidence(ONLY_OLD, {}, seen.address)
    elif old:
        yield Evidence(OLD_TOO, {"versions": ", ".join(old)}, seen.address)
    elif tried.get("TLSv1.3") is False:
        yield Evidence(WITHOUT_13, {}, seen.address)
    if not only_old(seen):
        yield from _ciphers(seen, seen.tls)
    if seen.matches_without_sni is False:
        yield Evidence(NEEDS_SNI, {}, seen.address)


def _ciphers(seen: AddressObservation, session: TlsSession) -> Iterator[Evidence]:
    facts = {"cipher": session.cipher}
    # A first handshake that was cut by chance leaves a session as clients of today have it.
    is_of_today = _CIPHER_OF_TODAY.match(session.cipher) or dict(seen.versions).get("TLSv1.3")
    if session.is_legacy and not is_of_today and not has_weakness(session.chain):
        yield Evidence(ONLY_OLD_CIPHERS, facts, seen.address)
    elif _WEAK_CIPHER.search(session.cipher):
        yield Evidence(CIPHER_WEAK, facts, seen.address)
