"""What a domain says of an endpoint beside what was seen there, and exactly what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.core.endpoints import Protocol
from app.core.observations import FailureReason, Stage
from app.core.servers import Authentication, ServerType, SocketType

from judging_cases import IMAP, IMAPS, POP3S, SIEVE, SMTP, SUBMISSION, SUBMISSIONS, WEBMAIL
from observed import (
    FIRST,
    SECOND,
    a_listing,
    a_web_endpoint,
    an_answer,
    an_endpoint,
    failed_at,
    observed,
    offering,
    seen_at,
)

if TYPE_CHECKING:
    from app.core.endpoints import Endpoint, Listing
    from app.core.observations import Capabilities, EndpointObservation

CLEARTEXT: Final = Authentication.PASSWORD_CLEARTEXT
ENCRYPTED: Final = Authentication.PASSWORD_ENCRYPTED
OAUTH2: Final = Authentication.OAUTH2
NTLM: Final = Authentication.NTLM
GSSAPI: Final = Authentication.GSSAPI


def _offered(
    endpoint: Endpoint, offered: Capabilities, *listed: Authentication, **changes: Any
) -> tuple[Listing, EndpointObservation]:
    seen = seen_at(endpoint, in_tls=offered, **changes)
    return a_listing(endpoint, *listed), observed(endpoint, seen)


def _challenged(
    service: ServerType, schemes: tuple[str, ...], *listed: Authentication, status: int = 401
) -> tuple[Listing, EndpointObservation]:
    endpoint = a_web_endpoint(service)
    return _offered(endpoint, offering(*schemes), *listed, http=an_answer(status))


_LOGIN_OFF = ("IMAP4REV1", "LOGINDISABLED")
_PLAIN_IMAP = an_endpoint(Protocol.IMAP, SocketType.PLAIN)
_NOT_OFFERED = ["login.not-offered"]

CASES: Final[dict[str, tuple[tuple[Listing, EndpointObservation], list[str]]]] = {
    "a password by PLAIN": (_offered(IMAPS, offering("PLAIN", atoms=_LOGIN_OFF), CLEARTEXT), []),
    "a password by LOGIN": (_offered(SUBMISSIONS, offering("LOGIN"), CLEARTEXT), []),
    "a password by IMAP's own command": (_offered(IMAPS, offering(atoms=("IMAP4REV1",)), CLEARTEXT), []),
    "a password by USER": (_offered(POP3S, offering(atoms=("USER",)), CLEARTEXT), []),
    "LOGINDISABLED within TLS": (
        _offered(IMAPS, offering(atoms=_LOGIN_OFF), CLEARTEXT),
        ["login.none-offered"],
    ),
    "LOGINDISABLED within TLS, CRAM-MD5 alone": (
        _offered(IMAPS, offering("CRAM-MD5", atoms=_LOGIN_OFF), CLEARTEXT),
        _NOT_OFFERED,
    ),
    "no AUTH for sending": (_offered(SUBMISSION, offering(), CLEARTEXT), ["login.none-offered"]),
    "no AUTH at port 25": (_offered(SMTP, offering(), CLEARTEXT), ["login.none-offered"]),
    "no AUTH for two ways listed": (
        _offered(SUBMISSION, offering(), CLEARTEXT, OAUTH2),
        ["login.none-offered"],
    ),
    "sending by the client's address": (
        _offered(SUBMISSION, offering(), Authentication.CLIENT_IP_ADDRESS),
        [],
    ),
    "sending without a login": (_offered(SMTP, offering(), Authentication.NONE), []),
    "SMTP after POP": (_offered(SUBMISSION, offering("PLAIN"), Authentication.SMTP_AFTER_POP), []),
    "CRAM-MD5": (_offered(IMAPS, offering("CRAM-MD5"), ENCRYPTED), []),
    "APOP": (_offered(POP3S, offering(atoms=("USER",)), ENCRYPTED, greeting="+OK <1.2@mail.example>"), []),
    "no timestamp, so no APOP": (_offered(POP3S, offering(atoms=("USER",)), ENCRYPTED), _NOT_OFFERED),
    "SCRAM for an encrypted password": (
        _offered(IMAPS, offering("SCRAM-SHA-256", "PLAIN"), ENCRYPTED, CLEARTEXT),
        ["login.encrypted-without-cram"],
    ),
    "DIGEST-MD5 for an encrypted password": (
        _offered(IMAPS, offering("DIGEST-MD5"), ENCRYPTED),
        ["login.encrypted-without-cram"],
    ),
    "an encrypted password not offered": (
        _offered(SUBMISSIONS, offering("PLAIN"), ENCRYPTED, CLEARTEXT),
        _NOT_OFFERED,
    ),
    "OAuth2 by XOAUTH2": (_offered(IMAPS, offering("XOAUTH2", "PLAIN"), OAUTH2), []),
    "OAuth2 by OAUTHBEARER": (_offered(IMAPS, offering("OAUTHBEARER"), OAUTH2), []),
    "OAuth2 not offered": (_offered(IMAPS, offering("PLAIN"), OAUTH2), _NOT_OFFERED),
    "OAuth2 not listed": (
        _offered(IMAPS, offering("XOAUTH2", "PLAIN"), CLEARTEXT),
        ["login.oauth2-not-listed"],
    ),
    "NTLM": (_offered(SUBMISSIONS, offering("NTLM"), NTLM), []),
    "NTLM not offered": (_offered(SUBMISSIONS, offering("PLAIN"), NTLM), _NOT_OFFERED),
    "GSSAPI": (_offered(IMAPS, offering("GSSAPI"), GSSAPI), []),
    "GSS-SPNEGO": (_offered(IMAPS, offering("GSS-SPNEGO"), GSSAPI), []),
    "a client's certificate": (
        _offered(IMAPS, offering("EXTERNAL"), Authentication.TLS_CLIENT_CERTIFICATE),
        [],
    ),
    "a client's certificate not offered": (
        _offered(IMAPS, offering("PLAIN"), Authentication.TLS_CLIENT_CERTIFICATE),
        _NOT_OFFERED,
    ),
    "Basic listed for IMAP": (_offered(IMAPS, offering("PLAIN"), Authentication.HTTP_BASIC), _NOT_OFFERED),
    "two ways listed, neither offered": (
        _offered(IMAPS, offering("PLAIN"), OAUTH2, GSSAPI),
        ["login.not-offered", "login.not-offered"],
    ),
    "ManageSieve": (_offered(SIEVE, offering("PLAIN"), CLEARTEXT), []),
    "ManageSieve without a way to log in": (
        _offered(SIEVE, offering(atoms=("SIEVE",)), CLEARTEXT),
        ["login.none-offered"],
    ),
    "old POP3 and a password": (_offered(POP3S, offering(are_known=False), CLEARTEXT), []),
    "old POP3 and an encrypted password": (
        _offered(POP3S, offering(are_known=False), ENCRYPTED),
        ["login.not-known"],
    ),
    "old POP3 with APOP": (
        _offered(POP3S, offering(are_known=False), ENCRYPTED, greeting="+OK <1.2@mail.example>"),
        [],
    ),
    "without encryption": (
        (
            a_listing(_PLAIN_IMAP, CLEARTEXT),
            observed(_PLAIN_IMAP, seen_at(_PLAIN_IMAP, before_tls=offering("PLAIN"))),
        ),
        [],
    ),
    "only offered before TLS": (
        _offered(
            IMAP, offering(atoms=_LOGIN_OFF), CLEARTEXT, before_tls=offering("PLAIN", atoms=("STARTTLS",))
        ),
        ["login.none-offered"],
    ),
    "a closed port": (
        (
            a_listing(IMAPS, OAUTH2),
            observed(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.REFUSED)),
        ),
        [],
    ),
    "cut before the capabilities": (
        (
            a_listing(IMAPS, OAUTH2),
            observed(IMAPS, failed_at(IMAPS, Stage.CAPABILITIES_IN_TLS, FailureReason.CUT)),
        ),
        [],
    ),
    "missing at one address of two": (
        (
            a_listing(SUBMISSIONS, CLEARTEXT),
            observed(
                SUBMISSIONS,
                seen_at(SUBMISSIONS),
                seen_at(SUBMISSIONS, SECOND, in_tls=offering("CRAM-MD5")),
            ),
        ),
        [f"login.not-offered @ {SECOND}"],
    ),
    "Basic": (_challenged(ServerType.CALDAV, ("BASIC",), Authentication.HTTP_BASIC), []),
    "Basic for a password": (_challenged(ServerType.CARDDAV, ("BASIC",), CLEARTEXT), []),
    "Digest not offered": (
        _challenged(ServerType.CALDAV, ("BASIC",), Authentication.HTTP_DIGEST),
        _NOT_OFFERED,
    ),
    "Negotiate for NTLM": (_challenged(ServerType.EWS, ("NEGOTIATE",), NTLM), []),
    "Bearer for OAuth2": (_challenged(ServerType.JMAP, ("BEARER",), OAUTH2), []),
    "OAuth2 without Bearer": (_challenged(ServerType.JMAP, ("BASIC",), OAUTH2), _NOT_OFFERED),
    "no challenge to judge": (_challenged(ServerType.CALDAV, (), Authentication.HTTP_BASIC, status=207), []),
    "web mail promises nothing": (
        (a_listing(WEBMAIL), observed(WEBMAIL, seen_at(WEBMAIL, FIRST))),
        [],
    ),
}
