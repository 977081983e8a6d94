"""What a command did not ask for: whoever uses it all the same is told so, instead of finding it empty."""

from collections.abc import Callable

import attrs
import pytest

from sale_domain.allocations import Seating, UnreadSeating
from sale_domain.ids import KitchenItemId, KitchenTicketId, UsageId
from sale_domain.kitchen import Kitchen, UnreadKitchen
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.seating import expire_due
from shop import draft, minutes, pho

KITCHEN: dict[str, Callable[[Kitchen], object]] = {
    "tickets": lambda kitchen: kitchen.tickets,
    "items": lambda kitchen: kitchen.items,
    "quantities": lambda kitchen: kitchen.quantities,
    "ticket": lambda kitchen: kitchen.ticket(KitchenTicketId("ticket-1")),
    "ticket_of": lambda kitchen: kitchen.ticket_of(KitchenItemId("item-1")),
    "abandoned": lambda kitchen: kitchen.abandoned(reason="gone", at=minutes(1), by="lan"),
    "after": lambda kitchen: kitchen.after(()),
}
SEATING: dict[str, Callable[[Seating], object]] = {
    "usages": lambda seating: seating.usages,
    "usage": lambda seating: seating.usage(UsageId("usage-1")),
    "units": lambda seating: seating.units(given_up=False),
    "following": lambda seating: seating.following(OrderStatus.CANCELLED, at=minutes(1), by="lan", reason=None),
    "expire_due": lambda seating: expire_due(attrs.evolve(draft(pho()), seating=seating), at=minutes(1), by="sweep"),
}


@pytest.mark.parametrize("use", KITCHEN.values(), ids=KITCHEN)
def test_an_unread_kitchen_is_not_an_empty_one(use: Callable[[Kitchen], object]) -> None:
    with pytest.raises(AssertionError, match="the kitchen was not read"):
        use(UnreadKitchen())


@pytest.mark.parametrize("use", SEATING.values(), ids=SEATING)
def test_an_unread_seating_is_not_an_empty_one(use: Callable[[Seating], object]) -> None:
    with pytest.raises(AssertionError, match="the seating was not read"):
        use(UnreadSeating())


def test_what_was_not_read_can_still_be_compared_shown_and_left_alone() -> None:
    assert (UnreadSeating(), UnreadKitchen()) == (UnreadSeating(), UnreadKitchen())
    assert UnreadSeating() != Seating()
    assert UnreadKitchen() != Kitchen()
    assert "Unread" in repr(attrs.evolve(draft(pho()), seating=UnreadSeating(), kitchen=UnreadKitchen()))
    goes_on = UnreadSeating().following(OrderStatus.PROCESSING, at=minutes(1), by="lan", reason=None)
    assert goes_on == (UnreadSeating(), ())
