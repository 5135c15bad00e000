"""Sends what is in the outbox, at least once each; any number of processes may do so together.

A process takes what is due under a lease, sends it while the lease lasts, and writes down how that ended.
One that is killed leaves its leases behind; when they end, another process sends the same again, with
the same ``webhook-id``.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from app import __version__
from app.core.errors import AppError
from app.core.events import EventType
from app.core.retrying import parse_retry_after, rest_after, retry_wait
from app.core.webhook_signing import signing_headers
from app.core.webhooks import DISABLED_AFTER, Attempt, DeliveryState
from app.net.posting import Posted
from app.services.callers import DELIVERY
from app.services.changes import Changes
from app.services.work_loop import LoopPace, WorkLoop
from app.store.change_watching import Reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.core.webhooks import LeasedDelivery, Webhook
    from app.net.posting import Poster
    from app.services.changes import Change
    from app.services.secret_box import SecretBox
    from app.store.unit_of_work import Store

_GONE: Final = 410
_MAX_ERROR: Final = 200

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace(LoopPace):
    """How much is sent at once."""

    at_once: int = 32
    """How many requests are under way at the most."""
    at_once_each: int = 8
    """And how many to one subscription, so that a slow receiver does not take all of them."""
    attempt_seconds: float = 15.0
    """How long an attempt may take."""

    @property
    def lease(self) -> timedelta:
        """How long a delivery is kept for this process: an attempt, and time to write down how it ended."""
        return timedelta(seconds=self.attempt_seconds * 2 + 5)


class Delivering:
    """The loop that sends."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        poster: Poster,
        box: SecretBox,
        pace: Pace | None = None,
    ) -> None:
        """Take the database, the time, what posts, what opens secrets, and how much to do at once."""
        self._store = store
        self._clock = clock
        self._poster = poster
        self._box = box
        self._pace = pace or Pace()
        self._changes = Changes(store, clock)
        self._loop = WorkLoop("webhooks", self._pace)
        self.attempts = {"taken": 0, "refused": 0, "unreachable": 0}
        """How many attempts of this process came to what: refused is an answer that is no success."""

    @property
    def under_way(self) -> int:
        """How many deliveries this process is sending."""
        return self._loop.size

    async def run(self) -> None:
        """Send until cancelled; then wait a little for what is under way."""
        await self._loop.run(self.start_due)

    async def start_due(self) -> int:
        """Take what is due, as much as there is room for, and start sending it; return how much.

        Raises:
            NotAvailable: When the database does not answer.
        """
        now = self._clock()
        room = self._pace.at_once - self._loop.size
        if room <= 0:
            return 0
        # Read first: a look that finds nothing must not make writers wait.
        async with self._store.reading() as unit:
            due = await unit.deliveries.due_webhooks(now)
        busy = self._loop.busy()
        limits = {webhook_id: self._pace.at_once_each - busy[webhook_id] for webhook_id in due}
        open_ones = [webhook_id for webhook_id, limit in limits.items() if limit > 0]
        if not open_ones:
            return 0
        random.shuffle(open_ones)
        taken: list[LeasedDelivery] = []
        until = now + self._pace.lease
        async with self._store.writing(reach=Reach.NOTHING) as unit:
            for webhook_id in open_ones:
                limit = min(limits[webhook_id], room - len(taken))
                if limit > 0:
                    lease = secrets.token_hex(16)
                    taken += await unit.deliveries.lease(webhook_id, lease, now, until, limit)
        for delivery in taken:
            self._loop.begin(self._deliver(delivery, until), delivery.webhook_id)
        return len(taken)

    async def settle(self) -> None:
        """Wait for what is under way."""
        await self._loop.settle()

    async def _deliver(self, delivery: LeasedDelivery, until: datetime) -> None:
        try:
            # On a machine that hardly gets to it the lease may be over before the attempt.
            if self._clock() + timedelta(seconds=self._pace.attempt_seconds) >= until:
                return
            posted = await self._post(delivery)
            self.attempts[_outcome(posted)] += 1
            await self._write_down(delivery, posted)
        except AppError as error:
            # It is sent again when the lease is over.
            _log.warning("webhook_outcome_lost", delivery=delivery.id, reason=str(error))
        except Exception:  # noqa: BLE001 - as above
            _log.exception("webhook_failed", delivery=delivery.id)

    async def _post(self, delivery: LeasedDelivery) -> Posted:
        now = self._clock()
        found = [self._box.find(sealed) for sealed in _sealed_secrets(delivery.webhook, now)]
        signing = [secret for secret in found if secret is not None]
        if not signing:
            detail = "has a secret that no key in SIGNPOST_SECRET_KEYS opens; rotate it"
            return Posted(detail=detail)
        body = delivery.document.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Signpost/{__version__}",
            **signing_headers(signing, delivery.event_id, int(now.timestamp()), body),
        }
        return await self._poster.post(delivery.webhook.url, headers, body)

    async def _write_down(self, delivery: LeasedDelivery, posted: Posted) -> None:
        async with self._changes.making(DELIVERY) as change:
            if not await change.unit.deliveries.is_leased(delivery):
                return
            # The subscription first, in the order in which its removal locks them too.
            if posted.is_success:
                await change.unit.webhooks.note_success(delivery.webhook_id)
            elif delivery.type is not EventType.PING:
                await self._note_failure(change, delivery, posted)
            await change.unit.deliveries.finish(delivery, _judged(delivery, posted, change.now))
        if not posted.is_success:
            _log.info(
                "webhook_not_taken",
                webhook=delivery.webhook.public_id,
                delivery=delivery.id,
                attempts=delivery.attempts + 1,
                receiver=posted.detail,
            )

    async def _note_failure(self, change: Change, delivery: LeasedDelivery, posted: Posted) -> None:
        unit, now = change.unit, change.now
        health = await unit.webhooks.health(delivery.webhook_id)
        assert health is not None, "the delivery's foreign key holds it"  # noqa: S101
        asked = parse_retry_after(posted.retry_after, now)
        failed = replace(health, failures=health.failures + 1, failing_since=health.failing_since or now)
        await unit.webhooks.note_failure(delivery.webhook_id, now, rest_after(failed.failures, asked))
        if posted.status == _GONE:
            reason = "the receiver answered 410 (gone)"
        elif failed.is_given_up(now):
            reason = f"nothing was taken for {DISABLED_AFTER.days} days; the receiver {posted.detail}"
        else:
            return
        await self._disable(change, delivery.webhook.public_id, reason[:_MAX_ERROR])

    async def _disable(self, change: Change, public_id: str, reason: str) -> None:
        stored = await change.unit.webhooks.find(public_id)
        if stored is None or not stored.value.is_active:
            return
        disabled = replace(stored.value, is_active=False, disabled_reason=reason)
        changed = await change.unit.webhooks.replace(stored, disabled, change.now)
        change.note("webhook.disable", stored, changed)
        _log.warning("webhook_disabled", webhook=public_id, reason=reason)


def _outcome(posted: Posted) -> str:
    if posted.is_success:
        return "taken"
    return "unreachable" if posted.status is None else "refused"


def _sealed_secrets(webhook: Webhook, now: datetime) -> list[str]:
    overlaps = webhook.previous_ends_at is not None and now < webhook.previous_ends_at
    if overlaps and webhook.previous_secret is not None:
        return [webhook.secret, webhook.previous_secret]
    return [webhook.secret]


def _judged(delivery: LeasedDelivery, posted: Posted, now: datetime) -> Attempt:
    if posted.is_success:
        return Attempt(
            at=now, state=DeliveryState.DELIVERED, next_attempt_at=None, status=posted.status, error=None
        )
    wait = None
    # Whoever asked for a test wants to know how it went, not how it will go tomorrow.
    if delivery.type is not EventType.PING and posted.status != _GONE:
        asked = parse_retry_after(posted.retry_after, now)
        wait = retry_wait(delivery.attempts + 1, random.random(), asked)  # noqa: S311 - no secret
    return Attempt(
        at=now,
        state=DeliveryState.DEAD if wait is None else DeliveryState.PENDING,
        next_attempt_at=None if wait is None else now + wait,
        status=posted.status,
        error=posted.detail[:_MAX_ERROR],
    )
