"""Talks once with an address: whatever the far side does is an observation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.observations import Failure
from app.net.failures import ConversationError
from app.verification.probe import Sight
from app.verification.probes import find_probes

if TYPE_CHECKING:
    from app.core.observations import AddressObservation
    from app.net.tls import TlsPolicy
    from app.verification.probe import Contact


async def converse(contact: Contact) -> AddressObservation:
    """Talk once; the time runs from when the connection's turn has come."""
    sight, failure = Sight(), None
    try:
        await find_probes()[contact.endpoint.protocol].ask(contact, sight)
    except ConversationError as error:
        if error.stage is not None:
            # Another got so far, and this one would get no further.
            sight.stage = error.stage
        failure = Failure(stage=sight.stage, reason=error.reason, detail=error.detail)
    return sight.observation(contact.address, failure)


def with_policy(contact: Contact, policy: TlsPolicy) -> Contact:
    """Return the contact as it is with other TLS versions offered."""
    return replace(contact, handshake=replace(contact.handshake, policy=policy))
