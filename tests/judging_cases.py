"""What was seen at an endpoint, and exactly what it means.

A finding is written as its code; where it does not hold for all addresses that were seen, with those that
it holds for: ``connect.address-dead @ 2001:db8::1``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from app.core.dns_lookups import LookupStatus
from app.core.endpoints import Protocol
from app.core.observations import Failure, FailureReason, Stage
from app.core.servers import ServerType, SocketType

from observed import (
    FIRST,
    SECOND,
    a_session,
    a_web_endpoint,
    an_answer,
    an_endpoint,
    failed_at,
    found,
    observed,
    offering,
    seen_at,
)
from pki import HOST, INTERMEDIATE, chain, good, issue, key

if TYPE_CHECKING:
    from app.core.endpoints import Endpoint
    from app.core.observations import AddressObservation, EndpointObservation

IMAPS: Final = an_endpoint()
IMAP: Final = an_endpoint(Protocol.IMAP, SocketType.STARTTLS)
POP3S: Final = an_endpoint(Protocol.POP3)
POP3: Final = an_endpoint(Protocol.POP3, SocketType.STARTTLS)
SUBMISSIONS: Final = an_endpoint(Protocol.SMTP)
SUBMISSION: Final = an_endpoint(Protocol.SMTP, SocketType.STARTTLS)
SMTP: Final = an_endpoint(Protocol.SMTP, SocketType.STARTTLS, port=25)
SIEVE: Final = an_endpoint(Protocol.MANAGESIEVE, SocketType.STARTTLS)
WEAK: Final = chain(issue(issuer=INTERMEDIATE, with_key=key("rsa-1024")), INTERMEDIATE)
EXPIRED: Final = chain(issue(issuer=INTERMEDIATE, days=(-90, -1)), INTERMEDIATE)
WEBMAIL: Final = a_web_endpoint(ServerType.WEBMAIL)


def _ended(
    endpoint: Endpoint, stage: Stage, reason: FailureReason, address: str = FIRST, **changes: Any
) -> EndpointObservation:
    return observed(endpoint, failed_at(endpoint, stage, reason, address, **changes))


def _two(endpoint: Endpoint, second: AddressObservation) -> EndpointObservation:
    return observed(endpoint, seen_at(endpoint), second)


def _seen(endpoint: Endpoint, **changes: Any) -> EndpointObservation:
    return observed(endpoint, seen_at(endpoint, **changes))


def _hosts(*lookups: Any) -> EndpointObservation:
    return observed(IMAPS, lookups=lookups)


NO_NAME, NO_DATA, BOGUS = LookupStatus.NO_NAME, LookupStatus.NO_DATA, LookupStatus.BOGUS
FAILED = LookupStatus.SERVER_FAILURE

HOSTS: Final = {
    "a name that does not exist": (
        _hosts(found(HOST, status=NO_NAME), found(HOST, status=NO_NAME, kind="AAAA")),
        ["host.unknown"],
    ),
    "a name without addresses": (
        _hosts(found(HOST, status=NO_DATA), found(HOST, status=NO_DATA, kind="AAAA")),
        ["host.no-address"],
    ),
    "a name whose signatures do not hold": (
        _hosts(found(HOST, status=BOGUS), found(HOST, status=BOGUS, kind="AAAA")),
        ["host.bogus"],
    ),
    "name servers that fail": (
        _hosts(found(HOST, status=FAILED), found(HOST, status=LookupStatus.TIMED_OUT, kind="AAAA")),
        ["host.not-looked-up"],
    ),
    "one answer without data and one failure": (
        _hosts(found(HOST, status=NO_DATA), found(HOST, status=FAILED, kind="AAAA")),
        ["host.not-looked-up"],
    ),
    "nothing asked at all": (_hosts(), ["host.not-looked-up"]),
    "addresses of one kind known only": (
        observed(
            IMAPS, seen_at(IMAPS), lookups=(found(HOST, FIRST), found(HOST, status=FAILED, kind="AAAA"))
        ),
        ["host.partly-looked-up"],
    ),
}

CONNECTIONS: Final = {
    "all is well": (observed(IMAPS), []),
    "all is well at both addresses": (_two(IMAPS, seen_at(IMAPS, SECOND)), []),
    "a closed port": (_ended(IMAPS, Stage.CONNECT, FailureReason.REFUSED), ["connect.refused"]),
    "a filtered port": (_ended(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT), ["connect.timed-out"]),
    "no way there": (_ended(IMAPS, Stage.CONNECT, FailureReason.UNREACHABLE), ["connect.unreachable"]),
    "closed at once": (_ended(IMAPS, Stage.CONNECT, FailureReason.CUT), ["connect.refused"]),
    "a closed port with STARTTLS": (_ended(IMAP, Stage.CONNECT, FailureReason.REFUSED), ["connect.refused"]),
    "one dead address of two": (
        _two(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.REFUSED, SECOND)),
        [f"connect.address-dead @ {SECOND}"],
    ),
    "all addresses dead in one way": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT),
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT, SECOND),
        ),
        ["connect.timed-out"],
    ),
    "all addresses dead in two ways": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.CONNECT, FailureReason.REFUSED),
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT, SECOND),
        ),
        [f"connect.refused @ {FIRST}", f"connect.timed-out @ {SECOND}"],
    ),
    "two faults at two addresses, one of them dead": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.GREETING, FailureReason.CUT),
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT, SECOND),
        ),
        [f"conversation.cut @ {FIRST}", f"connect.address-dead @ {SECOND}"],
    ),
    "no IPv6 here": (
        _two(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.NO_LOCAL_FAMILY, SECOND)),
        [f"connect.some-not-tested @ {SECOND}"],
    ),
    "only IPv6 there and none here": (
        _ended(IMAPS, Stage.CONNECT, FailureReason.NO_LOCAL_FAMILY, SECOND),
        ["connect.not-tested"],
    ),
    "this machine is cut off": (
        _ended(IMAPS, Stage.CONNECT, FailureReason.NO_WAY_OUT),
        ["connect.not-tested"],
    ),
    "no time for the only address of a host": (
        _ended(IMAPS, Stage.CONNECT, FailureReason.NO_TIME),
        ["connect.not-tested"],
    ),
    "no time for the second address of a host": (
        _two(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.NO_TIME, SECOND)),
        [f"connect.some-not-tested @ {SECOND}"],
    ),
    "no time for the second address of a host whose first is dead": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT),
            failed_at(IMAPS, Stage.CONNECT, FailureReason.NO_TIME, SECOND),
        ),
        [f"connect.some-not-tested @ {SECOND}", f"connect.timed-out @ {FIRST}"],
    ),
    "more addresses than are looked at": (
        _two(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.TOO_MANY_ADDRESSES, SECOND)),
        [f"connect.some-not-tested @ {SECOND}"],
    ),
    "more addresses than are looked at, and those are dead": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TIMED_OUT),
            failed_at(IMAPS, Stage.CONNECT, FailureReason.TOO_MANY_ADDRESSES, SECOND),
        ),
        [f"connect.some-not-tested @ {SECOND}", f"connect.timed-out @ {FIRST}"],
    ),
    "a port that the operator does not allow": (
        _ended(IMAPS, Stage.CONNECT, FailureReason.PORT_NOT_PERMITTED),
        ["connect.port-not-permitted"],
    ),
    "a private address": (
        _ended(IMAPS, Stage.CONNECT, FailureReason.FORBIDDEN, "10.0.0.1"),
        ["connect.not-permitted"],
    ),
    "a private address beside a public one": (
        _two(IMAPS, failed_at(IMAPS, Stage.CONNECT, FailureReason.FORBIDDEN, "10.0.0.1")),
        ["connect.some-not-tested @ 10.0.0.1"],
    ),
    "port 25 refused": (
        _ended(SMTP, Stage.CONNECT, FailureReason.REFUSED),
        ["connect.port-25-not-tested"],
    ),
    "port 25 silent": (
        _ended(SMTP, Stage.CONNECT, FailureReason.TIMED_OUT),
        ["connect.port-25-not-tested"],
    ),
    "port 25 closed, though others are reached there": (
        replace(_ended(SMTP, Stage.CONNECT, FailureReason.REFUSED), is_port_known_open=True),
        ["connect.refused"],
    ),
    "port 25 open at one address of two": (
        observed(
            SMTP,
            seen_at(SMTP, in_tls=offering()),
            failed_at(SMTP, Stage.CONNECT, FailureReason.TIMED_OUT, SECOND),
        ),
        [f"connect.address-dead @ {SECOND}"],
    ),
    "421 busy": (
        _ended(SUBMISSION, Stage.GREETING, FailureReason.TURNED_AWAY, detail="421 too many"),
        ["connect.turned-away"],
    ),
    "BYE instead of a greeting": (
        _ended(IMAPS, Stage.GREETING, FailureReason.TURNED_AWAY, tls=a_session()),
        ["connect.turned-away"],
    ),
    "turned away at one address of two": (
        _two(POP3S, failed_at(POP3S, Stage.GREETING, FailureReason.TURNED_AWAY, SECOND, tls=a_session())),
        [f"connect.some-not-tested @ {SECOND}"],
    ),
}

CONVERSATIONS: Final = {
    "no TLS where TLS is listed": (
        _ended(SUBMISSIONS, Stage.HANDSHAKE, FailureReason.NOT_TLS),
        ["tls.not-spoken"],
    ),
    "TLS at once where STARTTLS is listed": (
        _ended(SUBMISSION, Stage.GREETING, FailureReason.TIMED_OUT, tls=a_session()),
        ["tls.expected-at-once"],
    ),
    "an alert in the handshake": (
        _ended(IMAPS, Stage.HANDSHAKE, FailureReason.TLS_ALERT, detail="handshake failure"),
        ["tls.handshake-failed"],
    ),
    "cut in the handshake": (
        _ended(IMAPS, Stage.HANDSHAKE, FailureReason.CUT),
        ["tls.handshake-failed"],
    ),
    "alerts with different words at two addresses": (
        observed(
            IMAPS,
            failed_at(IMAPS, Stage.HANDSHAKE, FailureReason.TLS_ALERT, detail="one"),
            failed_at(IMAPS, Stage.HANDSHAKE, FailureReason.TLS_ALERT, SECOND, detail="two"),
        ),
        ["tls.handshake-failed"],
    ),
    "TLS 1.0 only, refused here": (
        _ended(
            IMAPS,
            Stage.HANDSHAKE,
            FailureReason.TLS_ALERT,
            versions=(("TLSv1", True), ("TLSv1.1", False), ("TLSv1.2", False), ("TLSv1.3", False)),
        ),
        ["tls.only-old-versions"],
    ),
    "TLS 1.1 only, taken": (
        _seen(IMAPS, tls=a_session(version="TLSv1.1", cipher="ECDHE-RSA-AES128-SHA")),
        ["tls.only-old-versions"],
    ),
    "TLS 1.0 too": (
        _seen(IMAPS, versions=(("TLSv1", True), ("TLSv1.1", None), ("TLSv1.2", True), ("TLSv1.3", True))),
        ["tls.old-versions-too"],
    ),
    "no TLS 1.3": (
        _seen(
            IMAPS,
            tls=a_session(version="TLSv1.2", cipher="ECDHE-ECDSA-AES256-GCM-SHA384"),
            versions=(("TLSv1", False), ("TLSv1.2", True), ("TLSv1.3", False)),
        ),
        ["tls.without-1-3"],
    ),
    "TLS 1.3 not tried": (_seen(IMAPS, tls=a_session(version="TLSv1.2", cipher="AES256-GCM-SHA384")), []),
    "a weak cipher": (
        _seen(IMAPS, tls=a_session(version="TLSv1.2", cipher="DES-CBC3-SHA")),
        ["tls.cipher-weak"],
    ),
    "old ciphers only": (
        _seen(IMAPS, tls=a_session(version="TLSv1.2", cipher="DES-CBC3-SHA", is_legacy=True)),
        ["tls.only-old-ciphers"],
    ),
    "old ways tried after a cut by chance": (
        _seen(IMAPS, tls=a_session(version="TLSv1.2", cipher="ECDHE-RSA-AES256-GCM-SHA384", is_legacy=True)),
        [],
    ),
    "old versions only, old ciphers with them": (
        _seen(IMAPS, tls=a_session(version="TLSv1", cipher="DES-CBC3-SHA", is_legacy=True)),
        ["tls.only-old-versions"],
    ),
    "old ways only, for a weak key": (
        _seen(IMAPS, tls=a_session(WEAK, is_legacy=True)),
        ["certificate.key-weak"],
    ),
    "another certificate without SNI": (_seen(IMAPS, matches_without_sni=False), ["tls.needs-sni"]),
    "the same certificate without SNI": (_seen(IMAPS, matches_without_sni=True), []),
    "STARTTLS in order": (_seen(IMAP), []),
    "STLS in order": (_seen(POP3), []),
    "submission in order": (_seen(SUBMISSION), []),
    "ManageSieve in order": (_seen(SIEVE), []),
    "STARTTLS not offered": (
        _seen(
            IMAP, tls=None, in_tls=None, before_tls=offering("PLAIN", atoms=("IMAP4REV1", "LOGINDISABLED"))
        ),
        ["login.offered-in-clear", "starttls.not-offered"],
    ),
    "STARTTLS not offered, no login either": (
        _ended(
            SUBMISSION,
            Stage.STARTTLS,
            FailureReason.REJECTED,
            before_tls=offering(atoms=("SIZE",)),
            detail="502",
        ),
        ["starttls.not-offered"],
    ),
    "STARTTLS hidden on the way": (
        _seen(
            SUBMISSION,
            greeting="220 ****************",
            tls=None,
            in_tls=None,
            before_tls=offering(atoms=("SIZE", "XXXXXXXA")),
        ),
        ["starttls.hidden-on-the-way"],
    ),
    "STARTTLS refused": (
        _ended(IMAP, Stage.STARTTLS, FailureReason.REJECTED, detail="NO not here"),
        ["starttls.refused"],
    ),
    "454 at STARTTLS": (
        _ended(SUBMISSION, Stage.STARTTLS, FailureReason.TURNED_AWAY, detail="454 later"),
        ["connect.turned-away"],
    ),
    "handshake fails after STARTTLS": (
        _ended(SUBMISSION, Stage.HANDSHAKE, FailureReason.NOT_TLS),
        ["tls.handshake-failed"],
    ),
    "bytes between STARTTLS and the handshake": (
        _seen(IMAP, tls=a_session(had_bytes_before=True)),
        ["starttls.bytes-before-handshake"],
    ),
    "what was sent before the handshake is carried out within TLS": (
        _seen(IMAP, takes_injected=True),
        ["starttls.takes-injected-commands"],
    ),
    "what was sent before the handshake is forgotten": (_seen(IMAP, takes_injected=False), []),
    "old POP3 without CAPA refuses STLS": (
        _ended(POP3, Stage.STARTTLS, FailureReason.REJECTED, before_tls=offering(are_known=False)),
        ["starttls.refused"],
    ),
    "listed without encryption": (
        _seen(
            an_endpoint(Protocol.IMAP, SocketType.PLAIN), before_tls=offering("PLAIN", atoms=("IMAP4REV1",))
        ),
        ["tls.not-listed"],
    ),
    "listed without encryption and closed": (
        _ended(an_endpoint(Protocol.IMAP, SocketType.PLAIN), Stage.CONNECT, FailureReason.REFUSED),
        ["connect.refused"],
    ),
    "no greeting": (
        _ended(IMAPS, Stage.GREETING, FailureReason.TIMED_OUT, tls=a_session()),
        ["greeting.none"],
    ),
    "PREAUTH": (
        _seen(IMAP, is_preauthenticated=True, tls=None, in_tls=None, before_tls=None),
        ["greeting.preauthenticated"],
    ),
    "another protocol": (
        _ended(IMAP, Stage.GREETING, FailureReason.WRONG_PROTOCOL, detail="SSH-2.0"),
        ["greeting.wrong-protocol"],
    ),
    "an endless greeting": (_ended(POP3, Stage.GREETING, FailureReason.TOO_LONG), ["conversation.too-long"]),
    "cut before the greeting": (_ended(IMAP, Stage.GREETING, FailureReason.CUT), ["conversation.cut"]),
    "cut in the capabilities": (
        _ended(IMAPS, Stage.CAPABILITIES_IN_TLS, FailureReason.CUT),
        ["conversation.cut"],
    ),
    "stalled in the capabilities": (
        _ended(SIEVE, Stage.CAPABILITIES_IN_TLS, FailureReason.TIMED_OUT),
        ["conversation.stalled"],
    ),
    "CAPABILITY rejected": (
        _ended(IMAPS, Stage.CAPABILITIES_IN_TLS, FailureReason.REJECTED, detail="BAD"),
        ["conversation.rejected"],
    ),
    "EHLO rejected": (
        _ended(SUBMISSIONS, Stage.CAPABILITIES_IN_TLS, FailureReason.REJECTED, detail="550 blocked"),
        ["conversation.not-served"],
    ),
    "554 as greeting": (
        _ended(SUBMISSION, Stage.GREETING, FailureReason.REJECTED, detail="554 no service"),
        ["conversation.not-served"],
    ),
    "a fault at LOGOUT is none": (_ended(IMAPS, Stage.DONE, FailureReason.CUT), []),
}

LOGINS: Final = {
    "LOGIN before STARTTLS": (
        _seen(IMAP, before_tls=offering(atoms=("IMAP4REV1", "STARTTLS"))),
        ["login.offered-in-clear"],
    ),
    "AUTH=PLAIN before STARTTLS": (
        _seen(IMAP, before_tls=offering("PLAIN", atoms=("STARTTLS", "LOGINDISABLED"))),
        ["login.offered-in-clear"],
    ),
    "CRAM-MD5 alone before STARTTLS": (
        _seen(IMAP, before_tls=offering("CRAM-MD5", atoms=("STARTTLS", "LOGINDISABLED"))),
        [],
    ),
    "USER before STLS": (
        _seen(POP3, before_tls=offering(atoms=("STLS", "USER"))),
        ["login.offered-in-clear"],
    ),
    "AUTH LOGIN before STARTTLS": (
        _seen(SUBMISSION, before_tls=offering("LOGIN", atoms=("STARTTLS",))),
        ["login.offered-in-clear"],
    ),
    "SASL PLAIN before STARTTLS in ManageSieve": (
        _seen(SIEVE, before_tls=offering("PLAIN", atoms=("STARTTLS",))),
        ["login.offered-in-clear"],
    ),
    "old POP3 without CAPA": (_seen(POP3, before_tls=offering(are_known=False)), []),
    "AUTH on port 25": (_seen(SMTP), ["login.on-port-25"]),
    "port 25 without AUTH": (_seen(SMTP, in_tls=offering()), []),
}


def _web(service: ServerType, status: int, *headers: tuple[str, str], **changes: Any) -> EndpointObservation:
    endpoint = a_web_endpoint(service)
    session = a_session(changes.pop("own", None))
    return _seen(endpoint, tls=session, http=an_answer(status, headers=headers, **changes))


def _led_nowhere(reason: FailureReason, endpoint: Endpoint = WEBMAIL) -> EndpointObservation:
    """Return a redirect to a host that does not answer."""
    failure = Failure(stage=Stage.CONNECT, reason=reason)
    start = f"https://{HOST}/there"
    http = an_answer(302, headers=(), url="https://web.example/", redirects=(start,), failure=failure)
    return _seen(endpoint, http=http)


_BASIC = ("www-authenticate", 'Basic realm="mail"')
_HSTS = ("strict-transport-security", "max-age=31536000; includeSubDomains")
_PLAIN_WEBMAIL = a_web_endpoint(ServerType.WEBMAIL, SocketType.PLAIN)

WEB: Final = {
    "web mail": (_web(ServerType.WEBMAIL, 200, _HSTS), []),
    "web mail that wants a login": (_web(ServerType.WEBMAIL, 401, _HSTS), []),
    "web mail that forbids": (_web(ServerType.WEBMAIL, 403, _HSTS), []),
    "web mail without HSTS": (_web(ServerType.WEBMAIL, 200), ["http.no-hsts"]),
    "web mail that takes HSTS back": (
        _web(ServerType.WEBMAIL, 200, ("strict-transport-security", "max-age=0")),
        ["http.no-hsts"],
    ),
    "web mail that is not there": (_web(ServerType.WEBMAIL, 404), ["http.not-found"]),
    "web mail with a fault": (_web(ServerType.WEBMAIL, 502), ["http.server-error"]),
    "web mail that is busy": (_web(ServerType.WEBMAIL, 503), ["http.busy"]),
    "a method that web mail does not know": (_web(ServerType.WEBMAIL, 405), ["http.wrong-service"]),
    "redirects without an end": (
        _web(ServerType.WEBMAIL, 302, redirects=tuple(f"https://{HOST}/{step}" for step in range(5))),
        ["http.redirects-too-often"],
    ),
    "a redirect to a host with a certificate for it": (
        _web(ServerType.WEBMAIL, 200, _HSTS, url="https://web.example/", tls=a_session(good("web.example"))),
        [],
    ),
    "a redirect to a host with a certificate for another": (
        _web(ServerType.WEBMAIL, 200, _HSTS, url="https://web.example/", tls=a_session(good())),
        ["certificate.name-mismatch"],
    ),
    "a redirect to the same host": (
        _web(ServerType.WEBMAIL, 200, _HSTS, tls=a_session(EXPIRED), own=EXPIRED),
        ["certificate.expired"],
    ),
    "a redirect to http": (
        _web(ServerType.WEBMAIL, 200, _HSTS, url=f"http://{HOST}/", redirects=(f"https://{HOST}/there",)),
        ["http.leads-to-plain"],
    ),
    "a redirect to a host that is down": (_led_nowhere(FailureReason.REFUSED), ["http.leads-nowhere"]),
    "a redirect to a host that breaks off": (_led_nowhere(FailureReason.CUT), ["http.leads-nowhere"]),
    "a redirect to a name without an address": (
        _led_nowhere(FailureReason.UNREACHABLE, a_web_endpoint(ServerType.CALDAV)),
        ["http.leads-nowhere"],
    ),
    "a redirect to a private address": (
        _led_nowhere(FailureReason.FORBIDDEN),
        ["http.leads-to-untested"],
    ),
    "a redirect to a host of IPv6 alone, and none here": (
        _led_nowhere(FailureReason.NO_LOCAL_FAMILY),
        ["http.leads-to-untested"],
    ),
    "web mail listed with http that leads to a host that is down": (
        _led_nowhere(FailureReason.TIMED_OUT, _PLAIN_WEBMAIL),
        ["http.leads-nowhere"],
    ),
    "web mail listed with http that leads over https back to http": (
        _seen(
            _PLAIN_WEBMAIL,
            http=an_answer(
                302, url=f"http://{HOST}/", redirects=(f"http://{HOST}/there", f"https://{HOST}/there")
            ),
        ),
        ["http.leads-to-plain", "http.not-encrypted"],
    ),
    "web mail listed with http": (
        _seen(_PLAIN_WEBMAIL, http=an_answer(url=f"http://{HOST}/there")),
        ["http.not-encrypted"],
    ),
    "web mail listed with http that leads to https": (
        _seen(_PLAIN_WEBMAIL, http=an_answer(redirects=(f"http://{HOST}/there",))),
        ["http.leads-to-https"],
    ),
    "CalDAV with a challenge": (_web(ServerType.CALDAV, 401, _BASIC), []),
    "CalDAV without a challenge": (_web(ServerType.CALDAV, 401), ["http.no-challenge"]),
    "CalDAV with 207": (_web(ServerType.CALDAV, 207), []),
    "CalDAV by its header": (_web(ServerType.CALDAV, 200, ("dav", "1, 3, calendar-access")), []),
    "contacts where calendars are listed": (
        _web(ServerType.CALDAV, 200, ("dav", "1, 3, addressbook")),
        ["http.wrong-service"],
    ),
    "PROPFIND not known": (_web(ServerType.CARDDAV, 405), ["http.wrong-service"]),
    "a page where contacts are listed": (_web(ServerType.CARDDAV, 200), ["http.wrong-service"]),
    "CardDAV that forbids": (_web(ServerType.CARDDAV, 403), ["http.forbidden"]),
    "WebDAV": (_web(ServerType.WEBDAV, 207), []),
    "EWS with a challenge": (_web(ServerType.EWS, 401, ("www-authenticate", "Negotiate")), []),
    "EWS that redirects": (_web(ServerType.EWS, 302), []),
    "MAPI with a challenge": (_web(ServerType.MAPI, 401, _BASIC), []),
    "ActiveSync by its header": (_web(ServerType.ACTIVESYNC, 200, ("ms-asprotocolversions", "16.1")), []),
    "a page where ActiveSync is listed": (_web(ServerType.ACTIVESYNC, 200), ["http.wrong-service"]),
    "JMAP with a challenge": (_web(ServerType.JMAP, 401, ("www-authenticate", "Bearer")), []),
    "a JMAP session": (_web(ServerType.JMAP, 200, ("content-type", "application/json")), []),
    "a page where JMAP is listed": (
        _web(ServerType.JMAP, 200, ("content-type", "text/html")),
        ["http.wrong-service"],
    ),
    "Exchange's Autodiscover": (_web(ServerType.EXCHANGE, 401, _BASIC), []),
    "OWA that leads to its log-in page": (_web(ServerType.OWA, 302, _HSTS), []),
    "no answer to the request": (
        _ended(WEBMAIL, Stage.REQUEST, FailureReason.TIMED_OUT),
        ["conversation.stalled"],
    ),
    "no HTTP": (_ended(WEBMAIL, Stage.REQUEST, FailureReason.WRONG_PROTOCOL), ["greeting.wrong-protocol"]),
}

CASES: Final[dict[str, tuple[EndpointObservation, list[str]]]] = {
    **HOSTS,
    **CONNECTIONS,
    **CONVERSATIONS,
    **LOGINS,
    **WEB,
}

HOST_OF_TWO_CERTIFICATES: Final = observed(
    IMAPS, seen_at(IMAPS), seen_at(IMAPS, SECOND, tls=a_session(good("other.example")))
)
