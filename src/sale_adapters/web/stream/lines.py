"""A change on its way to many screens: written as JSON once, and completed for each of them."""

import attrs

from sale_adapters.wire import json
from sale_adapters.wire.forms import to_json
from sale_adapters.wire.frames import FrameData, frame_data
from sale_domain.feed import FeedAction, Topic
from sale_domain.ids import MerchantId
from sale_domain.permissions import Permission
from sale_domain.ports.orders import NumberedEntry

ORDERS = Topic.SALE_ORDER.value
TICKETS = Topic.KITCHEN_TICKET.value
USAGES = Topic.ALLOCATION_USAGE.value

PERMISSIONS = {
    ORDERS: Permission.ORDER_FIND,
    TICKETS: Permission.KITCHEN_TICKET_FIND,
    USAGES: Permission.USAGE_FIND,
}
"""Every topic that there is, and who may follow it: whoever may list its things."""

ACTIONS = {topic: tuple(action.value for action in FeedAction if action.topic.value == topic) for topic in PERMISSIONS}
"""What can be told of each topic."""


@attrs.frozen(kw_only=True, eq=False)
class Line:
    """A change, and its frame up to what differs from screen to screen; equal to itself alone."""

    seq: int
    topic: str
    data: FrameData
    opening: str

    def frame(self, prev: int) -> str:
        """Return the whole frame."""
        return f'{self.opening},"seq":{self.seq},"prev":{prev}}}'


def line_of(merchant_id: MerchantId, row: NumberedEntry) -> Line:
    """Write a history entry."""
    topic, data = row.entry.topic.value, frame_data(merchant_id, row.entry)
    text = json.write({"topic": topic, "data": to_json(data)}).decode()
    return Line(seq=row.n, topic=topic, data=data, opening=text.removesuffix("}"))


@attrs.frozen(kw_only=True)
class Subscription:
    """What a screen wants to see: topics, and of tickets and usages only those of a room.

    Attributes:
        since: Where it left off; None to begin now.
    """

    topics: tuple[str, ...]
    station_id: str | None = None
    unit_id: str | None = None
    zone_id: str | None = None
    since: int | None = None

    def shows(self, line: Line) -> bool:
        """Tell whether a change is to be seen."""
        if line.topic not in self.topics:
            return False
        if line.topic == TICKETS:
            return _is(self.station_id, line.data.station_id)
        if line.topic != USAGES:
            return True
        units = line.data.unit_id, line.data.from_unit_id
        return _is(self.unit_id, *units) and _is(self.zone_id, line.data.zone_id)


def _is(wanted: str | None, *values: str | None) -> bool:
    return wanted in (None, *values)
