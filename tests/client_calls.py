"""Every method of the client with all that it can be told, for the tests that compare it with the OpenAPI document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs

from sale_adapters.client import Component, Custom, Portion, Product, Station
from sale_domain.kitchen_lifecycle import KitchenTicketStatus
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.usage_lifecycle import UsageStatus

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SAFELY = {"key": "key-1", "if_match": 3}
ALL_OF_A_PRODUCT = Product(
    item_id="variant-combo-sang",
    quantity=Decimal("1.5"),
    item_type="PRODUCT_VARIANT",
    note="hot",
    components=(Component(item_id="variant-tra-da", quantity=2),),
)
ALL_OF_A_CUSTOM = Custom(name="Bánh", unit_price=Decimal("250000.5"), quantity=2, note="blue")
ALL_OF_A_PORTION = Portion(
    sale_order_item_id="line-1", quantity=Decimal("0.5"), station_id="bar", course="main", note="hot"
)


@attrs.frozen
class Told:
    """A call with all that it can be told."""

    method: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = attrs.field(factory=dict)


def told(method: str, *positional: Any, **named: Any) -> Told:  # noqa: ANN401 - arguments of any method
    return Told(method, positional, named)


CALLS: Mapping[str, Sequence[Told]] = {
    "orders.create": [
        told(
            "create_order",
            sale_channel_id="channel-vnd",
            currency="VND",
            customer_id="guest-1",
            note="Bàn 5",
            items=[ALL_OF_A_PRODUCT, ALL_OF_A_CUSTOM],
            key="key-1",
        )
    ],
    "orders.find": [
        told(
            "orders",
            status=OrderStatus.DRAFT,
            sale_channel_id="channel-vnd",
            customer_id="guest-1",
            created_from=NOON,
            created_to=NOON,
            page_size=7,
        )
    ],
    "orders.find_by_id": [told("order", "thing-1")],
    "orders.history": [told("order_history", "thing-1")],
    "orders.preview_prices": [told("preview_prices", "thing-1")],
    "orders.add_item": [
        told("add_item", "thing-1", ALL_OF_A_PRODUCT, **SAFELY),
        told("add_item", "thing-1", ALL_OF_A_CUSTOM, **SAFELY),
    ],
    "orders.change_item": [told("change_item", "thing-1", "line-1", quantity=Decimal("1.5"), note="hot", if_match=3)],
    "orders.remove_item": [told("remove_item", "thing-1", "line-1", if_match=3)],
    "orders.remove_all_items": [told("remove_all_items", "thing-1", if_match=3)],
    "orders.check_out": [
        told("check_out", "thing-1", expected_total=Decimal("3.5"), exchange_rate=Decimal("26350.5"), **SAFELY)
    ],
    "orders.revert": [told("revert", "thing-1", reason="one more", **SAFELY)],
    "orders.cancel": [told("cancel", "thing-1", reason="gone", **SAFELY)],
    "payments.unallocated": [told("unallocated", page_size=7)],
    "kitchen.send": [told("send", "thing-1", [ALL_OF_A_PORTION], **SAFELY)],
    "kitchen.find": [
        told(
            "tickets",
            station_id="bar",
            statuses=[KitchenTicketStatus.PENDING, KitchenTicketStatus.READY],
            page_size=7,
        )
    ],
    "kitchen.find_by_id": [told("ticket", "thing-1")],
    "kitchen.void": [told("void_ticket", "thing-1", reason="it fell down", **SAFELY)],
    "kitchen.rush": [told("rush_ticket", "thing-1", **SAFELY)],
    "kitchen.cook": [told("cook_item", "thing-1", **SAFELY)],
    "kitchen.finish": [told("finish_item", "thing-1", **SAFELY)],
    "kitchen.serve": [told("serve_item", "thing-1", **SAFELY)],
    "kitchen.recall": [told("recall_item", "thing-1", **SAFELY)],
    "kitchen.void_item": [told("void_item", "thing-1", reason="it fell down", **SAFELY)],
    "kitchen.stations": [told("stations")],
    "kitchen.replace_stations": [
        told(
            "replace_stations",
            [Station(id="bar", name="Bar", item_ids=["variant-tra-da"], category_ids=["drinks"])],
            if_match=3,
        )
    ],
    "allocations.allocate": [
        told("allocate", "thing-1", ["table-4"], zone_id="garden", unit_type="TABLE", reserved_to=NOON, **SAFELY)
    ],
    "allocations.find": [told("usages", zone_id="garden", unit_id="table-4", status=UsageStatus.SUCCESS, page_size=7)],
    "allocations.complete": [told("complete_usage", "thing-1", **SAFELY)],
    "allocations.cancel": [told("cancel_usage", "thing-1", reason="late", **SAFELY)],
    "allocations.move": [told("move_usage", "thing-1", unit_id="table-5", **SAFELY)],
}
"""By the document's operationId."""
