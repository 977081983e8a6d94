"""What every inbox promises of the payments that wait, and of the bodies it keeps (contract §6)."""

from datetime import datetime, timedelta

import attrs
import pytest

from orders_world import MORNING, attempt, checking_out, create, delivered, fresh_id, fresh_merchant, opened, paying
from sale_domain.errors import NotFound
from sale_domain.ids import NO_BUCKET, OrderId, bucket_of, merchant_bucket
from sale_domain.ledger import PaymentFact, Source, SourceType
from sale_domain.ports.orders import Decision, ParkedFact
from stores import Stores

LONG_AGO = MORNING - timedelta(days=400)
DAY = timedelta(days=1)


async def park(stores: Stores, fact: PaymentFact, *, at: datetime = MORNING) -> ParkedFact:
    """Park a fact in its source's bucket."""
    try:
        bucket = bucket_of(fact.source.id)
    except ValueError:
        bucket = NO_BUCKET
    webhook = attrs.evolve(delivered(bucket=bucket), received_at=at)
    await stores.inbox.park(fact, webhook=webhook)
    return ParkedFact(fact=fact, webhook_id=webhook.id, parked_at=at)


def only(bucket: int) -> range:
    return range(bucket, bucket + 1)


async def test_a_fact_has_arrived_when_its_order_is_there(stores: Stores) -> None:
    merchant = fresh_merchant()
    change, buckets = opened(merchant), only(merchant_bucket(merchant))
    parked = await park(stores, attempt(change.order.id, 65_000))
    assert parked not in await stores.inbox.arrived(buckets, since=LONG_AGO, limit=100)

    await stores.orders.create(Decision(change=change), once=None)

    assert parked in await stores.inbox.arrived(buckets, since=LONG_AGO, limit=100)
    others = range(buckets.stop, 1024)
    assert parked not in await stores.inbox.arrived(others, since=LONG_AGO, limit=100)
    assert parked not in await stores.inbox.arrived(buckets, since=MORNING + timedelta(seconds=1), limit=100)


async def test_arrived_facts_come_oldest_first_and_page_by_page(stores: Stores) -> None:
    order = await create(stores.orders)
    times = [MORNING + timedelta(minutes=n) for n in (3, 1, 1, 2)]
    parked = [await park(stores, attempt(order.id, 1, uid=f"a{n}"), at=at) for n, at in enumerate(times)]
    buckets = only(bucket_of(order.id))

    pages, since, after = [], LONG_AGO, ""
    while page := await stores.inbox.arrived(buckets, since=since, after=after, limit=2):
        pages += [each for each in page if each.fact.source.id == order.id]
        since, after = page[-1].parked_at, page[-1].webhook_id

    assert pages == [parked[1], parked[2], parked[3], parked[0]]


async def test_checks_and_unusable_ids_wait_and_have_never_arrived(stores: Stores) -> None:
    order = await create(stores.orders)
    check = attrs.evolve(attempt(order.id, 5), source=Source(type=SourceType.SALE_CHECK, id=order.id))
    nameless = attrs.evolve(attempt(order.id, 6, uid=fresh_id(0)), source=Source(type=SourceType.SALE_ORDER, id=""))
    parked = [await park(stores, check), await park(stores, nameless)]

    arrived = await stores.inbox.arrived(range(1024), since=LONG_AGO, limit=10_000)
    waiting = await stores.inbox.waiting(range(1024), until=MORNING + timedelta(days=1), limit=10_000)

    assert not [each for each in parked if each in arrived]
    assert [each for each in parked if each in waiting] == parked


async def test_those_that_wait_are_told_oldest_first_and_only_those_parked_before(stores: Stores) -> None:
    order_id = OrderId(fresh_id(700))
    late = await park(stores, attempt(order_id, 1, uid="late"), at=MORNING + timedelta(minutes=5))
    early = await park(stores, attempt(order_id, 1, uid="early"))

    both = await stores.inbox.waiting(only(700), until=MORNING + timedelta(hours=1), limit=10)
    one = await stores.inbox.waiting(only(700), until=MORNING + timedelta(minutes=5), limit=10)
    first = await stores.inbox.waiting(only(700), until=MORNING + timedelta(hours=1), limit=1)

    assert (both, one, first) == ((early, late), (early,), (early,))


async def test_a_fact_stops_waiting_with_the_change_that_counts_it(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)
    counted, other = attempt(order.id, 1_000), attempt(order.id, 2_000, uid="attempt-2")
    await park(stores, counted)
    still = await park(stores, other)

    for _ in range(2):
        await stores.orders.change(
            order.id, lambda o: attrs.evolve(paying(counted)(o), webhook=None, unparked=counted), merchant_id=None
        )

    assert await stores.inbox.arrived(only(bucket_of(order.id)), since=LONG_AGO, limit=10) == (still,)
    view = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert [fact.amount for fact in view.order.ledger.facts] == [1_000]


async def test_a_fact_known_already_stops_waiting_although_nothing_changes(stores: Stores) -> None:
    order = await create(stores.orders)
    fact = attempt(order.id, 1_000)
    await stores.orders.change(order.id, paying(fact), merchant_id=None)
    await park(stores, fact)

    await stores.orders.change(
        order.id, lambda o: Decision(change=o.record_payment(fact, at=MORNING)[1], unparked=fact), merchant_id=None
    )

    assert fact not in await stores.parked()


async def test_a_body_is_found_again_by_its_id(stores: Stores) -> None:
    webhook = delivered(bucket=12)
    await stores.inbox.log(webhook)

    assert await stores.inbox.webhook(webhook.id) == webhook
    for unknown in (fresh_id(12), "nonsense", ""):
        with pytest.raises(NotFound):
            await stores.inbox.webhook(unknown)


async def test_everything_told_of_an_order_is_found_refused_bodies_too(stores: Stores) -> None:
    order_id = OrderId(fresh_id(55))
    other_id = OrderId(fresh_id(55))
    named = [
        attrs.evolve(
            delivered(bucket=bucket, outcome=outcome),
            body=f'{{"sourceId": "{order_id}", "n": {n}}}'.encode(),
            received_at=MORNING + timedelta(minutes=10 - n),
        )
        for n, (bucket, outcome) in enumerate([(55, "applied"), (NO_BUCKET, "refused"), (55, "already-applied")])
    ]
    for webhook in (*named, attrs.evolve(delivered(bucket=55), body=other_id.encode())):
        await stores.inbox.log(webhook)

    assert await stores.inbox.webhooks_naming(order_id, within=DAY, limit=10) == tuple(reversed(named))
    assert len(await stores.inbox.webhooks_naming(order_id, within=DAY, limit=2)) == 2
    assert await stores.inbox.webhooks_naming(OrderId(fresh_id(55)), within=DAY, limit=10) == ()
    assert await stores.inbox.webhooks_naming(order_id, within=timedelta(0), limit=10) == ()
    with pytest.raises(NotFound):
        await stores.inbox.webhooks_naming(OrderId("nonsense"), within=DAY, limit=10)
