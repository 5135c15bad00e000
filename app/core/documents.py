"""The contract of a client format: what clients send, what is asked of the store, what goes back.

A format is pure. ``inquire`` reads a request and says whose settings are wanted; the caller looks them
up and hands them to ``Inquiry.answer``, which writes the reply. What an ordinary format of one document
needs is in ``app.core.replies``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from app.core.account import AccountSettings, Omission
    from app.core.names import DomainName, EmailAddress

    Derivation: TypeAlias = "Callable[[bytes, bytes], bytes]"
    """Takes a mailbox, its local part in lower case, and its domain."""

DEFAULT_SERVICE_URL: Final = "https://signpost.example"
NO_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the time of a request that nobody sent, as in a preview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What a document may depend on beside the account."""

    service_url: str = DEFAULT_SERVICE_URL
    """The service's own address, without a slash at the end."""
    languages: tuple[str, ...] = ()
    """Language tags that the reader prefers, the best first; none when nothing is known."""
    person: str | None = None
    """The name of the mailbox's owner, where the request says it."""
    asked_host: str | None = None
    """The host name that was asked, where a document may lead to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequest:
    """What a client sent, as far as formats look at it."""

    method: str = "GET"
    scheme: str = "https"
    """``http`` or ``https``, as the client spoke; a trusted proxy's word counts."""
    host: str | None = None
    """The host that the client asked, with or without a port."""
    query: str = ""
    """The raw query string, still percent-encoded."""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; of equal names the last."""
    body: bytes = b""
    service_url: str = DEFAULT_SERVICE_URL
    """The service's own address, without a slash at the end."""
    received_at: datetime = NO_MOMENT
    """When it came, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose settings a client wants."""

    address: EmailAddress | None = None
    domains: tuple[DomainName, ...] = ()
    """Where to look, most likely first. With an address it is the address's domain alone."""
    mail_exchanger: DomainName | None = None
    """A domain that may answer for the others' mail exchanger, should none of them be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A rendered document, and what was left out of it."""

    body: bytes
    media_type: str
    omissions: tuple[Omission, ...] = ()
    is_usable: bool = True
    """False where it says nothing; clients are told that there is none instead, and look elsewhere."""
    filename: str | None = None
    """The name under which it is saved, for formats that are downloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a client gets."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    max_age_seconds: int | None = None
    """How long it may be kept; None forbids it."""
    is_personal: bool = False
    """Whether it is for one address, so that shared caches must not keep it."""
    is_signable: bool = False
    """Whether it is to be signed where a certificate is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Whose settings are needed, and how they become the reply."""

    questions: tuple[Question, ...] = ()
    answer: Callable[[tuple[AccountSettings | None, ...]], Reply]
    """Takes one result for each question: None where no domain is known and active. Never raises."""


ADDRESS_RULES: Final[Mapping[str, object]] = {"format": "idn-email"}
NAME_RULES: Final[Mapping[str, object]] = {"format": "idn-hostname"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that a client may say in a path or a query string."""

    name: str
    description: str
    example: str
    in_path: bool = False
    is_needed: bool = False
    """Whether a request without it is refused."""
    rules: Mapping[str, object] = field(default_factory=dict)
    """What JSON Schema can say of it, for the API's documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where clients look for a format."""

    path: str
    """A path with ``{parameters}``, as routers write it."""
    summary: str
    """One line for the API's documentation."""
    parameters: tuple[Parameter, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    """HEAD comes with GET."""
    is_any_case: bool = False
    """Whether the path's letters count in any case, as on Microsoft's servers."""
    max_body_bytes: int = 0
    """The largest body that is read; larger ones are refused unread."""
    request_media_type: str | None = None
    """The type of the body, for the API's documentation; clients may send any."""
    statuses: Mapping[int, str] = field(default_factory=dict)
    """Further statuses of the replies and what they mean, for the API's documentation."""
    document_statuses: frozenset[int] = frozenset()
    """Those of ``statuses`` whose replies have the format's own media type, and not a line of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFormat:
    """One kind of document: where it is asked for, how, and how it is rendered."""

    name: str
    title: str
    media_type: str
    file_extension: str
    """Of a saved document, without the dot."""
    endpoints: tuple[Endpoint, ...]
    inquire: Callable[[ClientRequest], Inquiry]
    """Read a request. Never raises: what cannot be read is an inquiry without questions."""
    render: Callable[[AccountSettings, Presentation], Document]
    """Write the document; total, never raises."""
    lists_domains: bool = False
    """Whether it may name the provider's other domains, which cost a look-up."""
    not_available: Callable[[ClientRequest], Reply] | None = None
    """Builds the reply while the database does not answer, status 503; None for a line of text."""
    needs_address: bool = False
    """Whether it is for one mailbox, so that a domain alone gets none."""
    is_signable: bool = False
    """Whether its document is to be signed where a certificate is configured."""
    derived: tuple[Callable[[str], Derivation], ...] = ()
    """What the document says of an address other than the address and its parts: each takes the provider's
    slug, and returns what makes it of a mailbox."""
    stamp: Callable[[datetime], str] | None = None
    """How refusals say when the request came; None where they do not."""
