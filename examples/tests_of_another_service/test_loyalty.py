"""Loyalty, tested with a whole Sale in process: `pip install 'sale[testing]'`, and pytest has these fixtures."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant
from loyalty import Loyalty, treat

from sale_adapters.client import Product, SaleClient
from sale_adapters.memory import CapturedEvents
from sale_app.in_memory import InMemorySale
from sale_app.testing import events
from sale_app.testing.machine import SaleMachine
from sale_app.testing.payments import Pay
from sale_domain import PAYMENT_SUCCESS, PaymentSuccess, write_event
from sale_domain.port_errors import SisterUnavailable

TWO_PHO = {"saleChannelId": "channel-vnd", "items": [{"itemId": "variant-pho", "quantity": 2}]}
AWAY = SisterUnavailable(sister="commerce", reason="connection refused")


@pytest.fixture
def anyio_backend() -> str:
    """Run the async tests on asyncio, by anyio's plugin, which comes with httpx; pytest-asyncio does as well."""
    return "asyncio"


async def opened(sale_http: httpx.AsyncClient) -> str:
    answer = await sale_http.post("/sale-orders", json=TWO_PHO)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.anyio
async def test_an_order_paid_in_two_parts_gives_its_points_once(
    sale_http: httpx.AsyncClient, sale_pay: Pay, sale_events: CapturedEvents
) -> None:
    order_id = await opened(sale_http)
    await sale_http.post(f"/sale-orders/{order_id}/checkout", json={"expectedTotal": 130_000})
    assert await sale_pay(order_id, 100_000) == "applied"
    assert await sale_pay(order_id, 30_000, provider="VNPAY") == "applied"

    loyalty = Loyalty()
    for record in sale_events.records():
        loyalty.hear(record.topic, record.value)
        loyalty.hear(record.topic, record.value)

    assert loyalty.points == {order_id: 130}
    assert [event.sale_order_status for event in sale_events.of(PaymentSuccess)] == ["PARTIAL", "COMPLETED"]


@pytest.mark.anyio
async def test_the_tea_is_tried_again_when_commerce_hiccups_and_given_up_when_it_is_away(
    sale: InMemorySale, sale_client: SaleClient
) -> None:
    order = await sale_client.create_order(sale_channel_id="channel-vnd", items=[Product(item_id="variant-pho")])
    sale.catalog.then(AWAY)
    assert await treat(sale_client, order.id)
    sale.catalog.fail_with = AWAY
    assert not await treat(sale_client, order.id)
    sale.catalog.fail_with = None
    order = await sale_client.order(order.id)
    assert [line.item_id for line in order.items] == ["variant-pho", "variant-tra-da"]


def test_the_hour_and_the_ids_are_the_tests_own(sale: InMemorySale, sale_http_sync: httpx.Client) -> None:
    sale.clock.advance(3_600)
    order: Any = sale_http_sync.post("/sale-orders", json=TWO_PHO).json()
    assert order["createdAt"] == "2026-01-05T08:30:00Z"
    assert order["id"].startswith("0000000000000000000000000")


@settings(max_examples=30, deadline=None)
@given(told=events.payments(), data=st.data())
def test_however_kafka_repeats_itself_the_points_are_counted_once(
    told: tuple[PaymentSuccess, ...], data: st.DataObject
) -> None:
    loyalty = Loyalty()
    for event in data.draw(events.heard(told)):
        loyalty.hear(PAYMENT_SUCCESS, write_event(event))
    last = told[-1]
    worth = {last.sale_order_id: int(last.totals.total // 1_000)} if last.payment.is_fully_paid else {}
    assert loyalty.points == worth


class LoyaltyMachine(SaleMachine):
    """Whole sales, and after every step the points are what the paid orders are worth."""

    @invariant()
    def points_are_what_was_paid(self) -> None:
        """Compare with the orders themselves."""
        loyalty = Loyalty()
        for record in self.shop.events.records():
            loyalty.hear(record.topic, record.value)
        paid = [order for order in self.shop.store.orders.values() if order.status.value == "COMPLETED"]
        assert loyalty.points == {order.id: int(order.paid.amount // 1_000) for order in paid}


TestLoyalty = LoyaltyMachine.TestCase
TestLoyalty.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
