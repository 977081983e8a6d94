"""Finance and inventory, which hear everything twice, book a sale right, and once (C2, C5)."""

from decimal import Decimal
from typing import Any

import pytest

from consumers import finance, finance_by_attempt, inventory
from counter import LAN, item, opened, pay
from sale_adapters.wire import json
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.ids import OrderId
from sale_domain.ports.publishing import OutboxRow
from sale_domain.use_cases.checkout import CheckoutRequest


@pytest.fixture
async def shop() -> InMemorySale:
    """Sell three phở on two lines and two combos with a tea; the guests pay in three parts, a little too much."""
    shop = compose_in_memory()
    items = (
        item("pho", 2),
        item("pho", 1, note="no onion"),
        item("combo-sang", 2, banh_mi=1, tra_da=1),
        item("tra-da"),
    )
    order_id = (await opened(shop, *items)).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest(expected_total=Decimal(270_000)))
    await pay(shop, order_id, "a1", 100_000)
    await pay(shop, order_id, "a2", 70_000)
    await pay(shop, order_id, "a3", 110_000)
    return shop


@pytest.fixture
def records(shop: InMemorySale) -> list[OutboxRow]:
    """Return the records as a consumer gets them that commits late: each one twice."""
    return [row for row in shop.store.outbox.rows.values() for _ in range(2)]


@pytest.fixture
def order_id(shop: InMemorySale) -> OrderId:
    (only,) = shop.store.orders
    return only


def read(row: OutboxRow) -> Any:  # noqa: ANN401 - any JSON
    return json.read(row.payload)


def test_the_sale_is_told_by_two_records(records: list[OutboxRow]) -> None:
    told = [read(row) for row in records[::2]]
    assert [(event["saleOrderStatus"], event["payment"]["paid"]) for event in told] == [
        ("PARTIAL", 100_000),
        ("COMPLETED", 270_000),
    ]


def test_finance_books_the_order_once_and_in_full(records: list[OutboxRow], order_id: OrderId) -> None:
    assert finance(records) == {order_id: Decimal(270_000)}


def test_finance_that_books_attempts_books_every_one_once(records: list[OutboxRow]) -> None:
    assert finance_by_attempt(records) == [
        ("a1", "vnpay", Decimal(100_000)),
        ("a2", "vnpay", Decimal(70_000)),
        ("a3", "vnpay", Decimal(110_000)),
    ]


@pytest.mark.parametrize("step", [1, -1])
def test_inventory_takes_every_stock_in_full_and_once(records: list[OutboxRow], order_id: OrderId, step: int) -> None:
    assert inventory(records[::step]) == {
        (order_id, "", "stock-pho"): Decimal(3),
        (order_id, "", "stock-banh-mi"): Decimal(2),
        (order_id, "", "stock-tra-da"): Decimal(3),
    }


def test_every_record_has_the_fields_of_the_contract(records: list[OutboxRow]) -> None:
    for event in map(read, records):
        assert set(event) == {
            "eventId",
            "saleOrderId",
            "saleOrderNumber",
            "saleOrderStatus",
            "previousSaleOrderStatus",
            "transition",
            "merchantId",
            "saleChannelId",
            "payment",
            "totals",
            "items",
            "stocks",
        }
        assert set(event["payment"]) == {
            "total",
            "paid",
            "currency",
            "exchangeRate",
            "isFullyPaid",
            "paidAt",
            "attempt",
            "attempts",
        }
        assert set(event["totals"]) == {"subtotal", "discount", "tax", "total"}
        assert set(event["items"][0]) == {
            "saleOrderItemId",
            "itemType",
            "itemId",
            "stockId",
            "recipeId",
            "mode",
            "quantity",
            "unitPrice",
            "total",
        }
        (bread,) = (line for line in event["items"] if line["itemId"] == "variant-banh-mi")
        assert bread["leadItemId"] == event["items"][2]["saleOrderItemId"]
        assert all(type(figure) in (int, Decimal) for figure in event["totals"].values())
