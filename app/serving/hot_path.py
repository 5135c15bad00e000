"""The outermost application: answers the usual requests for known domains, and passes on all others.

Plain ASGI, one coroutine, and on the way of a hit nothing but look-ups in memory (docs/adr/0020).
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import NotAvailable
from app.services.known_domains import Profile
from app.services.traffic import DOCUMENT, SHORT, Tally
from app.serving.fitness import MAX_ADDRESS, find_fitness
from app.serving.forms import POX_PATHS, Forms
from app.serving.identifiers import RequestIds
from app.serving.started import run_to_first_pause
from app.serving.templates import fields_of, make_template

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    from app.serving.fitness import Fitness
    from app.serving.forms import Asked, Form
    from app.serving.templates import Template
    from app.wiring import Services

    Message: TypeAlias = "MutableMapping[str, Any]"
    Scope: TypeAlias = "MutableMapping[str, Any]"
    Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
    Send: TypeAlias = "Callable[[Message], Awaitable[None]]"
    Application: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"

MAX_POX_BYTES: Final = 2048
_MAX_LOCAL: Final = 64


class _Prepared:
    """A template, and the local parts that it is not for."""

    __slots__ = ("fill", "is_cautious", "is_lowering", "literals", "separator", "tally")

    def __init__(self, template: Template, fitness: Fitness, tally: Tally) -> None:
        self.fill = template.fill
        self.literals = fitness.literal_logins
        self.separator = fitness.separator
        self.is_lowering = fitness.is_lowering
        self.is_cautious = bool(self.literals) or self.separator is not None or self.is_lowering
        self.tally = tally

    def is_for(self, local: bytes) -> bool:
        """Tell whether a local part logs in as it is written, and is nobody's stored user name."""
        if self.separator is not None and self.separator in local:
            return False
        return local not in self.literals and not (self.is_lowering and local != local.lower())


class HotPath:
    """Stands before the ordinary application."""

    def __init__(self, services: Services, *, ordinary: Application, counted: Application) -> None:
        """Take the services, the ordinary application, and the same for requests that are counted already."""
        self._ordinary = ordinary
        self._counted = counted
        self._known = services.known
        self._count = services.rates.count_address
        self._traffic = services.traffic
        forms = Forms(services.service_url, is_signing=services.signer is not None)
        self._find_reader = forms.find_reader
        self._read_pox = forms.read_pox
        self._next_id = RequestIds().next_one

    def answer_at_once(self, scope: Scope, body: bytes) -> bytes | None:
        """Answer a whole request with what is known: header fields, an empty line, and the document.

        Returns:
            None for what has to be asked for as an application is.
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
        form, local, domain = asked
        profile = self._known.get(domain)
        if profile is None:
            return None
        prepared = self._prepared(profile, form, local, domain)
        if prepared is None or self._is_over_quota(scope):
            return None
        fields, content = prepared.fill(local, domain)
        prepared.tally.add(perf_counter() - started)
        return b"%bx-request-id: %b\r\n\r\n%b" % (fields, self._next_id(), content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._ordinary(scope, receive, send)
            return
        started = perf_counter()
        asked, receive = self._read(scope, receive)
        application, prepared = self._ordinary, None
        local = domain = b""
        if asked is not None:
            form, local, domain = asked
            profile = self._known.get(domain)
            if profile is not None:
                prepared = self._prepared(profile, form, local, domain)
                if prepared is not None and self._is_over_quota(scope):
                    prepared = None
            elif self._known.is_trusted and not self._is_over_quota(scope):
                application = self._counted
                prepared = await self._look_up(form, local, domain)
        if prepared is None:
            await application(scope, receive, send)
            return
        lines, content = prepared.fill(local, domain)
        fields = [*fields_of(lines), (b"x-request-id", self._next_id())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": content})
        prepared.tally.add(perf_counter() - started)

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

    async def _look_up(self, form: Form, local: bytes, domain: bytes) -> _Prepared | None:
        try:
            known = await self._known.find(domain.decode())
        except NotAvailable:
            # Which the ordinary way will find, too, and say in the format's own words.
            return None
        return self._prepared(known, form, local, domain) if isinstance(known, Profile) else None

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
        prepared = _Prepared(template, fitness, self._traffic.tally(form.name, DOCUMENT, SHORT))
        documents[form] = prepared
        return prepared


_SEEN: Final = object()
_UNFIT: Final = object()
