"""What every store of allocation usages promises."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from orders_world import MORNING, attempt, checking_out, create, fresh_id, fresh_merchant, paying
from sale_domain.allocation_errors import UnitInUse
from sale_domain.allocations import Seating, Usage
from sale_domain.errors import NotFound
from sale_domain.feed import FeedAction
from sale_domain.ids import BUCKETS, MerchantId, OrderId, UnitId, UsageId, ZoneId, bucket_of, merchant_bucket
from sale_domain.orders import Order
from sale_domain.ports.allocations import UsageFilter
from sale_domain.ports.orders import Decision
from sale_domain.seating import expire_due
from sale_domain.usage_lifecycle import UsageStatus
from seating_world import NOON, leaving, moving, taking
from stores import Stores


async def seat(stores: Stores, order: Order, *names: str, zone: str | None = "garden") -> tuple[Usage, ...]:
    """Take tables for an order; return their usages."""
    made = await stores.orders.change(order.id, taking(*names, zone=zone), merchant_id=order.merchant_id)
    return tuple(usage for usage in made.view.order.seating.usages if usage.id in made.view.touched)


async def loaded(stores: Stores, order: Order) -> Order:
    """Return the order as commands see it."""
    seen: list[Order] = []

    def look(locked: Order) -> Decision:
        seen.append(locked)
        return expiring(locked)

    await stores.orders.change(order.id, look, merchant_id=order.merchant_id)
    return seen[0]


def expiring(order: Order) -> Decision:
    """Decide to expire what is over at half past seven: nothing of this suite's."""
    return Decision(change=expire_due(order, at=MORNING, by="sale-sweep"))


async def shown(stores: Stores, merchant_id: MerchantId, which: UsageFilter | None = None) -> list[str]:
    page = await stores.usages.find_many(which or UsageFilter(), merchant_id=merchant_id, after=None, limit=100)
    return [usage.unit_id for usage in page.usages]


def neighbour(merchant_id: MerchantId) -> MerchantId:
    """Return another merchant whose rows lie in the same bucket."""
    bucket = merchant_bucket(merchant_id)
    return next(other for other in iter(fresh_merchant, merchant_id) if merchant_bucket(other) == bucket)


async def test_what_was_taken_is_there_for_the_next_command_and_in_the_list(stores: Stores) -> None:
    order = await create(stores.orders)

    usages = await seat(stores, order, "table-5", "table-4")

    again = await loaded(stores, order)
    assert again.seating == Seating(usages)
    assert (again.version, again.updated_at) == (order.version, order.updated_at)
    page = await stores.usages.find_many(UsageFilter(), merchant_id=order.merchant_id, after=None, limit=10)
    assert page.usages == tuple(reversed(usages))
    assert (page.next_after, page.feed_seq) == (None, 3)


async def test_reads_of_orders_come_without_seating(stores: Stores) -> None:
    order = await create(stores.orders)
    await seat(stores, order, "table-4")

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)

    assert found.order == order
    assert found.feed_seq == 2


async def test_a_usage_that_moves_and_ends_is_written_and_told_each_time(stores: Stores) -> None:
    order = await create(stores.orders)
    (usage,) = await seat(stores, order, "table-4", zone=None)
    moved = await stores.orders.change(order.id, moving(usage.id, "table-9"), merchant_id=order.merchant_id)
    ended = await stores.orders.change(order.id, leaving(usage.id), merchant_id=order.merchant_id)

    assert (await loaded(stores, order)).seating == ended.view.order.seating
    (after,) = ended.view.order.seating.usages
    assert (after.unit_id, after.status, after.version, after.ended_at) == ("table-9", UsageStatus.SUCCESS, 3, NOON)
    assert moved.view.touched == ended.view.touched == {usage.id}
    history = await stores.orders.history(order.id, merchant_id=order.merchant_id)
    assert [row.entry.version for row in history.entries] == [1]
    assert history.feed_seq == 4
    assert await shown(stores, order.merchant_id) == []
    assert await shown(stores, order.merchant_id, UsageFilter(status=UsageStatus.SUCCESS)) == ["table-9"]


async def test_another_order_gets_no_table_that_is_in_use_and_nothing_of_its_wish(stores: Stores) -> None:
    first = await create(stores.orders)
    second = await create(stores.orders, merchant_id=first.merchant_id)
    (four,) = await seat(stores, first, "table-4")

    with pytest.raises(UnitInUse) as refusal:
        await seat(stores, second, "table-3", "table-4", "table-5")

    assert refusal.value.unit_id == "table-4"
    assert await shown(stores, first.merchant_id) == ["table-4"]
    assert (await loaded(stores, second)).seating == Seating()
    assert (await stores.orders.find(first.id, merchant_id=first.merchant_id)).feed_seq == 3
    await stores.orders.change(first.id, leaving(four.id), merchant_id=first.merchant_id)
    assert len(await seat(stores, second, "table-3", "table-4", "table-5")) == 3


async def test_no_move_goes_to_a_table_that_is_in_use(stores: Stores) -> None:
    first = await create(stores.orders)
    second = await create(stores.orders, merchant_id=first.merchant_id)
    (four,) = await seat(stores, first, "table-4")
    (five,) = await seat(stores, second, "table-5")

    with pytest.raises(UnitInUse):
        await stores.orders.change(second.id, moving(five.id, "table-4"), merchant_id=first.merchant_id)
    assert (await loaded(stores, second)).seating == Seating((five,))
    await stores.orders.change(first.id, moving(four.id, "table-6"), merchant_id=first.merchant_id)
    await stores.orders.change(second.id, moving(five.id, "table-4"), merchant_id=first.merchant_id)
    assert await shown(stores, first.merchant_id) == ["table-4", "table-6"]


async def test_two_merchants_may_call_their_tables_the_same(stores: Stores) -> None:
    mine = await create(stores.orders)
    theirs = await create(stores.orders, merchant_id=neighbour(mine.merchant_id))

    await seat(stores, mine, "table-4")
    await seat(stores, theirs, "table-4")

    assert await shown(stores, mine.merchant_id) == await shown(stores, theirs.merchant_id) == ["table-4"]
    assert await shown(stores, fresh_merchant()) == []


@pytest.mark.parametrize(("amount", "status"), [(400_000, UsageStatus.SUCCESS), (5_000, UsageStatus.ACTIVE)])
async def test_full_payment_frees_the_tables_with_the_order(stores: Stores, amount: int, status: UsageStatus) -> None:
    order = await create(stores.orders)
    await seat(stores, order, "table-4", "table-5")
    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    paid = await stores.orders.change(order.id, paying(attempt(order.id, amount)), merchant_id=None)

    after = await loaded(stores, order)
    assert after.seating == paid.view.order.seating
    assert [usage.status for usage in after.seating.usages] == [status] * 2
    ended = [FeedAction.USAGE_COMPLETED] * 2 if status is UsageStatus.SUCCESS else []
    actions = [entry.action for entry in paid.decision.change.entries]
    assert actions == [FeedAction.ORDER_PAYMENT_UPDATED, *ended]


async def test_a_cancelled_order_gives_its_tables_back(stores: Stores) -> None:
    order = await create(stores.orders)
    await seat(stores, order, "table-4")

    await stores.orders.change(
        order.id,
        lambda locked: Decision(change=locked.cancel(reason="rain", at=NOON, by="lan")),
        merchant_id=order.merchant_id,
    )

    other = await create(stores.orders, merchant_id=order.merchant_id)
    assert len(await seat(stores, other, "table-4")) == 1
    assert await shown(stores, order.merchant_id, UsageFilter(status=UsageStatus.CANCELLED)) == ["table-4"]


async def test_each_filter_shows_what_it_says(stores: Stores) -> None:
    order = await create(stores.orders)
    merchant = order.merchant_id
    (one,) = await seat(stores, order, "table-1")
    await seat(stores, order, "table-2", zone="hall")
    await seat(stores, order, "table-3", zone=None)
    await stores.orders.change(order.id, leaving(one.id), merchant_id=merchant)
    await seat(stores, order, "table-1", zone="hall")

    assert await shown(stores, merchant) == ["table-1", "table-3", "table-2"]
    assert await shown(stores, merchant, UsageFilter(zone_id=ZoneId("hall"))) == ["table-1", "table-2"]
    assert await shown(stores, merchant, UsageFilter(unit_id=UnitId("table-2"))) == ["table-2"]
    both = UsageFilter(unit_id=UnitId("table-3"), zone_id=ZoneId("hall"))
    assert await shown(stores, merchant, both) == []
    past = UsageFilter(unit_id=UnitId("table-1"), status=UsageStatus.SUCCESS)
    assert await shown(stores, merchant, past) == ["table-1"]
    assert await shown(stores, merchant, UsageFilter(status=UsageStatus.EXPIRED)) == []


async def test_a_list_comes_page_by_page_newest_first(stores: Stores) -> None:
    order = await create(stores.orders)
    usages = await seat(stores, order, *(f"table-{n}" for n in range(5)))

    pages = [await stores.usages.find_many(UsageFilter(), merchant_id=order.merchant_id, after=None, limit=2)]
    while (after := pages[-1].next_after) is not None:
        pages.append(await stores.usages.find_many(UsageFilter(), merchant_id=order.merchant_id, after=after, limit=2))

    assert [len(page.usages) for page in pages] == [2, 2, 1]
    assert [usage for page in pages for usage in page.usages] == list(reversed(usages))


async def test_a_usage_knows_its_order_and_only_its_merchant_may_ask(stores: Stores) -> None:
    order = await create(stores.orders)
    (usage,) = await seat(stores, order, "table-4")

    assert await stores.usages.order_of(usage.id, merchant_id=order.merchant_id) == order.id
    unknown = UsageId(fresh_id(bucket_of(order.id)))
    strangers: list[tuple[str, MerchantId]] = [
        (usage.id, fresh_merchant()),
        (unknown, order.merchant_id),
        ("x", order.merchant_id),
        (order.id, order.merchant_id),
    ]
    for usage_id, merchant in strangers:
        with pytest.raises(NotFound):
            await stores.usages.order_of(UsageId(usage_id), merchant_id=merchant)


async def test_what_is_due_comes_by_its_time_and_from_the_buckets_asked_for(stores: Stores) -> None:
    order = await create(stores.orders)
    bucket = bucket_of(order.id)
    mine = range(bucket, bucket + 1)
    for name, hours in (("table-3", 3), ("table-1", 1), ("table-2", 2), ("table-0", None), ("table-9", 1)):
        await stores.orders.change(order.id, taking(name, hours=hours), merchant_id=order.merchant_id)
    gone = (await loaded(stores, order)).seating.usages[-1]
    await stores.orders.change(order.id, leaving(gone.id), merchant_id=order.merchant_id)

    async def due(hours: float, *, after: Usage | None = None, limit: int = 10) -> list[str]:
        behind = None if after is None or after.reserved_to is None else (after.reserved_to, after.id)
        found = await stores.usages.due(mine, until=MORNING + timedelta(hours=hours), after=behind, limit=limit)
        return [usage.unit_id for usage in found if usage.order_id == order.id]

    first = next(usage for usage in (await loaded(stores, order)).seating.usages if usage.unit_id == "table-1")
    assert await due(0.99) == []
    assert await due(1) == ["table-1"]
    assert await due(5) == ["table-1", "table-2", "table-3"]
    assert await due(5, limit=2) == ["table-1", "table-2"]
    assert await due(5, after=first) == ["table-2", "table-3"]
    for others in (range(bucket), range(bucket + 1, BUCKETS)):
        found = await stores.usages.due(others, until=NOON, limit=1000)
        assert order.id not in {usage.order_id for usage in found}


async def test_of_many_that_want_one_table_just_one_gets_it(stores: Stores) -> None:
    first = await create(stores.orders)
    orders = [first, *[await create(stores.orders, merchant_id=first.merchant_id) for _ in range(7)]]

    got = await asyncio.gather(*(seat(stores, order, "table-4") for order in orders), return_exceptions=True)

    assert [type(each) for each in got if isinstance(each, BaseException)] == [UnitInUse] * 7
    assert await shown(stores, first.merchant_id) == ["table-4"]


async def test_a_checkout_keeps_what_it_is_told_of_the_tables(stores: Stores) -> None:
    order = await create(stores.orders)
    (usage,) = await seat(stores, order, "table-4")

    def decide(locked: Order) -> Decision:
        decision = checking_out()(locked)
        assert decision.change.snapshot is not None
        documents = tuple(usage.document() for usage in locked.seating.usages)
        snapshot = attrs.evolve(decision.change.snapshot, allocations=documents)
        return attrs.evolve(decision, change=attrs.evolve(decision.change, snapshot=snapshot))

    await stores.orders.change(OrderId(order.id), decide, merchant_id=order.merchant_id)

    found = await stores.orders.find(order.id, merchant_id=order.merchant_id)
    assert found.snapshot is not None
    assert found.snapshot.allocations == (usage.document(),)
