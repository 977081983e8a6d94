"""An evening's kitchen is put together in one pass over its rows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sale_adapters.postgres.kitchen_rows import kitchen_of

AT = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)
TICKETS, ITEMS_EACH = 100, 2


class ItemRow(dict[str, Any]):
    """Counts how often somebody asks which ticket it is on."""

    asked = 0

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any column
        self.asked += name == "ticket_id"
        return super().__getitem__(name)


def ticket_row(n: int) -> dict[str, Any]:
    own = {"id": f"ticket-{n}", "station_id": None, "version": 1, "rush": False, "order_cancelled": False}
    return {**own, "sent_at": AT, "sent_by": "user-lan"}


def item_row(n: int) -> ItemRow:
    what = {"line_id": "line-1", "item_type": "PRODUCT_VARIANT", "item_id": "variant-pho", "name": "Phở bò"}
    how = {"quantity": Decimal(1), "status": "PENDING", "course": None, "note": None, "recipe_id": None, "moves": 0}
    when = {"changed_at": AT, "changed_by": "user-lan", "void_reason": None}
    return ItemRow(id=f"item-{n}", ticket_id=f"ticket-{n % TICKETS}", **what, **how, **when)


def test_every_item_is_on_its_ticket_and_is_looked_at_once() -> None:
    items = [item_row(n) for n in range(TICKETS * ITEMS_EACH)]

    kitchen = kitchen_of([ticket_row(n) for n in range(TICKETS)], items)

    assert [item.id for item in kitchen.tickets[7].items] == ["item-7", "item-107"]
    assert len(kitchen.items) == len(items)
    assert {row.asked for row in items} == {1}
