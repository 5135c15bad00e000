"""The contract of a probe: what it is given, what it fills in, and how it is found.

A probe is one module in ``app.verification.probes`` with a ``PROBE``; nothing lists them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.observations import AddressObservation, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from app.core.endpoints import Endpoint, Protocol
    from app.core.observations import Capabilities, Failure, HttpAnswer, TlsSession
    from app.net.address_policy import Address
    from app.net.dialer import Dialer
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
    is_brief: bool = False
    """Whether nothing is of interest but the handshake."""

    def connect(self, sight: Sight) -> AbstractAsyncContextManager[Stream]:
        """Open a connection to the address; raises ``ConversationError``."""
        return self.dialer.connection(self.address, self.endpoint.port, on_turn=sight.begin)


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
            http=self.http,
            seconds=0.0 if self._began is None else time.monotonic() - self._began,
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """How to talk to what speaks a protocol."""

    protocol: Protocol
    ask: Callable[[Contact, Sight], Awaitable[None]]
    """Talks once, and fills in what it sees; raises ``ConversationError`` where that cannot go on."""
