"""A whole sale over HTTP with a real PostgreSQL, Redis and Kafka: every record is there once, with every field."""

import itertools
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from live import Live
from sale_adapters.wire import json

SUCCESS_FIELDS = {
    "eventId",
    "saleOrderId",
    "saleOrderNumber",
    "saleOrderStatus",
    "previousSaleOrderStatus",
    "transition",
    "merchantId",
    "saleChannelId",
    "customerId",
    "payment",
    "totals",
    "items",
    "stocks",
}
UNSEEN = itertools.count(70_001)
ITEM_FIELDS = {"saleOrderItemId", "itemType", "itemId", "mode", "quantity", "unitPrice", "total"}


def _draft(sale: Live) -> str:
    return str(sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "customerId": "guest-7"})["id"])


def _checked_out_twice(sale: Live, order_id: str) -> int:
    """Fill an order, check it out, take that back, add one thing more and check it out again; return the total."""
    path = f"/sale-orders/{order_id}"
    sale.good("POST", f"{path}/items", {"itemId": "variant-pho"})
    merged = sale.good("POST", f"{path}/items", {"itemId": "variant-pho"})
    assert [(line["quantity"], line["total"]) for line in merged["items"]] == [(2, None)]
    parts = [{"itemId": "variant-banh-mi", "quantity": 1}, {"itemId": "variant-tra-da", "quantity": 1}]
    sale.good("POST", f"{path}/items", {"itemId": "variant-combo-sang", "quantity": 2, "components": parts})
    assert sale.good("POST", f"{path}/checkout", {})["status"] == "PROCESSING"
    reverted = sale.good("POST", f"{path}/revert", {"reason": "forgot the tea"})
    assert (reverted["status"], reverted["total"]) == ("DRAFT", None)
    sale.good("POST", f"{path}/items", {"itemId": "variant-tra-da"})
    seen = sale.good("GET", f"{path}/pricing-preview")
    order = sale.good("POST", f"{path}/checkout", {"expectedTotal": seen["total"]})
    assert order["snapshots"]["checkout"] == 2
    assert order["total"] == sum(line["total"] for line in order["items"])
    return int(order["total"])


def test_a_sale_goes_from_an_empty_order_to_one_record_for_each_transition(sale: Live) -> None:
    order_id = _draft(sale)
    total = _checked_out_twice(sale, order_id)
    rest = total - 100_000

    assert sale.pay(order_id, 100_000)[0] == "applied"
    assert sale.good("GET", f"/sale-orders/{order_id}")["status"] == "PARTIAL"
    assert sale.pay(order_id, rest, repeat=3).count("applied") == 1
    done = sale.good("GET", f"/sale-orders/{order_id}")
    assert (done["status"], done["paid"], done["unallocated"], done["isFullyPaid"]) == ("COMPLETED", total, 0, True)

    records = sale.records(order_id, count=2)
    events: list[Any] = [json.read(record.value) for record in records]
    assert [event["transition"] for event in events] == [1, 2]
    assert [event["saleOrderStatus"] for event in events] == ["PARTIAL", "COMPLETED"]
    assert [event["previousSaleOrderStatus"] for event in events] == ["PROCESSING", "PARTIAL"]
    assert [event["payment"]["paid"] for event in events] == [100_000, total]
    assert [event["payment"]["isFullyPaid"] for event in events] == [False, True]
    assert [attempt["amount"] for e in events for attempt in e["payment"]["attempts"]] == [100_000, rest]
    for record, event in zip(records, events, strict=True):
        assert set(event) == SUCCESS_FIELDS
        assert all(set(item) >= ITEM_FIELDS for item in event["items"])
        assert record.headers["ce_id"] == event["eventId"]
        assert record.headers["ce_type"] == "payment.success"
        assert {"ce_source", "ce_time", "ce_specversion", "content-type"} <= set(record.headers)


def test_a_dish_goes_through_the_kitchen_and_inventory_hears_of_each_step_in_its_order(sale: Live) -> None:
    order_id = _draft(sale)
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho", "quantity": 2})
    stove = {"id": "stove", "name": "Bếp", "categoryIds": ["category-mon-chinh"]}
    owner = {"authorization": f"Bearer {sale.token(roles=['owner'])}"}
    cook = {"authorization": f"Bearer {sale.token(roles=['cook'], userId='minh')}"}
    assert sale.call("PUT", "/kitchen-stations", {"stations": [stove]}, headers=owner).is_success
    (ticket,) = sale.good("POST", f"/sale-orders/{order_id}/kitchen-tickets")["tickets"]
    (item,) = ticket["items"]
    assert (ticket["stationId"], item["recipeId"]) == ("stove", "recipe-pho")
    for action in ("cook", "finish", "recall", "finish", "serve"):
        assert sale.call("POST", f"/kitchen-ticket-items/{item['id']}/{action}", headers=cook).is_success

    records = sale.records(order_id, count=5, topic="kitchen-ticket-item.status-changed")

    events: list[Any] = [json.read(record.value) for record in records]
    assert [event["status"] for event in events] == ["COOKING", "READY", "COOKING", "READY", "SERVED"]
    assert {(event["kitchenTicketItemId"], event["recipeId"], event["changedBy"]) for event in events} == {
        (item["id"], "recipe-pho", "minh")
    }
    assert {record.headers["ce_type"] for record in records} == {"kitchen-ticket-item.status-changed"}
    assert [record.headers["ce_id"] for record in records] == [event["eventId"] for event in events]


def test_money_after_the_end_is_kept_and_kafka_hears_nothing_more(sale: Live) -> None:
    order_id = _draft(sale)
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho"})
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 65_000, repeat=2, shuffle=True)

    assert "unallocated" in sale.pay(order_id, 1)

    assert sale.good("GET", f"/sale-orders/{order_id}")["unallocated"] == 1
    assert len(sale.records(order_id, count=2, timeout_seconds=2)) == 1


def test_the_outbox_says_where_on_kafka_each_event_lies(sale: Live) -> None:
    order_id = _draft(sale)
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho"})
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 65_000)

    (record,) = sale.records(order_id, count=1)

    with psycopg.connect(sale.stage.parts.postgres.url) as connection:
        rows = connection.execute(
            "SELECT partition, log_offset, published_at IS NOT NULL FROM outbox WHERE order_id = %s", (order_id,)
        ).fetchall()
    assert rows == [(record.partition, record.offset, True)]


@pytest.mark.parametrize(
    ("sister", "faults"),
    [
        ("pricing", {"down": True}),
        ("pricing", {"garbage": True}),
        ("pricing", {"latencyMs": 30_000}),
        ("pricing", {"failNext": 99, "failStatus": 500}),
        ("commerce", {"down": True}),
        ("commerce", {"latencyMs": 30_000}),
        ("commerce", {"garbage": True}),
    ],
)
def test_a_sick_sister_leaves_the_order_as_it_was(sale: Live, sister: str, faults: dict[str, object]) -> None:
    order_id = _draft(sale)
    before = sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho"})
    asked: tuple[str, object] = (f"/sale-orders/{order_id}/checkout", {})
    if sister == "commerce":
        # An item that no cache has seen yet, so that commerce is really asked.
        asked = (f"/sale-orders/{order_id}/items", {"itemId": f"variant-x-{next(UNSEEN)}"})
    sale.control(sister, **faults)
    try:
        answer = sale.call("POST", *asked)
    finally:
        sale.control(sister)

    assert (answer.status_code, answer.json()["code"]) == (503, "sister-unavailable")
    assert "retry-after" in answer.headers
    assert sale.good("GET", f"/sale-orders/{order_id}")["version"] == before["version"]


def test_pricing_that_refuses_is_passed_on_with_its_reason(sale: Live) -> None:
    order_id = _draft(sale)
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho"})
    sale.control("pricing", failNext=9, failStatus=422)
    try:
        answer = sale.call("POST", f"/sale-orders/{order_id}/checkout", {})
    finally:
        sale.control("pricing")

    assert (answer.status_code, answer.json()["code"]) == (422, "sister-refused")
    assert sale.good("GET", f"/sale-orders/{order_id}")["status"] == "DRAFT"


def test_an_exchange_rate_is_asked_for_and_told_to_kafka(sale: Live) -> None:
    created = sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "currency": "USD"})
    path = f"/sale-orders/{created['id']}"
    sale.good("POST", f"{path}/items", {"mode": "CUSTOM", "name": "Espresso", "unitPrice": "3.5"})
    assert sale.call("POST", f"{path}/checkout", {}).json()["code"] == "exchange-rate-required"
    sale.good("POST", f"{path}/checkout", {"exchangeRate": "26350.5"})
    body = {"saleOrderId": created["id"], "amount": 3.5}
    sale.client.post(f"{sale.stage.sandbox}/mq-pay/payments", json=body)

    (record,) = sale.records(created["id"], count=1)

    event: Any = json.read(record.value)
    payment = event["payment"]
    assert (payment["currency"], payment["exchangeRate"]) == ("USD", Decimal("26350.5"))
