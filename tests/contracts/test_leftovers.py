"""What every store promises of its clean-up: what must stay stays, and a statement drops no more than it was told."""

from datetime import UTC, datetime, timedelta

import attrs

from orders_world import MORNING, attempt, checking_out, create, delivered, fresh_id, fresh_merchant, paying
from sale_domain.ids import EventId, MerchantId, OrderId, UserId, bucket_of, merchant_bucket, milliseconds_of
from sale_domain.orders import Order
from sale_domain.ports.answers import AnswerKey, Once, StoredAnswer
from sale_domain.ports.leftovers import Leftover
from sale_domain.ports.orders import ReceivedWebhook
from sale_domain.use_cases.sweeping import clean_up
from stores import Stores

LATER = MORNING + timedelta(days=1)
PAID_AT = MORNING + timedelta(minutes=3)


def request(merchant_id: MerchantId, key: str) -> Once:
    return Once(
        key=AnswerKey(merchant_id=merchant_id, user_id=UserId("lan"), method="POST", path="/sale-orders", key=key),
        fingerprint=b"body",
        answer=lambda _: StoredAnswer(status=201, headers=(), body=b""),
    )


async def kept(stores: Stores, *requests: Once) -> list[str]:
    """Return the keys of those requests whose answer is still there, by claiming them."""
    found = [each.key.key for each in requests if await _is_claimed(stores, each)]
    return sorted(found)


async def _is_claimed(stores: Stores, once: Once) -> bool:
    other = StoredAnswer(status=409, headers=(), body=b"new")
    return await stores.answers.keep(once.key, fingerprint=once.fingerprint, answer=other) != other


def _when_its_id_was_made(webhook: ReceivedWebhook) -> ReceivedWebhook:
    return attrs.evolve(webhook, received_at=datetime.fromtimestamp(milliseconds_of(webhook.id) / 1000, UTC))


async def paid_in_parts(stores: Stores, *, merchant_id: str | None = None) -> tuple[Order, list[EventId]]:
    """Return an order with two events, PARTIAL and COMPLETED."""
    order = await create(stores.orders, merchant_id=merchant_id)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    events = []
    for uid, amount in (("a1", 1_000), ("a2", 900_000)):
        made = await stores.orders.change(order.id, paying(attempt(order.id, amount, uid=uid)), merchant_id=None)
        events += [message.event_id for message in made.decision.messages]
    return order, events


async def events_left(stores: Stores, *events: EventId) -> list[EventId]:
    there = {row.event_id for row in await stores.outbox()}
    return [event_id for event_id in events if event_id in there]


async def test_published_events_go_whatever_they_were_before_and_others_stay(stores: Stores) -> None:
    order, (published, unpublished) = await paid_in_parts(stores)
    _, (both, aside) = await paid_in_parts(stores, merchant_id=order.merchant_id)
    await stores.publish(published, PAID_AT)
    await stores.publish(both, PAID_AT)
    await stores.set_aside(both)
    await stores.set_aside(aside)

    count = await stores.leftovers.drop(Leftover.PUBLISHED, bucket=bucket_of(order.id), before=LATER, most=100)

    assert count == 2
    assert await events_left(stores, published, unpublished, both, aside) == [unpublished, aside]


async def test_of_an_order_the_earlier_event_goes_first_though_both_were_published_at_once(stores: Stores) -> None:
    order, (first, second) = await paid_in_parts(stores)
    for event_id in (second, first):
        await stores.publish(event_id, PAID_AT)

    assert await stores.leftovers.drop(Leftover.PUBLISHED, bucket=bucket_of(order.id), before=LATER, most=1) == 1
    assert await events_left(stores, first, second) == [second]


async def test_what_was_published_lately_and_other_buckets_stay(stores: Stores) -> None:
    order, (event_id, _) = await paid_in_parts(stores)
    await stores.publish(event_id, PAID_AT)
    bucket = bucket_of(order.id)

    assert await stores.leftovers.drop(Leftover.PUBLISHED, bucket=bucket, before=PAID_AT, most=100) == 0
    assert await stores.leftovers.drop(Leftover.PUBLISHED, bucket=(bucket + 1) % 1024, before=LATER, most=100) == 0
    assert await events_left(stores, event_id) == [event_id]


async def test_an_order_goes_on_when_its_old_events_are_gone(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    first = attempt(order.id, 1_000, uid="a1")
    made = await stores.orders.change(order.id, paying(first), merchant_id=None)
    await stores.publish(made.decision.messages[0].event_id, PAID_AT)
    await stores.leftovers.drop(Leftover.PUBLISHED, bucket=bucket_of(order.id), before=LATER, most=100)

    again = await stores.orders.change(order.id, paying(first), merchant_id=None)
    rest = await stores.orders.change(order.id, paying(attempt(order.id, 900_000, uid="a2")), merchant_id=None)

    assert again.decision.messages == ()
    assert [(message.seq, message.transition) for message in rest.decision.messages] == [(2, 2)]


async def test_bodies_go_oldest_first_and_no_more_than_wanted(stores: Stores) -> None:
    bodies = [attrs.evolve(_when_its_id_was_made(delivered(bucket=808)), body=b"%d" % n) for n in range(5)]
    for webhook in bodies:
        await stores.inbox.log(webhook)

    counts = [
        await stores.leftovers.drop(Leftover.WEBHOOKS, bucket=808, before=bodies[4].received_at, most=3)
        for _ in range(3)
    ]

    assert counts == [3, 1, 0]
    assert [webhook for webhook in await stores.webhooks() if webhook in bodies] == [bodies[4]]


async def test_a_body_whose_payment_still_waits_stays(stores: Stores) -> None:
    order_id = OrderId(fresh_id(809))
    parked, logged = delivered(bucket=809), delivered(bucket=809)
    await stores.inbox.park(attempt(order_id, 65_000), webhook=parked)
    await stores.inbox.log(logged)

    assert await stores.leftovers.drop(Leftover.WEBHOOKS, bucket=809, before=LATER, most=100) == 1

    assert await stores.inbox.webhook(parked.id) == parked


async def test_answers_go_when_they_are_old_and_stay_while_they_are_not(stores: Stores) -> None:
    merchant = fresh_merchant()
    old, fresh = request(merchant, "old"), request(merchant, "fresh")
    await stores.give(old, MORNING - timedelta(days=2))
    fresh_at = LATER + timedelta(days=36500)
    await stores.give(fresh, fresh_at)
    bucket = merchant_bucket(merchant)

    assert await stores.leftovers.drop(Leftover.ANSWERS, bucket=bucket, before=MORNING, most=100) == 1

    assert await kept(stores, old, fresh) == ["fresh"]


async def test_a_clean_up_goes_on_batch_by_batch_until_nothing_old_is_left(stores: Stores) -> None:
    for n in range(12):
        await stores.inbox.log(attrs.evolve(delivered(bucket=810 + n % 2), received_at=MORNING))
    asked: list[tuple[int, int]] = []

    class Counting:
        async def drop(self, kind: Leftover, *, bucket: int, before: datetime, most: int) -> int:
            count = await stores.leftovers.drop(kind, bucket=bucket, before=before, most=min(most, 4))
            asked.append((most, count))
            # A full batch of four stands for a full batch of a thousand.
            return most if count == 4 else count

    await clean_up(Counting(), range(810, 812), before={Leftover.WEBHOOKS: LATER})

    assert asked == [(1000, 4), (1000, 2), (1000, 4), (1000, 2)]
    assert not [webhook for webhook in await stores.webhooks() if bucket_of(webhook.id) in (810, 811)]
