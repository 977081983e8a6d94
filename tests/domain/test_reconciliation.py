"""What the reconciler says of events and the log, of feeds, and of what waits too long."""

from datetime import timedelta

import attrs
import pytest

import orders_world as world
from evening import CLOSING_TIME
from sale_domain.ids import OrderId, merchant_bucket
from sale_domain.ports.reconciling import Wait
from sale_domain.reconciliation import Check, Finding, Limits, check_feed
from spoilt_books import Shop, open_shop

PAID_AT = world.MORNING + timedelta(minutes=3)


@pytest.fixture
async def shop() -> Shop:
    return await open_shop()


async def test_a_published_event_lies_where_its_row_says(shop: Shop) -> None:
    partial, completed = shop.evening.partial, shop.evening.completed
    here, there = shop.address(partial), shop.address(completed)
    taken = next(m.event_id for m in shop.store.messages if m.order_id == completed)
    other = shop.store.outbox.published[taken]
    event = shop.republish(partial, partition=other.partition, offset=other.offset)
    assert await shop.findings() == [
        Finding(
            check=Check.RECORD,
            id=event,
            sentence=f"The row says {there}; there lies event {taken} with key {completed}.",
        )
    ]
    for offset in (999, -5):
        shop.republish(partial, offset=offset)
        (finding,) = await shop.findings()
        assert (finding.check, finding.id) == (Check.RECORD_MISSING, event)
        assert finding.sentence == f"The row says {shop.address(partial)}; no reader finds a record there."
    assert here != there


async def test_a_row_of_another_cluster_is_a_warning(shop: Shop) -> None:
    shop.books = attrs.evolve(shop.books, cluster_id="the one before")
    found = await shop.findings()
    assert {(finding.check, finding.warning) for finding in found} == {(Check.OTHER_LOG, True)}
    assert len(found) == 10
    assert (
        f"The row says {shop.address(shop.evening.partial)} of cluster the one before; this one is memory-cluster."
        in {finding.sentence for finding in found}
    )


async def test_what_retention_has_deleted_is_gone_and_what_it_keeps_for_longer_is_missed(shop: Shop) -> None:
    for partition, content in shop.log.partitions.items():
        shop.log.trim(partition, first=len(content.places))
    walk = shop.reconciliation(limits=Limits(ages={}))
    assert [finding async for finding in walk.findings()] == []
    assert (walk.seen.records, walk.seen.expired) == (10, 10)
    shop.retention = dict.fromkeys({partition.topic for partition in shop.log.partitions}, timedelta(days=7))
    found = await shop.findings(limits=Limits(ages={}))
    assert [finding.check for finding in found] == [Check.RECORD_MISSING] * 10
    paid = next(finding for finding in found if shop.address(shop.evening.partial) in finding.sentence)
    assert paid.sentence == (
        f"The row says {shop.address(shop.evening.partial)}, before the log's beginning; but the log keeps its records "
        "for 7 days, 0:00:00, and the event is of 2026-01-05T07:33:15.123456+00:00."
    )
    # A broker's clock may be an hour before ours.
    late = timedelta(days=7, hours=-1) - (CLOSING_TIME - PAID_AT)
    just_before = await shop.told(limits=Limits(ages={}), at=late - timedelta(microseconds=1))
    assert (Check.RECORD_MISSING, paid.id) in just_before
    assert (Check.RECORD_MISSING, paid.id) not in await shop.told(limits=Limits(ages={}), at=late)


@pytest.mark.parametrize(
    ("numbers", "newest", "sentences"),
    [
        ([3, 2, 1], 3, []),
        ([], 0, []),
        ([3, 2, 1], 4, ["The feed lacks number 4."]),
        ([5, 2, 1], 5, ["The feed lacks numbers 3 to 4."]),
        ([5, 4, 1], 5, ["The feed lacks numbers 2 to 3."]),
        ([5, 3], 5, ["The feed lacks number 4."]),
        ([3, 2, 1], 2, ["The feed has number 3, and its counter has only come to 2."]),
        ([], 7, ["The feed lacks numbers 1 to 7."]),
        ([], 1, ["The feed lacks number 1."]),
    ],
)
def test_a_feed_has_every_number_once(numbers: list[int], newest: int, sentences: list[str]) -> None:
    merchant_id = world.fresh_merchant()
    found = list(check_feed(merchant_id, numbers, newest=newest))
    assert [finding.sentence for finding in found] == sentences
    assert {(finding.check, finding.id, finding.warning) for finding in found} <= {(Check.FEED_GAP, merchant_id, False)}


async def test_a_hole_in_a_feed_and_the_events_of_an_order_that_is_gone_are_found_on_the_walk(shop: Shop) -> None:
    shop.books.lost_numbers.update({30, 12})
    shop.store.orders.pop(shop.evening.eaten)
    found = await shop.findings()
    assert [(finding.check, finding.id, finding.sentence) for finding in found] == [
        (
            Check.EVENT_ORPHANED,
            shop.evening.eaten,
            f"The outbox has rows of this order of {shop.evening.merchant_id}, and there is no such order.",
        ),
        (Check.FEED_GAP, shop.evening.merchant_id, "The feed lacks number 30."),
        (Check.FEED_GAP, shop.evening.merchant_id, "The feed lacks number 12."),
    ]


@pytest.mark.parametrize(
    ("wait", "limit", "sentence"),
    [
        (Wait.DRAFT, "1 day, 0:00:00", "2 orders are DRAFT for longer than {}; the oldest since {}."),
        (Wait.PROCESSING, "12:00:00", "1 orders are PROCESSING for longer than {}; the oldest since {}."),
        (Wait.PARTIAL, "1 day, 0:00:00", "1 orders are PARTIAL for longer than {}; the oldest since {}."),
    ],
)
async def test_an_order_that_waits_too_long_is_a_warning(shop: Shop, wait: Wait, limit: str, sentence: str) -> None:
    order_id: OrderId = getattr(shop.evening, wait.name.lower())
    since = (await shop.orders.find(order_id, merchant_id=shop.evening.merchant_id)).order.updated_at
    just = since + Limits().ages[wait] - CLOSING_TIME
    assert order_id not in {finding.id for finding in await shop.findings(at=just)}
    found = {finding.id: finding for finding in await shop.findings(at=just + timedelta(microseconds=1))}
    assert found[order_id] == Finding(
        check=Check(f"stuck-{wait.value}"),
        id=order_id,
        sentence=sentence.format(limit, since.isoformat()),
        warning=True,
    )


async def test_events_that_nobody_takes_are_a_warning(shop: Shop) -> None:
    first, second = [m.event_id for m in shop.store.messages if m.order_id == shop.evening.completed]
    del shop.store.outbox.published[first], shop.store.outbox.published[second]
    shop.store.outbox.aside[second] = "too large"
    found = await shop.findings()
    assert [(finding.check, finding.id) for finding in found] == [
        (Check.STUCK_UNPUBLISHED, first),
        (Check.STUCK_SET_ASIDE, second),
    ]
    assert found[0].sentence.startswith("1 events are unpublished for longer than 0:05:00; ")
    assert found[1].sentence.startswith("1 events are set aside for longer than 0:00:00; ")


async def test_a_parked_payment_waits_in_its_bucket_and_is_nobodys_merchant(shop: Shop) -> None:
    nowhere = world.fresh_id(merchant_bucket(shop.evening.merchant_id))
    fact = world.attempt(OrderId(nowhere), 65_000)
    shop.store.parked[fact.key] = fact
    assert await shop.findings(at=timedelta(hours=1)) == []
    (finding,) = await shop.findings(merchant_id=None, at=timedelta(hours=1))
    assert (finding.check, finding.id) == (Check.STUCK_PARKED, fact.source.id)
    assert finding.sentence == (
        "1 payments are parked for longer than 0:15:00; the oldest since 2026-01-05T07:30:15.123456+00:00."
    )
