"""A state machine for Hypothesis that lives through sales in a whole Sale; users add rules and invariants."""

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sale_app.in_memory import InMemorySale, compose_in_memory
from sale_app.testing.payments import Pay, paying
from sale_domain.context import Context
from sale_domain.errors import SaleError
from sale_domain.ids import ItemId, MerchantId, OrderId, SaleChannelId, UserId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.orders import Order
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest

T = TypeVar("T")

CASHIER = Context(merchant_id=MerchantId("merchant-1"), user_id=UserId("cashier"))
"""Who gives the commands."""

_QUANTITIES = st.sampled_from([Decimal(1), Decimal(2), Decimal(5)])
_ITEMS = st.sampled_from(["variant-pho", "variant-banh-mi", "variant-tra-da"])


class SaleMachine(RuleBasedStateMachine):
    """Orders that are filled, checked out, paid, cooked, taken back and given up, in any order.

    Subclass it, add `@invariant()`s that look at `shop` (its `events`, say), and run `YourMachine.TestCase`. What Sale
    refuses changes nothing and is no failure.

    Attributes:
        shop: The whole service; its parts may be taken hold of in rules.
        orders: The ids of the orders so far.
        pay: Plays mq-pay.
    """

    shop: InMemorySale
    pay: Pay

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[OrderId] = []
        self._runner = asyncio.Runner()
        self.shop = compose_in_memory()
        self.pay = paying(self.shop)

    def teardown(self) -> None:
        """Close what the machine ran in."""
        self._runner.close()

    def run(self, command: Coroutine[Any, Any, T]) -> T | None:
        """Run a command; None when Sale refuses it."""
        try:
            return self._runner.run(command)
        except SaleError:
            return None

    def order(self, place: int) -> Order:
        """Return one of the orders, counted round."""
        return self.shop.store.orders[self.orders[place % len(self.orders)]]

    @initialize(item=_ITEMS, quantity=_QUANTITIES)
    def first_order(self, item: str, quantity: Decimal) -> None:
        """Open the order that there always is."""
        self.open_order(item, quantity)

    @rule(item=_ITEMS, quantity=_QUANTITIES)
    def open_another_order(self, item: str, quantity: Decimal) -> None:
        """Serve one guest more."""
        if len(self.orders) < 3:  # noqa: PLR2004 - enough for orders to get mixed up
            self.open_order(item, quantity)

    def open_order(self, item: str, quantity: Decimal) -> None:
        """Open an order with one line."""
        first = ProductRequest(item_id=ItemId(item), quantity=quantity)
        new = NewOrder(sale_channel_id=SaleChannelId("channel-vnd"), items=(first,))
        if view := self.run(self.shop.sale.create_order(CASHIER, new)):
            self.orders.append(view.order.id)

    @rule(place=st.integers(0, 2), item=_ITEMS, quantity=_QUANTITIES)
    def add_item(self, place: int, item: str, quantity: Decimal) -> None:
        """Add to a DRAFT."""
        wanted = ProductRequest(item_id=ItemId(item), quantity=quantity)
        self.run(self.shop.sale.add_item(CASHIER, self.order(place).id, wanted))

    @rule(place=st.integers(0, 2))
    def check_out(self, place: int) -> None:
        """Freeze the prices."""
        self.run(self.shop.sale.check_out(CASHIER, self.order(place).id, CheckoutRequest()))

    @rule(place=st.integers(0, 2))
    def revert(self, place: int) -> None:
        """Take a checkout back."""
        self.run(self.shop.sale.revert(CASHIER, self.order(place).id, reason=None))

    @rule(place=st.integers(0, 2), seldom=st.sampled_from([False] * 4 + [True]))
    def cancel(self, place: int, *, seldom: bool) -> None:
        """Give an order up, now and then."""
        if seldom:
            self.run(self.shop.sale.cancel(CASHIER, self.order(place).id, reason="a storm"))

    @rule(place=st.integers(0, 2), percent=st.sampled_from([10, 50, 100, 120]))
    def pay_some(self, place: int, percent: int) -> None:
        """Let money come, also before the checkout, and also too much."""
        order = self.order(place)
        due = Decimal(65_000) if order.totals is None else order.totals.total.amount
        self._runner.run(self.pay(order.id, due * percent / 100))

    @rule(place=st.integers(0, 2))
    def hear_of_the_money_again(self, place: int) -> None:
        """Let mq-pay repeat what it told first."""
        order = self.order(place)
        for fact in order.ledger.facts[:1]:
            self._runner.run(self.pay(order.id, fact.amount, uid=fact.attempt_uid))

    @rule(place=st.integers(0, 2))
    def send(self, place: int) -> None:
        """Send what is unsent to the kitchen."""
        self.run(self.shop.sale.send(CASHIER, self.order(place).id, ()))

    @rule(place=st.integers(0, 2), item=st.integers(0, 5), action=st.sampled_from(KitchenItemAction))
    def cook(self, place: int, item: int, action: KitchenItemAction) -> None:
        """Tap on a dish, rightly or not."""
        if sent := self.order(place).kitchen.items:
            reason = "dropped" if action is KitchenItemAction.VOID else None
            self.run(self.shop.sale.act_on_kitchen_item(CASHIER, sent[item % len(sent)].id, action, reason=reason))

    @rule(seconds=st.integers(1, 3_600))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.shop.clock.advance(seconds)
