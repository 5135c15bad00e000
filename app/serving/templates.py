"""Documents with their places marked, made from the renderers' own output and proved on it.

A request is answered the ordinary way for an address that nobody has. Where that address, or what the
format derives from it, stands in the reply, is a place. The template is used only if it comes out the same
as the renderer for further addresses, which differ in length, letters, case and labels; of accounts whose
documents could depend on an address in another way than by holding it, ``fitness`` makes none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter, mul
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from app.core.documents import NO_MOMENT, ClientRequest
from app.core.names import DomainName, EmailAddress
from app.core.replies import ENTITY_TAG, entity_tag, reply_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from app.core.documents import ClientFormat, Question, Reply
    from app.services.known_domains import Shared

    Filler: TypeAlias = "Callable[[bytes, bytes], bytes]"
    Parts: TypeAlias = "tuple[bytes, ...]"
    PartsFiller: TypeAlias = "Callable[[bytes, bytes, bytes], Parts]"
    Header: TypeAlias = "tuple[bytes, bytes]"

ID_FIELD: Final = b"x-request-id: "
END_OF_FIELDS: Final = b"\r\n\r\n"
_SOME_ID: Final = b"0-0"
_OK: Final = 200
_LOCAL, _DOMAIN, _ADDRESS = range(3)
MODEL: Final = ("qx7v0kz", "qz4k.wj8f.example")
PROOFS: Final = (
    ("b", "a1.test"),
    ("Jo.Doe-9_x", "a-b.c9.xn--bcher-kva.example"),
    ("info.abcdefghijklmnopqrstuvwxyz.0123456789", f"{'w' * 60}.{'x' * 12}.example"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a request of a client says, with ``{local}`` and ``{domain}`` where these stand."""

    method: str = "GET"
    host: str = ""
    query: str = ""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    has_address: bool = True
    """Whether it is for an address, and not for a domain."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a client asks for a document."""

    client_format: ClientFormat
    wording: Wording
    service_url: str

    def request(self, local: str, domain: str, number: int) -> ClientRequest:
        """Write the request; what no document may depend on is another for each number."""
        wording = self.wording

        def filled(text: str) -> str:
            return text.replace("{local}", local).replace("{domain}", domain)

        noise = {"accept-language": ("de", "fr", "pl", "es")[number], "user-agent": f"client {number}"}
        return ClientRequest(
            method=wording.method,
            scheme=("http", "https")[number % 2],
            host=filled(wording.host) or f"host{number}.example",
            query=filled(wording.query),
            path_parameters={name: filled(text) for name, text in wording.path_parameters.items()},
            headers={**noise, **wording.headers},
            body=filled(wording.body).encode(),
            service_url=self.service_url,
            received_at=NO_MOMENT + timedelta(hours=number, seconds=number),
        )


class Template:
    """A reply that is filled in."""

    __slots__ = ("_fields", "_is_tagged", "_moving", "_tail", "_whole", "body")

    def __init__(self, reply: Reply, method: str, places: Places) -> None:
        """Take the reply to a model request, and how what is the request's is found in it."""
        fields = b"".join(b"%b: %b\r\n" % named for named in _header(reply, method))
        self._moving = places.filler(fields) if fields in places else None
        self._fields = fields
        self._is_tagged = reply.max_age_seconds is not None
        media_type = reply.media_type.encode("latin-1").replace(b"%", b"%%")
        tail = b"content-type: %b\r\ncontent-length: " % media_type
        tag = b"etag: " + ENTITY_TAG + b"\r\n" if self._is_tagged else b""
        self._tail = tag + tail + b"%d\r\n"
        self.body = places.filler(reply.body)
        # What no field tells of but its length can be written together with the fields.
        untagged = (fields, self._tail, reply.body)
        self._whole = None if self._is_tagged else places.whole_filler(*untagged)

    def fill(self, local: bytes, domain: bytes) -> tuple[bytes, bytes]:
        """Write the reply: its header fields in their order, each with its end of line, and the body."""
        body = self.body(local, domain)
        return self.fields(local, domain, body), body

    def parts(self, local: bytes, domain: bytes, request_id: bytes) -> Parts:
        """Write all of the reply behind its status, in parts: joining them is the one time it is copied."""
        if self._whole is not None:
            return self._whole(local, domain, request_id)
        body = self.body(local, domain)
        return self.fields(local, domain, body), ID_FIELD, request_id, END_OF_FIELDS, body

    def fields(self, local: bytes, domain: bytes, body: bytes) -> bytes:
        """Write the header fields of a reply with this body."""
        fields = self._fields if self._moving is None else self._moving(local, domain)
        if self._is_tagged:
            return fields + self._tail % (crc32(body), len(body), len(body))
        return fields + self._tail % len(body)


class Places:
    """Finds in a model's reply what is its request's, and writes what is another's there."""

    def __init__(self, shared: Shared, asking: Asking, model: tuple[str, str]) -> None:
        """Take what the reply is made of."""
        local, domain = model
        mailbox = (f"{local.lower()}@{domain}".encode(), domain.encode())
        derived = asking.client_format.derived if local else ()
        self._derivations = [prepare(shared.found.provider.slug) for prepare in derived]
        marks = {derive(*mailbox): at for at, derive in enumerate(self._derivations, _ADDRESS + 1)}
        if local:
            marks[local.encode()] = _LOCAL
        if shared.own is None:
            marks[domain.encode()] = _DOMAIN
            if local:
                marks[f"{local}@{domain}".encode()] = _ADDRESS
        self._marks = marks
        longest_first = sorted(marks, key=len, reverse=True)
        self._pattern = re.compile(
            b"(" + b"|".join(map(re.escape, longest_first)) + b")" if marks else rb"(?!)"
        )

    def __contains__(self, content: bytes) -> bool:
        """Tell whether there are places in a text."""
        return self._pattern.search(content) is not None

    def filler(self, content: bytes) -> Filler:
        """Return what writes the text for a local part and a domain."""
        pieces, places = self._split(content)
        kinds = set(places)
        if not kinds:
            return lambda _local, _domain: content
        if kinds == {_DOMAIN}:
            return lambda _local, domain: domain.join(pieces)
        if kinds == {_LOCAL}:
            return lambda local, _domain: local.join(pieces)
        if kinds == {_ADDRESS}:
            return lambda local, domain: (local + b"@" + domain).join(pieces)
        values, numbers = self._values(places)
        pick = _in_turns(pieces, [numbers[place] for place in places], len(numbers))
        constant = tuple(pieces)
        return lambda local, domain: b"".join(pick(values(local, domain) + constant))

    def whole_filler(self, fields: bytes, tail: bytes, body: bytes) -> PartsFiller:
        """Return what writes fields, with a body's length in the last of them, and the body, in parts."""
        first, _, last = tail.replace(b"%%", b"%").rpartition(b"%d")
        head, head_places = self._split(fields + first)
        pieces, places = self._split(body)
        values, numbers = self._values([*head_places, *places])
        # Behind the values come the length and the request's name.
        length_at, id_at, count = len(numbers), len(numbers) + 1, len(numbers) + 2
        constant = (*head, last + ID_FIELD, END_OF_FIELDS + pieces[0], *pieces[1:])
        at = [numbers[place] for place in (*head_places, *places)]
        at[len(head_places) : len(head_places)] = [length_at, id_at]
        pick = _in_turns(constant, at, count)
        fixed = sum(map(len, pieces))
        counts = [places.count(place) for place in numbers]

        def fill(local: bytes, domain: bytes, request_id: bytes) -> Parts:
            found = values(local, domain)
            length = sum(map(mul, counts, map(len, found)), fixed)
            parts: Parts = pick((*found, b"%d" % length, request_id, *constant))
            return parts

        return fill

    def _split(self, content: bytes) -> tuple[list[bytes], list[int]]:
        parts = self._pattern.split(content)
        return parts[::2], [self._marks[mark] for mark in parts[1::2]]

    def _values(self, places: list[int]) -> tuple[Callable[[bytes, bytes], Parts], dict[int, int]]:
        """Return what finds all that can stand in these places, and where among that each of them is."""
        used = sorted({place for place in places if place > _ADDRESS})
        derivations = [self._derivations[place - _ADDRESS - 1] for place in used]
        numbers = {place: at for at, place in enumerate((_LOCAL, _DOMAIN, _ADDRESS, *used))}

        def find(local: bytes, domain: bytes) -> Parts:
            address = local + b"@" + domain
            if not derivations:
                return local, domain, address
            mailbox = address.lower()
            return local, domain, address, *[derive(mailbox, domain) for derive in derivations]

        return find, numbers


def _in_turns(constant: Sequence[bytes], places: list[int], values: int) -> Callable[[Parts], Parts]:
    """Return what puts values between constants, of a tuple in which these come behind those."""
    order = [at for pair in zip(range(values, values + len(places)), places, strict=True) for at in pair]
    pick: Any = itemgetter(*order, values + len(constant) - 1)
    return pick  # type: ignore[no-any-return]


def make_template(shared: Shared, asking: Asking) -> Template | None:
    """Make a template for what domains have in common; None where none could be proved right."""
    if any(word in shared.text for word in MODEL):
        return None
    model = _for(shared, asking, *MODEL)
    reply = _reply(shared, asking, model, 0)
    if reply is None:
        return None
    template = Template(reply, asking.wording.method, Places(shared, asking, model))
    for number, words in enumerate(PROOFS, 1):
        proof = _for(shared, asking, *words)
        expected = _reply(shared, asking, proof, number)
        if expected is None:
            return None
        if not _is_right(template, proof, ordinary_answer(expected, asking.wording.method)):
            return None
    return template


def _is_right(template: Template, proof: tuple[str, str], expected: tuple[bytes, bytes]) -> bool:
    local, domain = (word.encode() for word in proof)
    fields, body = expected
    whole = b"".join((fields, ID_FIELD, _SOME_ID, END_OF_FIELDS, body))
    return (
        template.fill(local, domain) == expected
        and b"".join(template.parts(local, domain, _SOME_ID)) == whole
    )


def _for(shared: Shared, asking: Asking, local: str, domain: str) -> tuple[str, str]:
    """Return such a request's local part and domain as may be asked for the short way."""
    provider = shared.found.provider
    if provider.lowercase_login:
        local = local.lower()
    if provider.subaddress_separator is not None:
        local = local.replace(provider.subaddress_separator, "x")
    own = domain if shared.own is None else shared.own.ascii
    return (local if asking.wording.has_address else "", own)


def _reply(shared: Shared, asking: Asking, model: tuple[str, str], number: int) -> Reply | None:
    """Answer the ordinary way; None for what is no document, or not of the one domain alone."""
    local, domain = model
    inquiry = asking.client_format.inquire(asking.request(local, domain, number))
    name = DomainName(domain)
    address = EmailAddress(local, name) if local else None
    if len(inquiry.questions) != 1 or not _asks_for(inquiry.questions[0], name, address):
        return None
    reply = inquiry.answer((shared.settings(name, address),))
    return reply if reply.status == _OK else None


def _asks_for(question: Question, domain: DomainName, address: EmailAddress | None) -> bool:
    return question.domains[:1] == (domain,) and question.address == address


def _header(reply: Reply, method: str) -> list[Header]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in reply_fields(reply, method).items()
    ]


def ordinary_answer(reply: Reply, method: str) -> tuple[bytes, bytes]:
    """Write a reply as the ordinary routes do."""
    fields = _header(reply, method)
    if reply.status == _OK and reply.max_age_seconds is not None:
        fields.append((b"etag", entity_tag(reply.body)))
    fields.append((b"content-type", reply.media_type.encode("latin-1")))
    fields.append((b"content-length", str(len(reply.body)).encode()))
    return b"".join(b"%b: %b\r\n" % named for named in fields), reply.body


def fields_of(lines: bytes) -> list[Header]:
    """Take lines of header fields apart again, for servers that want them one by one."""
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines.splitlines())]
