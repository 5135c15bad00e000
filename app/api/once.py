"""POST requests: answered once under their ``Idempotency-Key``, tried with ``dry_run``."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from app.api.dependencies import DRY_RUN_HEADER, ServicesDependency, WriterDependency
from app.api.schemas.shapes import Shape
from app.services.callers import Caller
from app.services.idempotency import Answer, Claim, OnceService

REPLAYED_HEADER: Final = "Idempotency-Replayed"
_JSON: Final = "application/json"

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="A name for this request, such as a UUID. For 24 hours the same request with the "
        "same key is not done again but answered as it was; another request is refused with 409. "
        "What was refused may be sent again.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]


@dataclass(frozen=True, slots=True)
class Post:
    """A POST request's caller, and its key if it has one."""

    caller: Caller
    claim: Claim | None
    _once: OnceService

    async def answer(self, work: Callable[[Caller], Awaitable[Answer]]) -> Response:
        """Do the work for a caller, at most once for a key, and write its answer."""
        # A trial changes nothing, so there is nothing that could be done twice.
        if self.claim is None or self.caller.call.dry_run:
            answer = await work(self.caller)
        else:
            answer = await self._once.once(self.caller, self.claim, work)
        return self._response(answer)

    async def find_kept(self) -> Response | None:
        """Return the answer that its key got before; None where the work is still to be done."""
        if self.claim is None or self.caller.call.dry_run:
            return None
        answer = await self._once.find(self.caller, self.claim)
        return None if answer is None else self._response(answer)

    def _response(self, answer: Answer) -> Response:
        headers = dict(answer.headers)
        if answer.is_replayed:
            headers[REPLAYED_HEADER] = "true"
        if self.caller.call.dry_run:
            headers[DRY_RUN_HEADER] = "true"
        return Response(answer.body, answer.status, headers, _JSON)


async def _post(
    request: Request, services: ServicesDependency, caller: WriterDependency, key: KeyHeader = None
) -> Post:
    claim = None
    if key is not None:
        claim = Claim(key.strip('"'), _digest(request, await request.body()))
    return Post(caller, claim, services.once)


PostDependency = Annotated[Post, Depends(_post)]


def _digest(request: Request, body: bytes) -> str:
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.scope["query_string"], body):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def json_answer(
    status: int, shape: Shape, *, version: int | None = None, location: str | None = None
) -> Answer:
    """Build an answer of a resource, with its version and place."""
    headers = {}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location is not None:
        headers["Location"] = location
    return Answer(status=status, headers=headers, body=shape.model_dump_json())
