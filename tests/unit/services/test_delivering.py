from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from app.core.audit import AuditFilter
from app.core.events import SUBSCRIBABLE, EventType, News
from app.core.retrying import MAX_ATTEMPTS
from app.core.webhooks import Delivery, DeliveryFilter, DeliveryState
from app.net.address_policy import AddressPolicy
from app.net.posting import Posted
from app.services.announcing import announce
from app.services.deliveries import DeliveryService
from app.services.delivering import Delivering, Pace
from app.services.secret_box import SecretBox
from app.services.upkeep import Upkeep
from app.services.webhooks import Destinations, WebhookService, WebhookWish

from builders import a_provider
from databases import ON_SQLITE, OPERATOR, UNREACHABLE_URL, opened, stored_provider
from fakes.poster import REFUSED, ScriptedPoster

if TYPE_CHECKING:
    from app.core.stored import Stored
    from app.core.webhooks import Webhook
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

URL = "https://billing.example/hook"
PACE = Pace(attempt_seconds=15)


class Sender:
    """The services of webhooks around one poster that does as it is told."""

    def __init__(self, store: Store, clock: FixedClock, *, keys: tuple[str, ...] = ()) -> None:
        self.store, self.clock = store, clock
        self.poster = ScriptedPoster()
        self.box = SecretBox(keys)
        self.webhooks = WebhookService(store, clock, self.box, Destinations(AddressPolicy()))
        self.deliveries = DeliveryService(store, clock)
        self.delivering = self.another_process()

    def another_process(self, **pace: Any) -> Delivering:
        chosen = Pace(**pace) if pace else PACE
        return Delivering(self.store, self.clock, self.poster, self.box, chosen)

    async def subscribe(self, url: str = URL, provider: str | None = None) -> tuple[Stored[Webhook], str]:
        wish = WebhookWish(name="t", url=url, event_types=frozenset(SUBSCRIBABLE), provider=provider)
        return await self.webhooks.create(OPERATOR, wish)

    async def announce(self, *subjects: str, event_type: EventType = EventType.DOMAIN_CHANGED) -> None:
        async with self.store.writing() as unit:
            news = [News(type=event_type, kind="domain", subject=subject) for subject in subjects]
            await announce(unit, news, self.clock())

    async def send(self, delivering: Delivering | None = None) -> int:
        """Send what is due, once; return how much."""
        sender = delivering or self.delivering
        count = await sender.start_due()
        await sender.settle()
        return count

    async def all(self, **wanted: Any) -> list[Delivery]:
        """Return deliveries, the oldest first."""
        page = await self.deliveries.page(OPERATOR, DeliveryFilter(**wanted), limit=500)
        return page[::-1]


@pytest.fixture
async def sender(store: Store, clock: FixedClock) -> Sender:
    return Sender(store, clock)


async def test_what_is_announced_is_sent_signed_and_written_down(sender: Sender) -> None:
    _, secret = await sender.subscribe()
    await sender.announce("a.example")
    sender.clock.advance(seconds=90)
    assert await sender.send() == 1
    (sent,) = sender.poster.sent
    (delivery,) = await sender.all()
    timestamp = int(sender.clock().timestamp())
    signed = f"{delivery.event_id}.{timestamp}.".encode() + sent.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent.url == URL
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["webhook-id"] == delivery.event_id
    assert sent.headers["webhook-timestamp"] == str(timestamp)
    assert sent.headers["webhook-signature"] == f"v1,{signature}"
    assert json.loads(sent.body)["subject"] == "a.example"
    assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.DELIVERED, 1, 204)
    assert delivery.delivered_at == delivery.last_attempt_at == sender.clock()
    assert (delivery.next_attempt_at, delivery.last_error) == (None, None)
    assert await sender.send() == 0


async def test_a_later_module_announces_hosts_with_one_call(sender: Sender) -> None:
    for slug in ("a", "b"):
        await stored_provider(sender.store, a_provider(slug=slug))
        await sender.subscribe(f"https://{slug}.example/", provider=slug)
    await sender.subscribe("https://all.example/")
    news = News(type=EventType.HOST_BAD, kind="host", subject="srv1", providers=frozenset({"a"}))
    async with sender.store.writing() as unit:
        await announce(unit, [news], sender.clock())
    await sender.send()
    assert {one.url for one in sender.poster.sent} == {"https://a.example/", "https://all.example/"}
    assert len({one.id for one in sender.poster.sent}) == 1


async def test_nothing_is_written_where_nobody_listens(sender: Sender) -> None:
    await sender.announce("a.example")
    webhook, _ = await sender.subscribe()
    off = WebhookWish(name="t", url=URL, event_types=webhook.value.event_types, is_active=False)
    await sender.webhooks.patch(OPERATOR, webhook.value.public_id, lambda _: off)
    await sender.announce("a.example")
    assert await sender.all() == []
    async with sender.store.reading() as unit:
        assert await unit.deliveries.count(DeliveryFilter()) == 0


async def test_a_failed_attempt_is_made_again_after_a_while_with_the_same_id_and_body(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    sender.poster.outcome = REFUSED
    await sender.send()
    (delivery,) = await sender.all()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 1)
    assert (delivery.last_status, delivery.last_error) == (500, "answered 500")
    wait = delivery.next_attempt_at - sender.clock() if delivery.next_attempt_at else None
    assert wait is not None
    assert timedelta(seconds=5) <= wait <= timedelta(seconds=6)
    sender.clock.advance(seconds=4.9)
    assert await sender.send() == 0
    sender.clock.advance(seconds=1.2)
    sender.poster.outcome = Posted(status=200)
    assert await sender.send() == 1
    first, second = sender.poster.sent
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 6
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert [one.state for one in await sender.all()] == [DeliveryState.DELIVERED]


async def test_what_is_never_taken_is_given_up_visibly_and_can_be_replayed(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    await sender.announce("a.example", "b.example")
    sender.poster.outcome = REFUSED
    for _ in range(MAX_ATTEMPTS):
        await sender.send()
        due = [one.next_attempt_at for one in await sender.all() if one.next_attempt_at is not None]
        sender.clock.moment = max(due, default=sender.clock.moment)
    dead = await sender.all(state=DeliveryState.DEAD)
    assert [(one.subject, one.attempts) for one in dead] == [("a.example", 10), ("b.example", 10)]
    assert [one.next_attempt_at for one in dead] == [None, None]
    assert await sender.send() == 0
    sender.clock.advance(minutes=1)
    sender.poster.outcome = Posted(status=200)
    sent = len(sender.poster.sent)
    assert await sender.deliveries.replay_dead(OPERATOR, webhook.value.public_id) == 2
    assert await sender.deliveries.replay_dead(OPERATOR, webhook.value.public_id) == 0
    assert await sender.send() == 2
    assert {one.id for one in sender.poster.sent[sent:]} == {one.event_id for one in dead}
    assert [one.state for one in await sender.all()] == [DeliveryState.DELIVERED] * 2


async def test_a_delivered_event_can_be_sent_again_under_its_id(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    await sender.send()
    (delivery,) = await sender.all()
    again = await sender.deliveries.replay(OPERATOR, delivery.id)
    assert (again.state, again.attempts, again.delivered_at) == (DeliveryState.PENDING, 0, None)
    await sender.send()
    assert [one.id for one in sender.poster.sent] == [delivery.event_id] * 2


async def test_retry_after_is_honoured_for_the_event_and_for_the_receiver(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    sender.poster.outcome = Posted(status=503, detail="answered 503", retry_after="600")
    await sender.send()
    await sender.announce("b.example")
    sender.clock.advance(seconds=599)
    assert await sender.send() == 0
    sender.clock.advance(seconds=1)
    assert await sender.send() == 2


async def test_a_receiver_that_fails_rests_while_others_are_sent_to(sender: Sender) -> None:
    await sender.subscribe()
    await sender.subscribe("https://other.example/")
    sender.poster.by_url[URL] = REFUSED
    await sender.announce("a.example")
    await sender.send()
    await sender.announce("b.example")
    assert await sender.send() == 1
    assert sender.poster.sent[-1].url == "https://other.example/"
    sender.clock.advance(seconds=1)
    assert await sender.send() == 1
    assert json.loads(sender.poster.sent[-1].body)["subject"] == "b.example"


async def test_what_happens_to_one_domain_is_told_in_order_and_others_do_not_wait(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example", "a.example", "b.example")
    sender.poster.outcome = REFUSED
    assert await sender.send() == 2
    sender.poster.outcome = Posted(status=200)
    for _ in range(2):
        sender.clock.advance(seconds=7)
        await sender.send()
    first, second, other = await sender.all()
    order = [one.id for one in sender.poster.sent]
    assert order[:2] == [first.event_id, other.event_id]
    assert sorted(order[2:4]) == sorted([first.event_id, other.event_id])
    assert order[4:] == [second.event_id]


async def test_a_slow_receiver_does_not_take_all_the_room(sender: Sender) -> None:
    process = sender.another_process(at_once=6, at_once_each=4)
    await sender.subscribe()
    await sender.announce(*(f"d{number}.example" for number in range(10)))
    sender.poster.gate.clear()
    assert await process.start_due() == 4
    assert await process.start_due() == 0
    await sender.subscribe("https://other.example/")
    await sender.announce("x.example", "y.example", "z.example")
    assert await process.start_due() == 2
    assert await process.start_due() == 0
    sender.poster.gate.set()
    await process.settle()


async def test_two_processes_never_have_the_same_delivery(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce(*(f"d{number}.example" for number in range(40)))
    processes = [sender.another_process(at_once=50, at_once_each=7) for _ in range(4)]
    sender.poster.gate.clear()
    counts = await asyncio.gather(*(process.start_due() for process in processes))
    await asyncio.sleep(0)
    ids = [one.id for one in sender.poster.sent]
    assert len(ids) == len(set(ids)) == sum(counts)
    assert sum(counts) >= 7
    sender.poster.gate.set()
    for process in processes:
        await process.settle()


async def test_what_a_dead_process_had_is_sent_by_another_when_its_lease_is_over(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    async with sender.store.writing() as unit:
        (webhook_id,) = await unit.deliveries.due_webhooks(sender.clock())
        until = sender.clock() + PACE.lease
        (held,) = await unit.deliveries.lease(webhook_id, "dead", sender.clock(), until, 10)
    assert await sender.send() == 0
    sender.clock.advance(seconds=PACE.lease.total_seconds() - 0.001)
    assert await sender.send() == 0
    sender.clock.advance(seconds=0.001)
    assert await sender.send() == 1
    # And should it come back to life, it has no say any more.
    async with sender.store.writing() as unit:
        assert not await unit.deliveries.is_leased(held)


async def test_an_outcome_under_a_lost_lease_is_not_written_down(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    slow, quick = sender.another_process(), sender.another_process()
    sender.poster.gate.clear()
    await slow.start_due()
    sender.clock.advance(seconds=PACE.lease.total_seconds())
    sender.poster.outcome = REFUSED
    await quick.start_due()
    await asyncio.sleep(0.05)
    sender.poster.gate.set()
    await slow.settle()
    await quick.settle()
    (delivery,) = await sender.all()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 1)


async def test_a_receiver_that_is_gone_turns_the_webhook_off_visibly(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    await sender.announce("a.example")
    sender.poster.outcome = Posted(status=410, detail="answered 410")
    await sender.send()
    stored = await sender.webhooks.get(OPERATOR, webhook.value.public_id)
    assert (stored.value.is_active, stored.version) == (False, 2)
    assert stored.value.disabled_reason == "the receiver answered 410 (gone)"
    assert [one.state for one in await sender.all()] == [DeliveryState.DEAD]
    async with sender.store.reading() as unit:
        (entry,) = await unit.audit.newest(AuditFilter(action="webhook.disable"), before=None, limit=10)
    assert (entry.token_id, entry.token_name) == ("delivery", "webhook delivery")
    assert entry.after is not None
    assert entry.after["disabled_reason"] == stored.value.disabled_reason


async def test_a_receiver_that_takes_nothing_for_days_turns_the_webhook_off(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    sender.poster.outcome = REFUSED
    for day in range(5):
        await sender.announce(f"a{day}.example", f"b{day}.example")
        await sender.send()
        assert (await sender.webhooks.get(OPERATOR, webhook.value.public_id)).value.is_active
        sender.clock.advance(days=1)
    await sender.announce("last.example")
    await sender.send()
    stored = (await sender.webhooks.get(OPERATOR, webhook.value.public_id)).value
    assert not stored.is_active
    assert stored.disabled_reason == "nothing was taken for 5 days; the receiver answered 500"
    # What was on its way waits, and goes on when somebody turns it on.
    sender.clock.advance(days=1)
    assert await sender.send() == 0
    sender.poster.outcome = Posted(status=200)
    wish = WebhookWish(name="t", url=URL, event_types=stored.event_types)
    on = await sender.webhooks.patch(OPERATOR, stored.public_id, lambda _: wish)
    assert on.value.disabled_reason is None
    assert await sender.send() > 0


async def test_one_success_forgets_all_failures(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    sender.poster.outcome = REFUSED
    await sender.announce(*(f"d{number}.example" for number in range(8)))
    await sender.send()
    sender.clock.advance(days=6)
    sender.poster.outcome = Posted(status=200)
    await sender.send()
    sender.poster.outcome = REFUSED
    await sender.announce(*(f"e{number}.example" for number in range(8)))
    await sender.send()
    assert (await sender.webhooks.get(OPERATOR, webhook.value.public_id)).value.is_active


async def test_a_ping_is_sent_once_to_an_inactive_or_resting_webhook_too(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    sender.poster.outcome = REFUSED
    await sender.announce("a.example")
    await sender.send()
    await sender.webhooks.ping(OPERATOR, webhook.value.public_id)
    assert await sender.send() == 1
    assert json.loads(sender.poster.sent[-1].body)["type"] == "webhook.ping"
    (ping,) = await sender.all(type=EventType.PING)
    assert (ping.state, ping.last_error) == (DeliveryState.DEAD, "answered 500")
    wish = WebhookWish(name="t", url=URL, event_types=webhook.value.event_types, is_active=False)
    await sender.webhooks.patch(OPERATOR, webhook.value.public_id, lambda _: wish)
    sender.poster.outcome = Posted(status=200)
    second = await sender.webhooks.ping(OPERATOR, webhook.value.public_id)
    assert await sender.send() == 1
    assert (await sender.deliveries.get(OPERATOR, second.id)).state is DeliveryState.DELIVERED


# PostgreSQL counts no steps.
@ON_SQLITE
async def test_what_waits_for_a_webhook_that_rests_is_not_walked_through(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    sender.poster.outcome = REFUSED
    await sender.announce(*(f"d{number}.example" for number in range(500)))
    await sender.send()
    hundreds: list[None] = []

    async def due() -> list[int]:
        async with sender.store.reading() as unit:
            raw = await unit._connection.get_raw_connection()
            driver: Any = raw.driver_connection
            await driver.set_progress_handler(lambda: hundreds.append(None), 100)
            found = await unit.deliveries.due_webhooks(sender.clock())
            await driver.set_progress_handler(None, 0)
            return found

    assert await due() == []
    assert len(hundreds) < 10
    await sender.webhooks.ping(OPERATOR, webhook.value.public_id)
    assert len(await due()) == 1
    assert len(hundreds) < 20


async def test_a_rotated_secret_signs_beside_the_one_before_for_a_while(sender: Sender) -> None:
    webhook, first = await sender.subscribe()
    _, second = await sender.webhooks.rotate(OPERATOR, webhook.value.public_id, 60)
    assert first != second
    for wait, count in ((0, 2), (59, 2), (1, 1)):
        sender.clock.advance(seconds=wait)
        await sender.announce("a.example")
        await sender.send()
        assert len(sender.poster.sent[-1].headers["webhook-signature"].split(" ")) == count


async def test_a_secret_that_no_key_opens_is_told_and_never_sent_with(
    store: Store, clock: FixedClock
) -> None:
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    sealed, bare = Sender(store, clock, keys=(key,)), Sender(store, clock)
    webhook, _ = await sealed.subscribe()
    assert webhook.value.secret.startswith("fernet:")
    await bare.announce("a.example")
    await bare.send()
    assert bare.poster.sent == []
    (delivery,) = await bare.all()
    assert delivery.last_error is not None
    assert "SIGNPOST_SECRET_KEYS" in delivery.last_error
    clock.advance(hours=1)
    assert await sealed.send() == 1
    assert len(sealed.poster.sent) == 1


async def test_a_removed_webhook_takes_its_deliveries_with_it_even_under_way(sender: Sender) -> None:
    webhook, _ = await sender.subscribe()
    await sender.announce("a.example", "b.example")
    sender.poster.gate.clear()
    await sender.delivering.start_due()
    await sender.webhooks.delete(OPERATOR, webhook.value.public_id)
    sender.poster.gate.set()
    await sender.delivering.settle()
    assert await sender.all() == []


async def test_old_events_are_forgotten_but_for_those_on_their_way(sender: Sender) -> None:
    await sender.subscribe()
    await sender.announce("a.example")
    await sender.send()
    sender.poster.outcome = REFUSED
    await sender.announce("b.example")
    await sender.send()
    upkeep = Upkeep(sender.store, sender.clock, event_retention=timedelta(days=30))
    sender.clock.advance(days=30)
    assert await upkeep.forget_events() == 0
    sender.clock.advance(seconds=1)
    assert await upkeep.forget_events() == 1
    assert [one.subject for one in await sender.all()] == ["b.example"]


async def test_the_loop_sends_until_it_is_cancelled_and_ends_what_is_under_way(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    process = sender.another_process(poll_seconds=0.02, pause_seconds=0.01)
    _, secret = await sender.subscribe()
    loop = asyncio.create_task(process.run())
    await sender.announce("a.example", "a.example", "b.example")
    async with asyncio.timeout(20):
        await sender.poster.wait_for(3)
        sender.poster.gate.clear()
        await sender.announce("c.example")
        await sender.poster.wait_for(4)
    loop.cancel()
    await asyncio.sleep(0.05)
    sender.poster.gate.set()
    await asyncio.gather(loop, return_exceptions=True)
    assert {one.state for one in await sender.all()} == {DeliveryState.DELIVERED}
    assert secret.removeprefix("whsec_") not in caplog.text


async def test_the_loop_outlives_a_database_that_is_away(
    clock: FixedClock,
) -> None:
    async with opened(UNREACHABLE_URL) as store:
        sender = Sender(store, clock)
        process = sender.another_process(poll_seconds=0.01, trouble_seconds=0.01)
        with structlog.testing.capture_logs() as told:
            loop = asyncio.create_task(process.run())
            await asyncio.sleep(0.3)
            assert not loop.done()
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
    assert len(told) > 1
    assert {entry["event"] for entry in told} == {"webhooks_put_off"}
