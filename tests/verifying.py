"""Verification around an observer that does as it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core.audit import AuditFilter
from app.core.events import SUBSCRIBABLE
from app.core.names import DomainName
from app.core.webhooks import DeliveryFilter
from app.net.address_policy import AddressPolicy
from app.services.assigning import Assigning
from app.services.auditing import Auditing
from app.services.checking import Checking, CheckingPace, Judgement
from app.services.deliveries import DeliveryService
from app.services.domain_checking import DomainChecking
from app.services.publishing import Publishing
from app.services.secret_box import SecretBox
from app.services.verifying import EndpointReading, Verifying
from app.services.webhooks import Destinations, WebhookService, WebhookWish
from app.store.rows import DOMAIN
from sqlalchemy import select

from databases import OPERATOR
from fakes.observer import ScriptedObserver, TestRoots
from pki import NOW

if TYPE_CHECKING:
    from app.core.checks import StoredEndpoint
    from app.core.findings import Finding
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock


PATIENCE = timedelta(seconds=5)


@dataclass
class OwnFindings:
    """Finds of a domain what it is told to."""

    findings: tuple[Finding, ...] = ()

    async def check(self, domain: DomainName) -> tuple[Finding, ...]:
        return self.findings


class Verifier:
    """The services of verification on one store."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        # Within the time of the tests' certificates.
        clock.moment = NOW
        self.observer = ScriptedObserver(clock)
        self.assigning = Assigning(store, clock)
        self.checking = self.another_process()
        self.own = OwnFindings()
        self.domains = DomainChecking(store, clock, self.checking, self.own, PATIENCE)
        self.verifying = Verifying(store, clock, PATIENCE, look_seconds=0.01)
        self.endpoints = EndpointReading(store)

    def another_process(self, observer: ScriptedObserver | None = None, **pace: Any) -> Checking:
        judgement = Judgement(observer=observer or self.observer, trust=TestRoots())
        return Checking(self.store, self.clock, judgement, CheckingPace(**pace))

    async def check(self, checking: Checking | None = None) -> int:
        """Work out what changed and probe what is due, once; return how much was."""
        await self.assigning.catch_up()
        chosen = checking or self.checking
        count = await chosen.start_due()
        await chosen.settle()
        return count

    async def rounds(self, count: int) -> None:
        """Probe again and again, each time when all is due."""
        for _ in range(count):
            await self.check()
            self.clock.advance(days=1, seconds=1)

    async def all(self) -> dict[str, StoredEndpoint]:
        """Return all endpoints by their keys."""
        page = await self.endpoints.page(OPERATOR, limit=500)
        return {one.endpoint.key: one for one in page}


async def subscribe(verifier: Verifier, provider: str | None = None) -> None:
    """Subscribe to all that there is."""
    webhooks = WebhookService(verifier.store, verifier.clock, SecretBox(()), Destinations(AddressPolicy()))
    wish = WebhookWish(
        name="t", url="https://billing.example/", event_types=frozenset(SUBSCRIBABLE), provider=provider
    )
    await webhooks.create(OPERATOR, wish)


async def told(verifier: Verifier) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the events that subscribers hear of, the oldest first."""
    service = DeliveryService(verifier.store, verifier.clock)
    page = await service.page(OPERATOR, DeliveryFilter(), limit=100)
    found = [await service.get(OPERATOR, one.id) for one in page[::-1]]
    return [(one.type.value, one.subject, json.loads(one.document)["data"]) for one in found]


async def told_of_hosts(verifier: Verifier) -> list[tuple[str, str]]:
    """Return the events of verification alone, and whom they are about."""
    found = await told(verifier)
    return [(event, subject) for event, subject, _ in found if event.startswith(("host.", "certificate."))]


async def published(verifier: Verifier, name: str = "customer.example") -> str | None:
    """Return the host name of the first of a domain's servers as clients are given it."""
    settings = await Publishing(verifier.store).preview_as_operator(DomainName(name))
    return settings.servers[0].hostname


async def choices(verifier: Verifier) -> list[str]:
    """Return the names that the audit says were chosen, in the order in which they were."""
    entries = await Auditing(verifier.store).page(OPERATOR, AuditFilter(kind="hostname"), limit=100)
    return [entry.after["published"] for entry in entries[::-1] if entry.after is not None]


async def always() -> bool:
    """Tell that the token of those who follow holds."""
    return True


async def cohort_of(store: Store, name: str) -> int | None:
    """Return the number of a domain's cohort."""
    async with store.engine.connect() as connection:
        found: int | None = (
            await connection.execute(select(DOMAIN.c.cohort_id).where(DOMAIN.c.name == name))
        ).scalar_one()
    return found
