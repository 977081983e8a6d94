"""Others are told after the commit: the relay only of what it has to send, the screens of every change."""

from collections.abc import Sequence

import attrs
import pytest

from orders_world import Refused, adding, attempt, checking_out, fresh_merchant, opened, paying, pho
from sale_adapters.memory import ManualClock, MemoryOrders, MemoryStore
from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId
from sale_domain.kitchen import Kitchen, UnreadKitchen
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.orders import LINES, Decision, Need, OrderFilter
from sale_domain.ringing_orders import RingingOrders


@attrs.define
class Bell:
    """Notes how many events the store held whenever it rang."""

    store: MemoryStore
    heard: list[int] = attrs.field(factory=list)

    def ring(self) -> None:
        self.heard.append(len(self.store.outbox.rows))


@attrs.define
class Screens:
    """Notes what it was told, and how much of the merchant's history could be read then."""

    store: MemoryStore
    told: list[tuple[str, int, int]] = attrs.field(factory=list)

    def changed(self, merchant_id: MerchantId, entries: Sequence[FeedEntry]) -> None:
        readable = len(self.store.feeds[merchant_id])
        self.told += [(entry.action.value, entry.version, readable) for entry in entries]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(clock=ManualClock())


@pytest.fixture
def bell(store: MemoryStore) -> Bell:
    return Bell(store)


@pytest.fixture
def screens(store: MemoryStore) -> Screens:
    return Screens(store)


@pytest.fixture
def orders(store: MemoryStore, bell: Bell, screens: Screens) -> RingingOrders:
    return RingingOrders(MemoryOrders(store), alarm=bell, observers=screens)


async def checked_out(orders: RingingOrders) -> Order:
    order = (await orders.create(Decision(change=opened(fresh_merchant(), pho())), once=None)).order
    await orders.change(order.id, adding(pho()), merchant_id=order.merchant_id)
    return (await orders.change(order.id, checking_out(), merchant_id=order.merchant_id)).view.order


async def test_a_payment_transition_rings_when_its_event_can_be_seen(orders: RingingOrders, bell: Bell) -> None:
    order = await checked_out(orders)
    assert bell.heard == []
    await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    assert bell.heard == [1]
    await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    assert bell.heard == [1]


async def test_every_change_is_told_once_it_can_be_read_and_what_changes_nothing_is_not(
    orders: RingingOrders, screens: Screens
) -> None:
    order = await checked_out(orders)
    await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    assert screens.told == [
        ("ORDER_CREATED", 1, 1),
        ("ORDER_UPDATED", 2, 2),
        ("ORDER_CHECKED_OUT", 3, 3),
        ("ORDER_PAYMENT_UPDATED", 4, 4),
    ]


async def test_what_was_not_committed_rings_nobody(
    orders: RingingOrders, bell: Bell, screens: Screens, store: MemoryStore
) -> None:
    order = await checked_out(orders)
    before = list(screens.told)

    def refuse(_: Order) -> Decision:
        raise Refused

    with pytest.raises(Refused):
        await orders.change(order.id, refuse, merchant_id=None)
    store.fail_with = StoreUnavailable(reason="away")
    with pytest.raises(StoreUnavailable):
        await orders.change(order.id, paying(attempt(order.id, 1)), merchant_id=None)
    assert bell.heard == []
    assert screens.told == before


async def test_reading_goes_through(orders: RingingOrders, bell: Bell) -> None:
    order = await checked_out(orders)
    assert (await orders.find(order.id, merchant_id=order.merchant_id)).order.id == order.id
    page = await orders.find_many(OrderFilter(), merchant_id=order.merchant_id, after=None, limit=5)
    assert [found.id for found in page.orders] == [order.id]
    assert (await orders.find_many(OrderFilter(), merchant_id=order.merchant_id, after=order.id, limit=5)).orders == ()
    assert len((await orders.history(order.id, merchant_id=order.merchant_id)).entries) == 3
    assert bell.heard == []


async def test_a_command_is_shown_what_it_needs_of_an_order_and_no_more(orders: RingingOrders) -> None:
    order = await checked_out(orders)
    seen: list[type[Kitchen]] = []

    def look(found: Order) -> Decision:
        seen.append(type(found.kitchen))
        return Decision(change=Change(order=found))

    for needs in (LINES, Need.KITCHEN):
        await orders.change(order.id, look, merchant_id=order.merchant_id, needs=needs)
    assert seen == [UnreadKitchen, Kitchen]
