"""What client and server say to each other on the stream beside frames: read strictly, written once (contract §8)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import attrs

from sale_adapters.web.stream.lines import PERMISSIONS, Subscription
from sale_adapters.wire import json
from sale_adapters.wire.forms import to_json
from sale_adapters.wire.parsing import parse_part
from sale_adapters.wire.refusals import FieldError, InvalidInput
from sale_adapters.wire.scalars import FeedNumber, Text, Token

MAX_MESSAGE = 64 * 1024
"""Bytes of the largest message that a client may send; the longest subscription needs less than half of it."""


@attrs.frozen(kw_only=True)
class Authenticate:
    """Who connects, and for which merchant: the first message.

    Attributes:
        type: Nothing but Bearer.
        token: What would stand behind `Bearer` in the header `Authorization` of a request.
        merchant_id: Whose changes are to be seen; the token has to permit it.
    """

    type: Literal["Bearer"] = "Bearer"
    token: Token
    merchant_id: Text


@attrs.frozen(kw_only=True)
class Subscribe:
    """What is to be seen; another one later replaces it.

    Attributes:
        topics: The topics to follow; none pauses.
        station_id: Of kitchen tickets, those of this station only.
        unit_id: Of allocation usages, those of this unit only, and those that leave it.
        zone_id: Of allocation usages, those of this zone only.
        since: Go on behind this `seq`: that of the last frame, or `X-Feed-Seq`. Absent: from now on.
    """

    topics: tuple[Text, ...]
    station_id: Text | None = None
    unit_id: Text | None = None
    zone_id: Text | None = None
    since: FeedNumber | None = None

    def subscription(self) -> Subscription:
        """Return it with topics that exist.

        Raises:
            InvalidInput: one of the topics does not.
        """
        wrong = [number for number, topic in enumerate(self.topics) if topic not in PERMISSIONS]
        if wrong:
            detail = f"is no topic; there are {', '.join(PERMISSIONS)}"
            raise InvalidInput(
                errors=tuple(FieldError(pointer=f"/data/topics/{number}", detail=detail) for number in wrong)
            )
        return Subscription(
            topics=tuple(dict.fromkeys(self.topics)),
            station_id=self.station_id,
            unit_id=self.unit_id,
            zone_id=self.zone_id,
            since=self.since,
        )


@attrs.frozen(kw_only=True)
class Heartbeat:
    """A sign of life, every 30 s from either side; what it carries is not looked at."""


ClientMessage = Authenticate | Subscribe | Heartbeat

CLIENT_EVENTS: Mapping[str, type[Authenticate] | type[Subscribe] | type[Heartbeat]] = {
    "authenticate": Authenticate,
    "subscribe": Subscribe,
    "heartbeat": Heartbeat,
}
"""Everything that a client can say."""


@attrs.frozen(kw_only=True)
class Connected:
    """The token was good.

    Attributes:
        id: Of this connection; another one has another.
        user_id: Whom the token names.
        time: What the server's clock says.
    """

    id: str
    user_id: str
    time: datetime


@attrs.frozen(kw_only=True)
class Subscribed:
    """Every matching change behind `seq` will be told, in order; the first frame's `prev` is this `seq`.

    Attributes:
        topics: What is followed from now on.
        seq: The merchant's feed number from which on changes are told.
    """

    topics: tuple[str, ...]
    seq: int


@attrs.frozen(kw_only=True)
class Resync:
    """Changes of these topics were left out: read the things again.

    Attributes:
        topics: Those of the subscription.
    """

    topics: tuple[str, ...]


SERVER_EVENTS: Mapping[str, type[Any]] = {"connected": Connected, "subscribed": Subscribed, "resync": Resync}
"""What the server says beside frames, `heartbeat` (without data), and `error` (a problem, RFC 9457)."""

HEARTBEAT = '{"event":"heartbeat"}'


def read_message(text: str) -> ClientMessage:
    """Read what a client has said.

    Raises:
        InvalidInput: it is no JSON object, no event that there is, or its data is not what it must be.
    """
    try:
        form = json.read(text.encode())
    except (json.BadJson, UnicodeEncodeError) as error:
        raise InvalidInput.at("", f"must be a JSON object; it is {error}") from None
    if not isinstance(form, dict):
        raise InvalidInput.at("", "must be a JSON object")
    event, data = form.get("event"), form.get("data", {})
    if not isinstance(event, str) or event not in CLIENT_EVENTS:
        raise InvalidInput.at("/event", f"must be {' or '.join(CLIENT_EVENTS)}")
    if unknown := sorted(form.keys() - {"event", "data"}):
        raise InvalidInput.at(f"/{unknown[0][:100]}", "is not known")
    kind = CLIENT_EVENTS[event]
    return Heartbeat() if kind is Heartbeat else parse_part(data, kind, below="/data")


def told(event: str, data: object) -> str:
    """Write what the server says."""
    return json.write({"event": event, "data": to_json(data)}).decode()
