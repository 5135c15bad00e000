"""The outermost application: answers the usual requests for known domains, and passes on all others.

Plain ASGI, one coroutine, and on the way of a hit nothing but look-ups in memory (docs/adr/0020).
"""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import InvalidInput, NotAvailable
from app.core.names import DomainName
from app.services.known_domains import Profile
from app.services.traffic import DOCUMENT, SHORT, outcome_of
from app.serving.bystanders import Bystanders
from app.serving.fitness import MAX_ADDRESS, find_fitness
from app.serving.forms import POX_PATHS, Forms, name_beside
from app.serving.identifiers import RequestIds
from app.serving.refusals import refuse_for_now, refuse_unknown
from app.serving.started import run_to_first_pause
from app.serving.templates import END_OF_FIELDS, ID_FIELD, fields_of, make_template

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    from app.core.durations import Durations
    from app.serving.fitness import Fitness
    from app.serving.forms import Asked, Form
    from app.serving.refusals import Refusal
    from app.serving.templates import Parts, Template
    from app.wiring import Services

    Message: TypeAlias = "MutableMapping[str, Any]"
    Scope: TypeAlias = "MutableMapping[str, Any]"
    Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
    Send: TypeAlias = "Callable[[Message], Awaitable[None]]"
    Application: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"

MAX_POX_BYTES: Final = 2048
_MAX_LOCAL: Final = 64
_MAX_NAMES: Final = 4096
_OK: Final = 200


class _Prepared:
    """A template, and the local parts that it is not for."""

    __slots__ = (
        "fill", "is_cautious", "is_lowering", "is_signed", "literals", "parts", "separator", "status",
        "tally", "template",
    )  # fmt: skip

    def __init__(self, template: Template, fitness: Fitness, tally: Durations, *, is_signed: bool) -> None:
        self.template = template
        self.fill = template.fill
        self.parts = template.parts
        self.literals = fitness.literal_logins
        self.separator = fitness.separator
        self.is_lowering = fitness.is_lowering
        self.is_cautious = bool(self.literals) or self.separator is not None or self.is_lowering
        self.is_signed = is_signed
        self.status = _OK
        self.tally = tally

    def is_for(self, local: bytes) -> bool:
        """Tell whether a local part logs in as it is written, and is nobody's stored user name."""
        if self.separator is not None and self.separator in local:
            return False
        return local not in self.literals and not (self.is_lowering and local != local.lower())


class _Refusing:
    """A refusal in the place of a document."""

    __slots__ = ("fill", "is_signed", "parts", "status", "tally")

    def __init__(self, refusal: Refusal, tally: Durations) -> None:
        self.fill = refusal.fill
        self.parts = refusal.parts
        self.is_signed = False
        self.status = refusal.status
        self.tally = tally


class HotPath:
    """Stands before the ordinary application."""

    def __init__(self, services: Services, *, ordinary: Application, counted: Application) -> None:
        """Take the services, the ordinary application, and the same for requests that are counted already."""
        self._ordinary = ordinary
        self._counted = counted
        self._known = services.known
        self._count = services.rates.count_address
        self._traffic = services.traffic
        self._signer = services.signer
        self._bystanders = Bystanders()
        forms = Forms(services.service_url)
        self._find_reader = forms.find_reader
        self._read_pox = forms.read_pox
        self._next_id = RequestIds().next_one
        self._unknown: dict[Form, _Refusing | None] = {}
        self._overtaxed: dict[Form, _Refusing] = {}
        self._is_name = lru_cache(_MAX_NAMES)(_is_name)

    def answer_at_once(self, scope: Scope, body: bytes) -> tuple[int, Parts] | None:
        """Answer a whole request with what is known.

        Returns:
            The status, and parts of header fields, an empty line, and the document. None for what has to be
            asked for as an application is.
        """
        started = perf_counter()
        method = scope["method"]
        if method == "GET":
            reader = self._find_reader(scope["path"])
            if reader is None:
                return None
            asked = reader(scope)
        elif method == "POST" and scope["path"] in POX_PATHS and len(body) <= MAX_POX_BYTES:
            asked = self._read_pox(body, scope["headers"])
        else:
            return None
        if asked is None:
            return None
        found = self._find(scope, asked)
        if found is None or (found.is_signed and not self._may_sign(started)) or self._is_over_quota(scope):
            return None
        _, local, domain = asked
        if found.is_signed:
            parts = self._sign(found, local, domain)
        else:
            self._bystanders.count += 1
            parts = found.parts(local, domain, self._next_id())
        found.tally.add(perf_counter() - started)
        return found.status, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._ordinary(scope, receive, send)
            return
        started = perf_counter()
        asked, receive = self._read(scope, receive)
        application, found = self._ordinary, None
        if asked is not None:
            found = self._find(scope, asked)
            is_open = found is None and self._is_open(asked)
            if (found is not None or is_open) and self._is_over_quota(scope):
                found, is_open = None, False
            if is_open:
                application = self._counted
                found = await self._look_up(scope, asked)
        if asked is None or found is None:
            await application(scope, receive, send)
            return
        found, lines, content = await self._write(found, asked)
        fields = [*fields_of(lines), (b"x-request-id", self._next_id())]
        await send({"type": "http.response.start", "status": found.status, "headers": fields})
        await send({"type": "http.response.body", "body": content})
        found.tally.add(perf_counter() - started)

    def _read(self, scope: Scope, receive: Receive) -> tuple[Asked | None, Receive]:
        """Read a request, and return what receives it all the same."""
        if scope["method"] == "GET":
            reader = self._find_reader(scope["path"])
            return None if reader is None else reader(scope), receive
        if scope["method"] != "POST" or scope["path"] not in POX_PATHS:
            return None, receive
        receiving = run_to_first_pause(receive)
        body = receiving.whole_body
        asked = None
        if body is not None and len(body) <= MAX_POX_BYTES:
            asked = self._read_pox(body, scope["headers"])
        return asked, receiving.replay

    def _is_over_quota(self, scope: Scope) -> bool:
        """Count a request; one over its quota is not, and the ordinary way refuses it."""
        client = scope["client"]
        return bool(self._count(client[0] if client else None))

    def _find(self, scope: Scope, asked: Asked) -> _Prepared | _Refusing | None:
        """Return what answers a request, if that is known."""
        form, local, domain = asked
        profile = self._known.get(domain)
        if profile is not None:
            return self._prepared(profile, form, local, domain)
        return self._refusing(scope, asked) if self._known.get_absent(domain) is not None else None

    def _is_open(self, asked: Asked) -> bool:
        """Tell whether a look-up may lead to an answer."""
        domain = asked[2]
        return self._known.is_trusted and self._known.get(domain) is None and self._is_name(domain)

    async def _look_up(self, scope: Scope, asked: Asked) -> _Prepared | _Refusing | None:
        form, local, domain = asked
        try:
            known = await self._known.find(domain.decode())
            if isinstance(known, Profile):
                return self._prepared(known, form, local, domain)
            beside = name_beside(scope) if form.asks_host and not known.is_stored else None
            if beside is not None and self._is_name(beside):
                await self._known.find(beside.decode())
        except NotAvailable:
            # Which the ordinary way will find, too, and say in the format's own words.
            return None
        return self._find(scope, asked)

    async def _write(
        self, found: _Prepared | _Refusing, asked: Asked
    ) -> tuple[_Prepared | _Refusing, bytes, bytes]:
        """Write the answer, signed where it is to be; while too many wait for that, what is said instead."""
        form, local, domain = asked
        if not isinstance(found, _Prepared) or not found.is_signed or self._signer is None:
            return found, *found.fill(local, domain)
        template = found.template
        try:
            content = await self._signer.sign(template.body(local, domain))
        except NotAvailable as error:
            refusing = self._overtaxed.get(form)
            if refusing is None:
                refusal = refuse_for_now(form.asking, str(error))
                refusing = self._overtaxed[form] = self._counting(form, refusal)
            return refusing, *refusing.fill(local, domain)
        return found, template.fields(local, domain, content), content

    def _may_sign(self, now: float) -> bool:
        """Tell whether a signature made at once holds up nobody."""
        signer = self._signer
        return (
            signer is not None
            and signer.is_at_hand
            and not self._bystanders.are_many(now, signer.signature_seconds)
        )

    def _sign(self, found: _Prepared | _Refusing, local: bytes, domain: bytes) -> Parts:
        assert isinstance(found, _Prepared), "no refusal is signed"  # noqa: S101
        assert self._signer is not None, "nothing is signed without a certificate"  # noqa: S101
        template = found.template
        content = self._signer.sign_at_once(template.body(local, domain))
        fields = template.fields(local, domain, content)
        return fields, ID_FIELD, self._next_id(), END_OF_FIELDS, content

    def _refusing(self, scope: Scope, asked: Asked) -> _Refusing | None:
        """Return how a domain that is not there is refused; None where the host may help, or is not known."""
        form, local, domain = asked
        absence = self._known.get_absent(domain)
        if absence is None or len(local) > _MAX_LOCAL or len(local) + len(domain) >= MAX_ADDRESS:
            return None
        if form.asks_host and not absence.is_stored and not self._is_helpless(scope, domain):
            return None
        if form not in self._unknown:
            refusal = refuse_unknown(form.asking)
            self._unknown[form] = None if refusal is None else self._counting(form, refusal)
        return self._unknown[form]

    def _is_helpless(self, scope: Scope, domain: bytes) -> bool:
        """Tell whether the host that was asked answers for nobody but its own."""
        beside = name_beside(scope)
        if beside is None:
            return False
        if beside == domain or not self._is_name(beside) or self._known.get_absent(beside) is not None:
            return True
        profile = self._known.get(beside)
        # A domain at its own host was not asked by an address, and is answered for.
        return (
            bool(scope["query_string"]) and profile is not None and not profile.shared.found.domain.serves_mx
        )

    def _counting(self, form: Form, refusal: Refusal) -> _Refusing:
        return _Refusing(refusal, self._traffic.tally(form.name, outcome_of(refusal.status), SHORT))

    def _prepared(self, profile: Profile, form: Form, local: bytes, domain: bytes) -> _Prepared | None:
        prepared = profile.documents.get(form)
        if prepared.__class__ is not _Prepared:
            prepared = self._prepare(profile, form)
            if prepared is None:
                return None
        if len(local) > _MAX_LOCAL or len(local) + len(domain) >= MAX_ADDRESS:
            return None
        if prepared.is_cautious and not prepared.is_for(local):
            return None
        if profile.excepted is not None and local and local.decode().lower() in profile.excepted:
            return None
        return prepared

    def _prepare(self, profile: Profile, form: Form) -> _Prepared | None:
        """Make the template with the second request: of many domains there is no second."""
        documents = profile.documents
        if form not in documents:
            documents[form] = _SEEN
            return None
        if documents[form] is not _SEEN:
            return None
        documents[form] = _UNFIT
        shared = profile.shared
        fitness = find_fitness(shared)
        is_plain = fitness.for_addresses if form.asking.wording.has_address else fitness.for_domains
        template = make_template(shared, form.asking) if is_plain and form.is_fit(fitness) else None
        if template is None:
            return None
        tally = self._traffic.tally(form.name, DOCUMENT, SHORT)
        is_signed = form.is_signable and self._signer is not None
        prepared = _Prepared(template, fitness, tally, is_signed=is_signed)
        documents[form] = prepared
        return prepared


def _is_name(name: bytes) -> bool:
    text = name.decode()
    try:
        return DomainName.parse_text(text) == text
    except InvalidInput:
        return False


_SEEN: Final = object()
_UNFIT: Final = object()
