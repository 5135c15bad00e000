"""What may be found about certificates."""

from __future__ import annotations

from typing import Final

from app.core.findings import FindingKind, Severity

_REFUSES: Final = "Mail programs refuse to connect, or show a warning that people cannot judge."

UNREADABLE: Final = FindingKind(
    code="certificate.unreadable",
    severity=Severity.BAD,
    statement="What {hostname} sends on port {port} as its certificate cannot be read.",
    meaning=_REFUSES,
    advice="Install a certificate of a public authority for {hostname}.",
)
NOT_SEEN: Final = FindingKind(
    code="certificate.not-seen",
    severity=Severity.UNTESTED,
    statement="The certificate of {hostname} on port {port} could not be read out.",
    meaning="It is not known whether mail programs accept it.",
    advice="Nothing, if this is gone soon.",
)
EXPIRED: Final = FindingKind(
    code="certificate.expired",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} expired on {not_after}.",
    meaning=_REFUSES,
    advice="Renew the certificate of {hostname}, and let the {service} service load it.",
)
EXPIRES_AT_ONCE: Final = FindingKind(
    code="certificate.expires-at-once",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} expires within days, on {not_after}.",
    meaning="From then on mail programs refuse to connect. Its renewal seems to have failed.",
    advice="Renew the certificate of {hostname} before {not_after}, and let the {service} service load it.",
)
EXPIRES_SOON: Final = FindingKind(
    code="certificate.expires-soon",
    severity=Severity.WARNING,
    statement="The certificate of {hostname} on port {port} expires on {not_after}.",
    meaning="From then on mail programs refuse to connect.",
    advice="Renew the certificate of {hostname} before {not_after}, and let the {service} service load it.",
)
NOT_YET_VALID: Final = FindingKind(
    code="certificate.not-yet-valid",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} is not valid before {not_before}.",
    meaning=_REFUSES,
    advice="Use the certificate before this one until {not_before}.",
)
SELF_SIGNED: Final = FindingKind(
    code="certificate.self-signed",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} is signed by itself.",
    meaning=_REFUSES,
    advice="Install a certificate of a public authority for {hostname}.",
)
UNKNOWN_AUTHORITY: Final = FindingKind(
    code="certificate.unknown-authority",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} comes from {authority}, which is no authority "
    "that clients trust.",
    meaning=_REFUSES,
    advice="Install a certificate of a public authority for {hostname}.",
)
INTERMEDIATE_MISSING: Final = FindingKind(
    code="certificate.intermediate-missing",
    severity=Severity.BAD,
    statement="{hostname} does not send the certificate of {authority} on port {port}, which its own one "
    "needs.",
    meaning="Phones and many mail programs refuse to connect, while some programs fetch what is missing.",
    advice="Append the certificate of {authority} to the certificate file of the {service} service (the "
    "full chain).",
)
NAME_MISMATCH: Final = FindingKind(
    code="certificate.name-mismatch",
    severity=Severity.BAD,
    statement="The certificate on port {port} of {hostname} is not for this name, but for {names}.",
    meaning=_REFUSES,
    advice="Get a certificate that has {hostname} among its names, or list a host name that it has.",
)
NAME_ONLY_COMMON: Final = FindingKind(
    code="certificate.name-only-common",
    severity=Severity.BAD,
    statement="The certificate on port {port} has {hostname} as its common name only, where clients do not "
    "look.",
    meaning=_REFUSES,
    advice="Get a certificate that has {hostname} among its alternative names.",
)
CHAIN_EXPIRED: Final = FindingKind(
    code="certificate.chain-expired",
    severity=Severity.BAD,
    statement="The certificate of {authority}, which {hostname} needs on port {port}, expired on "
    "{not_after}.",
    meaning=_REFUSES,
    advice="Send the current certificate of {authority} with the own one, or renew the own one.",
)
CHAIN_EXPIRES_SOON: Final = FindingKind(
    code="certificate.chain-expires-soon",
    severity=Severity.WARNING,
    statement="The certificate of {authority}, which {hostname} needs on port {port}, expires on "
    "{not_after}.",
    meaning="From then on mail programs refuse to connect.",
    advice="Renew the certificate of {hostname} before {not_after}, with the chain that comes with it.",
)
CHAIN_FLAWED: Final = FindingKind(
    code="certificate.chain-flawed",
    severity=Severity.BAD,
    statement="The chain of {hostname} on port {port} leads over {authority}, which {flaw}.",
    meaning=_REFUSES,
    advice="Install a certificate of another authority for {hostname}.",
)
KEY_WEAK: Final = FindingKind(
    code="certificate.key-weak",
    severity=Severity.BAD,
    statement="The key of {owner} in the chain of {hostname} on port {port} is too weak: {key}.",
    meaning="Current mail programs refuse to connect.",
    advice="Get a certificate with a key of RSA 2048 or EC P-256, or better, from an authority with such.",
)
SIGNATURE_WEAK: Final = FindingKind(
    code="certificate.signature-weak",
    severity=Severity.BAD,
    statement="The certificate of {owner} in the chain of {hostname} on port {port} is signed with {hash}.",
    meaning="Current mail programs refuse to connect.",
    advice="Get a certificate that is signed with SHA-256 or better.",
)
SIGNATURE_OLD: Final = FindingKind(
    code="certificate.signature-old",
    severity=Severity.WARNING,
    statement="The certificate of {owner} in the chain of {hostname} on port {port} is signed with {hash}.",
    meaning="Strict programs refuse to connect.",
    advice="Get a certificate that is signed with SHA-256 or better.",
)
NOT_FOR_SERVERS: Final = FindingKind(
    code="certificate.not-for-servers",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} is for another purpose than servers.",
    meaning=_REFUSES,
    advice="Get a certificate for TLS servers (extended key usage serverAuth).",
)
IS_AUTHORITY: Final = FindingKind(
    code="certificate.is-authority",
    severity=Severity.BAD,
    statement="The certificate of {hostname} on port {port} is one that signs others.",
    meaning="Thunderbird refuses to connect.",
    advice="Get a certificate of its own for {hostname}, which is no authority's (basicConstraints).",
)
VALID_TOO_LONG: Final = FindingKind(
    code="certificate.valid-too-long",
    severity=Severity.WARNING,
    statement="The certificate of {hostname} on port {port} is valid for {days} days, more than 825.",
    meaning="Apple's devices refuse to connect.",
    advice="Get a certificate for a shorter time.",
)
CHAIN_UNTIDY: Final = FindingKind(
    code="certificate.chain-untidy",
    severity=Severity.INFO,
    statement="{hostname} sends certificates on port {port} that are not needed or in another order than "
    "that of the chain.",
    meaning="Clients cope; very old ones may not (RFC 5246 §7.4.2).",
    advice="Send the own certificate first, then each with its issuer behind it, and nothing else.",
)
MUST_STAPLE: Final = FindingKind(
    code="certificate.must-staple",
    severity=Severity.INFO,
    statement="The certificate of {hostname} on port {port} demands stapled OCSP answers.",
    meaning="Clients that check this refuse to connect while none are stapled.",
    advice="Let the service staple OCSP answers, or get a certificate without this demand.",
)
KINDS: Final = (
    UNREADABLE, NOT_SEEN, EXPIRED, EXPIRES_AT_ONCE, EXPIRES_SOON, NOT_YET_VALID, SELF_SIGNED,
    UNKNOWN_AUTHORITY, INTERMEDIATE_MISSING, NAME_MISMATCH, NAME_ONLY_COMMON, CHAIN_EXPIRED,
    CHAIN_EXPIRES_SOON, CHAIN_FLAWED, KEY_WEAK, SIGNATURE_WEAK, SIGNATURE_OLD, NOT_FOR_SERVERS,
    IS_AUTHORITY, VALID_TOO_LONG, CHAIN_UNTIDY, MUST_STAPLE,
)  # fmt: skip
