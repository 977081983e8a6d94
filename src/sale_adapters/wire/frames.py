"""What the screens are told of a committed change (contract §8; C21: fields are only ever added)."""

from collections.abc import Mapping
from datetime import datetime

import attrs

from sale_adapters.wire import json
from sale_adapters.wire.forms import to_json
from sale_domain.documents import Json
from sale_domain.feed import FeedEntry
from sale_domain.ids import MerchantId


@attrs.frozen(kw_only=True)
class FrameData:
    """One committed change of one thing: a hint, to be followed by a look at the thing itself.

    Attributes:
        action: What happened: `ORDER_CREATED`, `TICKET_SENT`, …; expect more of them.
        id: The thing's id: the order's, the ticket's, the usage's.
        merchant_id: Whose thing it is: that of the connection.
        version: The thing's version after the change.
        status: Its status after the change.
        from_: Its status before; absent for a new thing.
        at: When it changed.
        by: The user, or `mq-pay`.
        transition: The payment transition's number, where it was one.
        item_id: The kitchen item that moved.
        item_status: What it became.
        station_id: The ticket's station: what a subscription's `stationId` chooses by.
        unit_id: The usage's unit: what `unitId` chooses by.
        from_unit_id: The unit that a moved usage has left: `unitId` chooses by it too.
        zone_id: The usage's zone: what `zoneId` chooses by.
        sale_order_id: The order that a ticket or a usage belongs to.
    """

    action: str
    id: str
    merchant_id: str
    version: int
    status: str
    from_: str | None = None
    at: datetime
    by: str
    transition: int | None = None
    item_id: str | None = None
    item_status: str | None = None
    station_id: str | None = None
    unit_id: str | None = None
    from_unit_id: str | None = None
    zone_id: str | None = None
    sale_order_id: str | None = None


@attrs.frozen(kw_only=True)
class Frame:
    """A change as the stream sends it.

    Attributes:
        topic: What kind of thing changed: one of those that were subscribed to.
        data: The change.
        seq: The merchant's feed number of the change.
        prev: The `seq` of the frame before it on this connection; for the first one, that of `subscribed`.
    """

    topic: str
    data: FrameData
    seq: int
    prev: int


@attrs.frozen(kw_only=True)
class SignalMessage:
    """A change as signal gets it, to be broadcast to a room.

    Attributes:
        topic: What kind of thing changed, as a frame says it.
        data: The change, as a frame has it.
        destination: The room: `merchant:` and the merchant's id.
    """

    topic: str
    data: FrameData
    destination: str


def frame_data(merchant_id: MerchantId, entry: FeedEntry) -> FrameData:
    """Return what a history entry tells the screens; its other data stays in the history."""
    more = entry.data or {}
    return FrameData(
        action=entry.action.value,
        id=entry.thing_id,
        merchant_id=merchant_id,
        version=entry.version,
        status=entry.status,
        from_=entry.from_status,
        at=entry.at,
        by=entry.by,
        transition=entry.transition,
        item_id=_text(more, "itemId"),
        item_status=_text(more, "itemStatus"),
        station_id=_text(more, "stationId"),
        unit_id=_text(more, "unitId"),
        from_unit_id=_text(more, "fromUnitId"),
        zone_id=_text(more, "zoneId"),
        sale_order_id=_text(more, "saleOrderId"),
    )


def signal_message(merchant_id: MerchantId, entry: FeedEntry) -> bytes:
    """Return what is published for signal; a merchant's screens are in the room `merchant:<id>`."""
    data = frame_data(merchant_id, entry)
    return json.write(to_json(SignalMessage(topic=entry.topic.value, data=data, destination=f"merchant:{merchant_id}")))


def _text(data: Mapping[str, Json], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None
