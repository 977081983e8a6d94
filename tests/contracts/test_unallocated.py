"""What every store of orders promises of the money that pays for nothing yet (contract §6)."""

from datetime import timedelta

from orders_world import MORNING, attempt, checking_out, create, fresh_merchant, paying
from sale_domain.ids import MerchantId, OrderId
from sale_domain.ports.orders import Decision, OrderFilter
from stores import Stores


async def listed(stores: Stores, merchant: MerchantId) -> list[OrderId]:
    page = await stores.orders.find_many(OrderFilter(unallocated=True), merchant_id=merchant, after=None, limit=10)
    return [order.id for order in page.orders]


async def test_only_orders_with_more_money_than_they_could_use_are_listed_newest_first(stores: Stores) -> None:
    merchant = fresh_merchant()
    unpaid, early, partly, over, cancelled = [await create(stores.orders, merchant_id=merchant) for _ in range(5)]
    for order in (unpaid, partly, over, cancelled):
        await stores.orders.change(order.id, checking_out(), merchant_id=merchant)
    for order, amount in ((early, 1), (partly, 1), (over, 900_000), (cancelled, 1)):
        await stores.orders.change(order.id, paying(attempt(order.id, amount)), merchant_id=None)
    await stores.orders.change(
        cancelled.id,
        lambda o: Decision(change=o.cancel(reason="gone", at=MORNING + timedelta(hours=1), by="lan")),
        merchant_id=merchant,
    )
    await create(stores.orders)

    assert await listed(stores, merchant) == [cancelled.id, over.id, early.id]
    assert await listed(stores, fresh_merchant()) == []


async def test_a_later_checkout_takes_an_order_off_the_list(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, paying(attempt(order.id, 65_000)), merchant_id=None)
    assert await listed(stores, order.merchant_id) == [order.id]

    await stores.orders.change(order.id, checking_out(), merchant_id=order.merchant_id)

    assert await listed(stores, order.merchant_id) == []


async def test_the_list_goes_page_by_page(stores: Stores) -> None:
    merchant = fresh_merchant()
    made = [await create(stores.orders, merchant_id=merchant) for _ in range(3)]
    for order in made:
        await stores.orders.change(order.id, paying(attempt(order.id, 5)), merchant_id=None)

    which = OrderFilter(unallocated=True)
    first = await stores.orders.find_many(which, merchant_id=merchant, after=None, limit=2)
    last = await stores.orders.find_many(which, merchant_id=merchant, after=first.next_after, limit=2)

    assert [order.id for order in (*first.orders, *last.orders)] == [order.id for order in reversed(made)]
    assert (last.next_after, first.feed_seq) == (None, 6)
