"""What a path may name in braces: all that handlers, 404s, log lines and the API document know of it."""

import re
from collections.abc import Callable, Mapping

import attrs

from sale_domain.ids import KitchenItemId, KitchenTicketId, LineId, OrderId, UsageId

_IN_BRACES = re.compile(r"{(\w+)}")


@attrs.frozen(kw_only=True)
class PathName:
    """An id of ours, as a path names it.

    Attributes:
        kind: The id's type, by which handlers ask for it: `call.named(OrderId)`.
        thing: What a 404 has not found.
        logged: What log lines call the id.
        meaning: What the API document says of it.
    """

    kind: Callable[[str], str]
    thing: str
    logged: str
    meaning: str


PATH_NAMES: Mapping[str, PathName] = {
    "orderId": PathName(
        kind=OrderId,
        thing="order",
        logged="order_id",
        meaning="The order's id; 404 when there is none of it, also when it is malformed.",
    ),
    "itemId": PathName(
        kind=LineId,
        thing="order item",
        logged="line_id",
        meaning="The line's id, as the order shows it.",
    ),
    "ticketId": PathName(
        kind=KitchenTicketId,
        thing="kitchen ticket",
        logged="ticket_id",
        meaning="The kitchen ticket's id, as it is listed.",
    ),
    "ticketItemId": PathName(
        kind=KitchenItemId,
        thing="kitchen ticket item",
        logged="item_id",
        meaning="The kitchen ticket item's id, as its ticket shows it.",
    ),
    "usageId": PathName(
        kind=UsageId,
        thing="allocation usage",
        logged="usage_id",
        meaning="The allocation usage's id, as it is listed.",
    ),
}
"""By what stands in the braces."""


def named_in(path: str) -> dict[str, PathName]:
    """Return what a path names, in its order.

    >>> list(named_in("/sale-orders/{orderId}/items/{itemId}"))
    ['orderId', 'itemId']

    Raises:
        ValueError: it names what is not in `PATH_NAMES`.
    """
    names = _IN_BRACES.findall(path)
    for name in names:
        if name not in PATH_NAMES:
            raise ValueError(f"{path}: say what {{{name}}} is in PATH_NAMES (src/sale_adapters/web/path_names.py)")
    return {name: PATH_NAMES[name] for name in names}
