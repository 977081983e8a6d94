"""Orders as callers see them: every field there, null where unknown, money as plain numbers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_adapters.wire import json
from sale_adapters.wire.answers import answer_json
from sale_adapters.wire.bodies import OrderQuery
from sale_adapters.wire.order_history import history_body
from sale_adapters.wire.order_preview import preview_body
from sale_adapters.wire.orders import order_body, order_list_body
from sale_adapters.wire.parsing import parse_query
from sale_domain.documents import JsonObject
from sale_domain.ids import ItemId, LineId, MerchantId, OrderId, RecipeId, SaleChannelId, StockId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.lines import Component, LinePrice, NewCustom, NewProduct
from sale_domain.money import Currency, Money
from sale_domain.orders import Order
from sale_domain.ports.orders import History, NumberedEntry, OrderPage
from sale_domain.quotes import Quote, QuotedLine, Totals
from sale_domain.snapshots import CheckoutSnapshot, ItemSnapshot
from sale_domain.use_cases.checkout import Preview
from sale_domain.views import OrderView

VND = Currency("VND")
AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
ORDER = OrderId("01KE6YB4M0000000000000000126")
PHO = LineId("01KE6YB4M0000000000000000226")


def money(amount: str | int) -> Money:
    return Money(Decimal(amount), VND)


def draft() -> Order:
    empty = Order(
        id=ORDER,
        number=f"20260105073000-{ORDER}",
        merchant_id=MerchantId("merchant-1"),
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=VND,
        created_at=AT,
        created_by="lan",
        updated_at=AT,
    )
    pho = NewProduct(id=PHO, item_id=ItemId("variant-pho"), name="Phở bò tái", quantity=Decimal(2), note="ít hành")
    return empty.created(items=(pho,)).order


def quote() -> Quote:
    nothing = money(0)
    price = LinePrice(
        base_price=money(65_000), unit_price=money(65_000), discount=nothing, tax=nothing, total=money(130_000)
    )
    totals = Totals(subtotal=money(130_000), discount=nothing, tax=nothing, total=money(130_000))
    line = QuotedLine(price=price, fare_id="fare-1", fare_provider="house")
    return Quote(lines={PHO: line}, totals=totals, document={"totals": {"total": Decimal("130000.0000")}})


def snapshot() -> CheckoutSnapshot:
    item = ItemSnapshot(
        product_variant={"id": "variant-pho"},
        stock_id=StockId("stock-pho"),
        recipe_id=RecipeId("recipe-pho"),
        fare_id="fare-1",
        fare_provider="house",
    )
    return CheckoutSnapshot(
        checkout=1,
        at=AT,
        pricing_v1=quote().document,
        pricing_v2={"order": {"rules": [1]}},
        sale_channel={"id": "channel-vnd"},
        items={PHO: item},
    )


def paid() -> OrderView:
    fact = PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=ORDER),
        amount=Decimal("65000.5000"),
        attempt_uid="attempt-1",
        payment_provider="CASH",
        at=AT,
    )
    committed = draft().check_out(quote(), snapshot(), at=AT, by="lan").order
    return OrderView(order=committed.record_payment(fact, at=AT)[1].order, snapshot=snapshot())


def seen(value: object) -> Any:  # noqa: ANN401 - JSON that is looked into
    return json.read(json.write(answer_json(value)))


def test_a_draft_has_every_field_and_null_where_nothing_is_known() -> None:
    assert seen(order_body(OrderView(order=draft()))) == {
        "id": ORDER,
        "orderNumber": f"20260105073000-{ORDER}",
        "merchantId": "merchant-1",
        "saleChannelId": "channel-vnd",
        "customerId": None,
        "status": "DRAFT",
        "version": 1,
        "currency": "VND",
        "exchangeRate": None,
        "note": None,
        "items": [
            {
                "id": PHO,
                "mode": "PRODUCT",
                "itemType": "PRODUCT_VARIANT",
                "itemId": "variant-pho",
                "name": "Phở bò tái",
                "leadItemId": None,
                "quantity": 2,
                "basePrice": None,
                "unitPrice": None,
                "discount": None,
                "tax": None,
                "total": None,
                "note": "ít hành",
                "sentQuantity": 0,
            }
        ],
        "subtotal": None,
        "discount": None,
        "tax": None,
        "total": None,
        "received": 0,
        "paid": 0,
        "unallocated": 0,
        "isFullyPaid": False,
        "payments": [],
        "snapshots": None,
        "createdAt": "2026-01-05T07:30:00Z",
        "createdBy": "lan",
        "updatedAt": "2026-01-05T07:30:00Z",
        "checkedOutAt": None,
        "completedAt": None,
        "cancelledAt": None,
        "cancelReason": None,
    }


def test_a_partly_paid_order_shows_prices_payments_and_what_checkout_froze() -> None:
    order = seen(order_body(paid()))

    assert (order["status"], order["total"], order["received"], order["paid"], order["unallocated"]) == (
        "PARTIAL",
        130000,
        Decimal("65000.5"),
        Decimal("65000.5"),
        0,
    )
    assert (order["items"][0]["basePrice"], order["items"][0]["total"]) == (65000, 130000)
    assert order["payments"] == [
        {
            "transactionUid": None,
            "attemptUid": "attempt-1",
            "status": "success",
            "amount": Decimal("65000.5"),
            "paymentProvider": "CASH",
            "at": "2026-01-05T07:30:00Z",
        }
    ]
    assert order["snapshots"] == {
        "checkout": 1,
        "at": "2026-01-05T07:30:00Z",
        "pricingV1": {"totals": {"total": 130000}},
        "pricingV2": {"order": {"rules": [1]}},
        "saleChannel": {"id": "channel-vnd"},
        "items": {
            PHO: {
                "productVariant": {"id": "variant-pho"},
                "productInfo": None,
                "category": None,
                "stockId": "stock-pho",
                "recipeId": "recipe-pho",
                "fareId": "fare-1",
                "fareProvider": "house",
            }
        },
        "allocations": [],
    }


def test_a_custom_line_keeps_its_own_price_and_a_child_names_its_lead() -> None:
    cake = NewCustom(id=LineId("cake"), name="Bánh", unit_price=Decimal("250000.50"), quantity=Decimal(1))
    tea = Component(id=LineId("tea"), item_id=ItemId("variant-tra-da"), name="Trà đá", quantity=Decimal(2))
    combo = NewProduct(
        id=LineId("combo"), item_id=ItemId("variant-combo"), name="Combo", quantity=Decimal(3), components=(tea,)
    )
    order = draft().add_item(cake, at=AT, by="lan").order.add_item(combo, at=AT, by="lan").order

    _, custom, lead, child = seen(order_body(OrderView(order=order)))["items"]

    assert (custom["mode"], custom["itemId"], custom["unitPrice"]) == ("CUSTOM", None, Decimal("250000.5"))
    assert (lead["leadItemId"], child["leadItemId"], child["quantity"]) == (None, "combo", 6)


def test_a_list_leads_on_with_a_cursor_that_can_be_sent_back() -> None:
    page = seen(order_list_body(OrderPage(orders=(draft(),), next_after=ORDER, feed_seq=7)))

    assert [order["id"] for order in page["items"]] == [ORDER]
    assert parse_query([("cursor", page["nextCursor"])], OrderQuery).cursor == ORDER
    assert seen(order_list_body(OrderPage(orders=(), next_after=None, feed_seq=7))) == {"items": [], "nextCursor": None}


def test_history_tells_what_each_command_did() -> None:
    change = draft().change_item(PHO, quantity=Decimal(3), at=AT, by="lan")
    assert change.entries

    assert seen(history_body(History(entries=(NumberedEntry(n=9, entry=change.entries[0]),), feed_seq=9))) == {
        "items": [
            {
                "n": 9,
                "at": "2026-01-05T07:30:00Z",
                "by": "lan",
                "action": "ORDER_UPDATED",
                "from": "DRAFT",
                "to": "DRAFT",
                "version": 2,
                "reason": None,
                "transition": None,
                "data": {"lineId": PHO, "quantity": 3},
            }
        ]
    }


def test_a_preview_shows_what_each_line_would_cost() -> None:
    assert seen(preview_body(Preview(order=draft(), quote=quote()))) == {
        "currency": "VND",
        "items": [{"lineId": PHO, "basePrice": 65000, "unitPrice": 65000, "discount": 0, "tax": 0, "total": 130000}],
        "subtotal": 130000,
        "discount": 0,
        "tax": 0,
        "total": 130000,
    }


@given(st.decimals(min_value=-(10**11) + 1, max_value=10**11 - 1, places=4))
def test_money_is_written_digit_by_digit_without_an_exponent(amount: Decimal) -> None:
    written = json.write({"amounts": [json.plain(amount)]})

    assert b"E" not in written
    assert json.read(written) == {"amounts": [amount]}


@attrs.frozen(kw_only=True)
class _Shown:
    document: JsonObject


@pytest.mark.parametrize("number", ["1E+30", "0.1234567890123456789012345678901234567890", "65000.00", "-0.0"])
def test_another_services_document_is_shown_as_it_came_whatever_its_numbers(number: str) -> None:
    document: Any = json.read(f'{{"weight":{number}}}'.encode())

    assert json.write(answer_json(_Shown(document=document))) == f'{{"document":{{"weight":{number}}}}}'.encode()
