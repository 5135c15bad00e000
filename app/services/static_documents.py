"""What a domain is answered without looking at a request: the documents of a static export.

Each is the reply of the client's own format to a request that names no address, so that a file and the
service say the same. Domains that differ by the name alone are written from one document, with the name
put where another's was; whether that comes out right is tried on names of other lengths and letters first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from app.core.documents import ClientRequest
from app.core.names import DomainName, EmailAddress
from app.core.placeholders import ADDRESS, LOCAL_PART, placeholders_in
from app.core.service_names import AUTOCONFIG, UA_AUTO_CONFIG
from app.renderers import FORMATS_BY_NAME

if TYPE_CHECKING:
    from app.core.documents import ClientFormat
    from app.services.known_domains import Shared
    from app.store.standings import Standing

AUTOCONFIG_FORMAT: Final = FORMATS_BY_NAME["autoconfig"]
PACC_FORMAT: Final = FORMATS_BY_NAME["pacc"]
MAX_PLAIN_NAME: Final = 127
"""Longer names are written one by one, and addresses in them are the service's to answer."""

MAX_FILE_STEM: Final = 250
"""Longer names fit in no file's, which may have 255 octets with the ending (NAME_MAX)."""

_OK: Final = 200
_PERSONAL: Final = frozenset({ADDRESS, LOCAL_PART})
_LOCAL: Final = "Jo.Doe-9_x+tag"
_MODEL: Final = "qz4k.wj8f.example"
_PROOFS: Final = ("a-b.c9.xn--bcher-kva.example", "b.test", f"{'w' * 63}.{'x' * 63}")


class Kind(StrEnum):
    """A kind of file. The value is the folder's name."""

    ANYBODY = "anybody"
    """Autoconfig, for the domain and for each address in it."""
    DOMAIN = "domain"
    """Autoconfig for requests without an address alone."""
    PACC = "pacc"
    MTA_STS = "mta-sts"

    @property
    def extension(self) -> str:
        """The ending of such files, without the dot."""
        return _EXTENSIONS[self]


_EXTENSIONS: Final = {Kind.ANYBODY: "xml", Kind.DOMAIN: "xml", Kind.PACC: "json", Kind.MTA_STS: "txt"}


class Reason(StrEnum):
    """Why requests for a domain go on to the service, which answers 404 where it has no document either."""

    MAILBOXES = "mailboxes have settings of their own, so that addresses are answered one by one"
    LOGIN = "what addresses are answered depends on the address"
    LONG_NAME = "the name is so long that limits come into play with addresses"
    NO_FILE_NAME = "the name is too long for a file's"
    NO_AUTOCONFIG = "there is no autoconfig document"
    NO_PACC = "the settings cannot be described as PACC"
    DIRECTIVE = "a text looks like a directive of server-side includes"


@dataclass(frozen=True, slots=True)
class StaticDocuments:
    """The files of one domain; a kind that is missing is not published as a file."""

    name: str
    files: dict[Kind, bytes]
    reasons: tuple[Reason, ...] = ()


class Layout(StrEnum):
    """How domains are told apart that differ by the name alone."""

    FILES = "files"
    """Each has files of its own, which any web server can hand out."""
    NGINX = "nginx"
    """They have one file, into which nginx writes the name by server-side includes."""


NAME_VARIABLE: Final = "signpost_name"
"""nginx's variable for the domain that is asked for."""
_DIRECTIVE: Final = b"<!--#"
_NAME: Final = b'<!--#echo var="%b" encoding="none" -->' % NAME_VARIABLE.encode()


def documents_of(shared: Shared, standing: Standing, layout: Layout = Layout.FILES) -> StaticDocuments:
    """Write the files of an active domain from what it has in common with others."""
    if len(standing.name) > MAX_FILE_STEM:
        return StaticDocuments(standing.name, {}, (Reason.NO_FILE_NAME,))
    common = shared.documents.get(Patterns)
    if common is None:
        # Of its own servers nothing is another's, and trying a pattern costs more than using it once saves.
        common = shared.documents[Patterns] = Patterns(shared, is_single=standing.own_servers_of is not None)
    name = standing.name
    reasons: list[Reason] = []
    files: dict[Kind, bytes] = {}
    own = _reason_for_addresses(standing, is_for_anybody=common.is_for_anybody)
    for kind, pattern, reason in (
        (Kind.ANYBODY if own is None else Kind.DOMAIN, common.autoconfig, Reason.NO_AUTOCONFIG),
        (Kind.PACC, common.pacc, Reason.NO_PACC),
    ):
        body = pattern.write(name)
        if body is None:
            reasons.append(reason)
        elif layout is Layout.FILES:
            files[kind] = body
        elif _DIRECTIVE in body:
            reasons.append(Reason.DIRECTIVE)
        else:
            files[kind] = pattern.write_for_nginx(name) or body
    if own is not None and Kind.DOMAIN in files:
        reasons.append(own)
    if common.mta_sts is not None:
        files[Kind.MTA_STS] = common.mta_sts
    return StaticDocuments(name, files, tuple(reasons))


def _reason_for_addresses(standing: Standing, *, is_for_anybody: bool) -> Reason | None:
    if standing.mailbox_keys:
        return Reason.MAILBOXES
    if not is_for_anybody:
        return Reason.LOGIN
    return Reason.LONG_NAME if len(standing.name) > MAX_PLAIN_NAME else None


class Patterns:
    """The documents of all domains of one kind."""

    __slots__ = ("autoconfig", "is_for_anybody", "mta_sts", "pacc")

    def __init__(self, shared: Shared, *, is_single: bool) -> None:
        """Take what the domains have in common, and whether they are no more than one."""
        model = shared.own or DomainName(_MODEL)
        is_single = is_single or shared.own is not None
        self.autoconfig = _Pattern(shared, AUTOCONFIG_FORMAT, AUTOCONFIG, is_single=is_single)
        self.pacc = _Pattern(shared, PACC_FORMAT, UA_AUTO_CONFIG, is_single=is_single)
        self.is_for_anybody = _is_for_anybody(shared, model)
        policy = shared.settings(model, None).mta_sts
        self.mta_sts = None if policy is None else policy.policy


class _Pattern:
    """A document with places for the domain's name, where there is such a one."""

    __slots__ = ("_format", "_label", "_pieces", "_shared")

    def __init__(self, shared: Shared, client_format: ClientFormat, label: str, *, is_single: bool) -> None:
        self._shared = shared
        self._format = client_format
        self._label = label
        self._pieces = None if is_single else self._find_pieces()

    def write(self, name: str) -> bytes | None:
        """Write a domain's document; None where it has none."""
        if self._pieces is None or len(name) > MAX_PLAIN_NAME:
            return self._rendered(name)
        return name.encode().join(self._pieces)

    def write_for_nginx(self, name: str) -> bytes | None:
        """Write the one that all domains share, which nginx fills in; None where there is no such one."""
        if self._pieces is None or len(name) > MAX_PLAIN_NAME:
            return None
        return _NAME.join(self._pieces)

    def _find_pieces(self) -> list[bytes] | None:
        if _MODEL in self._shared.text:
            return None
        model = self._rendered(_MODEL)
        if model is None:
            return None
        pieces = model.split(_MODEL.encode())
        if any(name.encode().join(pieces) != self._rendered(name) for name in _PROOFS):
            return None
        return pieces

    def _rendered(self, name: str) -> bytes | None:
        request = ClientRequest(host=f"{self._label}.{name}")
        return _body(self._shared, self._format, request, DomainName(name), None)


def _is_for_anybody(shared: Shared, domain: DomainName) -> bool:
    """Tell whether each address is answered with the very document of its domain."""
    provider = shared.found.provider
    if provider.lowercase_login or provider.subaddress_separator is not None:
        return False
    # A user name that is stored as it is could be that of the address.
    names = (server.username for server in shared.settings(domain, None).servers)
    if any(name is not None and _PERSONAL.isdisjoint(placeholders_in(name)) for name in names):
        return False
    asked = ClientRequest(host=domain.ascii, query=f"emailaddress={_LOCAL}@{domain.ascii}")
    plain = ClientRequest(host=domain.ascii)
    return _body(shared, AUTOCONFIG_FORMAT, asked, domain, EmailAddress(_LOCAL, domain)) == _body(
        shared, AUTOCONFIG_FORMAT, plain, domain, None
    )


def _body(
    shared: Shared,
    client_format: ClientFormat,
    request: ClientRequest,
    domain: DomainName,
    address: EmailAddress | None,
) -> bytes | None:
    """Answer as the service does; None for what is no document."""
    reply = client_format.inquire(request).answer((shared.settings(domain, address),))
    return reply.body if reply.status == _OK else None
