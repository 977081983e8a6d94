"""A frame, and what else the server says, as the documentation shows them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sale_adapters.web.stream.messages import Connected, Resync, Subscribed
from sale_adapters.wire.forms import to_json
from sale_adapters.wire.frames import Frame, SignalMessage, frame_data
from sale_domain.documents import Json
from sale_domain.feed import FeedAction, FeedEntry, Topic
from sale_domain.ids import MerchantId

_AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
_TOPIC = Topic.SALE_ORDER


def stream_examples() -> Mapping[str, Json]:
    """Return an example of every message, by its name."""
    merchant_id = MerchantId("merchant-1")
    data = frame_data(
        merchant_id,
        FeedEntry(
            topic=_TOPIC,
            action=FeedAction.ORDER_PAYMENT_UPDATED,
            thing_id="01KE6YB4M0000000000000000126",
            version=4,
            status="COMPLETED",
            from_status="PROCESSING",
            at=_AT,
            by="mq-pay",
            transition=1,
        ),
    )
    connected = Connected(id="01KE6YB4M0000000000000000400", user_id="user-lan", time=_AT)
    return {
        "frame": to_json(Frame(topic=_TOPIC.value, data=data, seq=42, prev=41)),
        "connected": _event("connected", connected),
        "subscribed": _event("subscribed", Subscribed(topics=(_TOPIC.value,), seq=41)),
        "resync": _event("resync", Resync(topics=(_TOPIC.value,))),
        "signal": to_json(SignalMessage(topic=_TOPIC.value, data=data, destination=f"merchant:{merchant_id}")),
    }


def _event(name: str, data: object) -> Json:
    return {"event": name, "data": to_json(data)}
