"""What a probe saw at an endpoint: facts only, whatever they mean.

Nothing that the far side does is an exception: what went wrong is part of the observation. Texts of servers
are cut and freed of control characters when they are observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from ipaddress import IPv4Address, IPv6Address

    from app.core.dns_lookups import Lookup
    from app.core.endpoints import Endpoint


class Stage(StrEnum):
    """How far a conversation got."""

    CONNECT = "connect"
    HANDSHAKE = "handshake"
    """TLS, from the first byte or after STARTTLS."""
    GREETING = "greeting"
    CAPABILITIES = "capabilities"
    STARTTLS = "starttls"
    REQUEST = "request"
    """HTTP."""
    CAPABILITIES_IN_TLS = "capabilities-in-tls"
    DONE = "done"


class FailureReason(StrEnum):
    """Why a conversation ended early."""

    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    UNREACHABLE = "unreachable"
    """No route, or an ICMP error."""
    CUT = "cut"
    """Closed or reset in the middle."""
    FORBIDDEN = "forbidden"
    """The address policy does not let us connect; no packet was sent."""
    PORT_NOT_PERMITTED = "port-not-permitted"
    """The operator does not let us connect to this port of any host; no packet was sent."""
    TLS_ALERT = "tls-alert"
    """The far side, or OpenSSL here, ended the handshake."""
    NOT_TLS = "not-tls"
    """Bytes came that are no TLS."""
    WRONG_PROTOCOL = "wrong-protocol"
    """A greeting or an answer of another protocol."""
    TOO_LONG = "too-long"
    """More bytes or lines than any server needs."""
    TURNED_AWAY = "turned-away"
    """The server said politely that it does not serve us at present: 421, BYE, SYS/TEMP."""
    REJECTED = "rejected"
    """The server refused a command that it must take."""
    NO_LOCAL_FAMILY = "no-local-family"
    """This machine has no way to addresses of this family."""
    NO_WAY_OUT = "no-way-out"
    """Nothing that was tried lately answered from anywhere outside: it is this machine that is cut off."""
    NOT_LOOKED_UP = "not-looked-up"
    """Nothing was tried: the DNS did not say whether the host has an address."""
    NO_TIME = "no-time"
    """Nothing was tried: the endpoint's other addresses, or others at the same one, took all the time that
    there is for it."""
    TOO_MANY_ADDRESSES = "too-many-addresses"
    """Nothing was tried: as many of the endpoint's addresses as are looked at come before this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where and why a conversation ended early."""

    stage: Stage
    reason: FailureReason
    detail: str = ""
    """What the server, OpenSSL or the system said, one line of at most 200 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSession:
    """A handshake that was completed, with nothing verified."""

    version: str
    """As OpenSSL spells it: ``TLSv1.3``."""
    cipher: str
    chain: tuple[bytes, ...]
    """Certificates in DER as the server sent them, its own first."""
    had_bytes_before: bool = False
    """Whether bytes came between the word to start TLS and the handshake (response injection)."""
    is_legacy: bool = False
    """Whether it takes what clients of today do not offer: TLS below 1.2, or old ciphers and signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server says it can do."""

    atoms: frozenset[str] = frozenset()
    """In upper case: EHLO keywords, IMAP capabilities, CAPA tags, Sieve keys, without their arguments."""
    mechanisms: frozenset[str] = frozenset()
    """SASL mechanisms in upper case; for HTTP the schemes of WWW-Authenticate."""
    are_known: bool = True
    """False where the server does not answer the question (old POP3 servers without CAPA)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a web service answered, after the redirects that were followed."""

    status: int
    url: str
    """The URL that answered last; where that leads away from https, or to what does not answer, the one to
    which it leads."""
    redirects: tuple[str, ...] = ()
    """The URLs that led on, first to last."""
    headers: tuple[tuple[str, str], ...] = ()
    """Those that judging looks at: names in lower case, values cut."""
    tls: TlsSession | None = None
    """The session with the host that answered last, where redirects led to it."""
    failure: Failure | None = None
    """Why the URL to which redirects led did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressObservation:
    """One conversation with one address."""

    address: IPv4Address | IPv6Address
    reached: Stage
    """The last stage that was begun."""
    failure: Failure | None = None
    greeting: str = ""
    is_preauthenticated: bool = False
    """IMAP's PREAUTH."""
    before_tls: Capabilities | None = None
    """What was offered in the clear; None where nothing was asked in the clear."""
    in_tls: Capabilities | None = None
    tls: TlsSession | None = None
    """The handshake; where the greeting in the clear did not come, whether one succeeds at once instead."""
    versions: tuple[tuple[str, bool | None], ...] = ()
    """TLS versions that were tried by themselves, and whether the server took them; None: not known."""
    matches_without_sni: bool | None = None
    """Whether the same certificate comes without SNI; None where it was not tried."""
    takes_injected: bool | None = None
    """Whether the server answers in TLS what was sent in the clear behind STARTTLS; None: not tried."""
    http: HttpAnswer | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointObservation:
    """All that one run saw at an endpoint."""

    endpoint: Endpoint
    at: datetime
    """When the run began."""
    lookups: tuple[Lookup, ...] = ()
    """A, AAAA and TLSA of the host name, as far as they were asked for."""
    addresses: tuple[AddressObservation, ...] = ()
    """One for each address that the look-ups gave, the families in turn. At most 16 are looked at; up to 64
    are told."""
    is_port_known_open: bool = False
    """Whether a connection to this port of any host, public as this one or not, was made from here within
    the last day; until then a way out that is closed, as it often is for port 25, is as likely as a host that
    is down."""
