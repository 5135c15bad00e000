"""The contract of a probe: what it is given, what it fills in, and how it is found.

A probe is one module in ``app.verification.probes`` with a ``PROBE``; nothing lists them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.endpoints import Protocol
from app.core.observations import AddressObservation, FailureReason, Stage
from app.net.failures import ConversationError
from app.net.silences import Visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

    from app.core.endpoints import Endpoint
    from app.core.observations import Capabilities, Failure, HttpAnswer, TlsSession
    from app.net.address_policy import Address
    from app.net.dialer import Dialer
    from app.net.pacing import Pacing
    from app.net.resolver import Resolver
    from app.net.streams import Handshake, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One address of an endpoint, and the means to talk to it."""

    endpoint: Endpoint
    address: Address
    dialer: Dialer
    resolver: Resolver
    """For the hosts to which the endpoint's own answer leads."""
    own_name: str
    """What to give where a name is asked for, such as in EHLO."""
    handshake: Handshake
    pacing: Pacing
    since: float
    """When looking at the endpoint began, on the loop's clock; what others found since holds here too."""
    until: float
    """When waiting for a turn is over."""
    is_brief: bool = False
    """Whether nothing is of interest but the handshake."""
    injects: bool = False
    """Whether to see if a server takes, in TLS, what was sent before it."""

    @asynccontextmanager
    async def connect(self, sight: Sight) -> AsyncIterator[Stream]:
        """Open a connection to the address, when that is not too often; raises ``ConversationError``.

        Where another that began alike was given no greeting or no handshake meanwhile, that is the outcome.
        """
        key = self.endpoint.place, self.address
        # Hosts of mail ban who comes often and does not log in; web servers are used to visitors.
        is_paced = self.endpoint.protocol is not Protocol.HTTP

        def begin() -> None:
            if is_paced:
                self.pacing.note(key)
            sight.begin()

        if is_paced:
            await self._wait_for_pace(key)
        visit = self.visit(self.endpoint.socket_type, lambda: sight.stage)
        async with self.dialer.connection(
            self.address, self.endpoint.port, on_turn=begin, visit=visit
        ) as stream:
            yield stream

    def visit(self, transport: str, stage: Callable[[], Stage]) -> Visit:
        """Return what a connection is wanted for.

        Args:
            transport: How it begins: with TLS, or without.
            stage: Tells how far it got.
        """
        handshake = self.handshake
        is_named = handshake.server_name is not None
        # All that a host may be silent to where it talks to others.
        kind = (self.endpoint.protocol, transport, handshake.policy, is_named, self.injects)
        return Visit(kind=kind, since=self.since, until=self.until, stage=stage)

    async def _wait_for_pace(self, key: Hashable) -> None:
        try:
            async with asyncio.timeout_at(self.until):
                await self.pacing.wait(key)
        except TimeoutError:
            raise ConversationError(FailureReason.NO_TIME, "it was called on too often") from None


@dataclass(slots=True)
class Sight:
    """What was seen so far: filled in step by step, so that a failure hides nothing that was before it."""

    stage: Stage = Stage.CONNECT
    """The last one that was begun."""
    greeting: str = ""
    is_preauthenticated: bool = False
    before_tls: Capabilities | None = None
    in_tls: Capabilities | None = None
    tls: TlsSession | None = None
    takes_injected: bool | None = None
    http: HttpAnswer | None = None
    _began: float | None = None

    def begin(self) -> None:
        """Start to count the time: the turn has come, whatever the wait for it was."""
        self._began = time.monotonic()

    def observation(self, address: Address, failure: Failure | None = None) -> AddressObservation:
        """Return it as a fact."""
        return AddressObservation(
            address=address,
            reached=self.stage,
            failure=failure,
            greeting=self.greeting,
            is_preauthenticated=self.is_preauthenticated,
            before_tls=self.before_tls,
            in_tls=self.in_tls,
            tls=self.tls,
            takes_injected=self.takes_injected,
            http=self.http,
            seconds=0.0 if self._began is None else time.monotonic() - self._began,
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """How to talk to what speaks a protocol."""

    protocol: Protocol
    ask: Callable[[Contact, Sight], Awaitable[None]]
    """Talks once, and fills in what it sees; raises ``ConversationError`` where that cannot go on."""
