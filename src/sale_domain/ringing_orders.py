"""Orders at rest that tell of their commits: the relay when it has something to send, the screens of every change."""

from sale_domain.ids import MerchantId, OrderId
from sale_domain.ports.answers import Once
from sale_domain.ports.feed import Observers
from sale_domain.ports.orders import (
    EVERYTHING,
    Committed,
    Decide,
    Decision,
    History,
    Need,
    OrderFilter,
    OrderPage,
    Orders,
)
from sale_domain.ports.runtime import Alarm
from sale_domain.views import OrderView


class RingingOrders:
    """The `Orders` port around another one; `NOTIFY` inside the transaction would take a global lock instead."""

    def __init__(self, orders: Orders, *, alarm: Alarm, observers: Observers) -> None:
        """Wrap a port.

        Args:
            orders: Where the commits happen.
            alarm: Wakes the relay.
            observers: Are told of every entry of the history.
        """
        self._orders = orders
        self._alarm = alarm
        self._observers = observers

    async def create(self, decision: Decision, *, once: Once | None) -> OrderView:
        """See `Orders`."""
        view = await self._orders.create(decision, once=once)
        self._tell_of(decision)
        return view

    async def change(
        self,
        order_id: OrderId,
        decide: Decide,
        *,
        merchant_id: MerchantId | None,
        needs: Need = EVERYTHING,
        once: Once | None = None,
    ) -> Committed:
        """See `Orders`."""
        committed = await self._orders.change(order_id, decide, merchant_id=merchant_id, needs=needs, once=once)
        self._tell_of(committed.decision)
        return committed

    async def find(self, order_id: OrderId, *, merchant_id: MerchantId) -> OrderView:
        """See `Orders`."""
        return await self._orders.find(order_id, merchant_id=merchant_id)

    async def find_many(
        self, which: OrderFilter, *, merchant_id: MerchantId, after: OrderId | None, limit: int
    ) -> OrderPage:
        """See `Orders`."""
        return await self._orders.find_many(which, merchant_id=merchant_id, after=after, limit=limit)

    async def history(self, order_id: OrderId, *, merchant_id: MerchantId) -> History:
        """See `Orders`."""
        return await self._orders.history(order_id, merchant_id=merchant_id)

    def _tell_of(self, decision: Decision) -> None:
        if decision.messages:
            self._alarm.ring()
        if decision.change.entries:
            self._observers.changed(decision.change.order.merchant_id, decision.change.entries)
