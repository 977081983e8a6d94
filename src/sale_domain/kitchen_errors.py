"""What can go wrong between the order and the kitchen, with a stable code each."""

from decimal import Decimal
from typing import ClassVar

import attrs

from sale_domain.errors import Conflict, Rejected


@attrs.define(kw_only=True, eq=False)
class NotSendable(Rejected):
    """What is named cannot be sent to the kitchen.

    Attributes:
        pointer: RFC 6901, into the request's body.
    """

    code: ClassVar[str] = "not-sendable"
    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}"


@attrs.define(kw_only=True, eq=False)
class TooManyKitchenItems(Rejected):
    """An order sends a bounded number of items to the kitchen, voided ones counted too."""

    code: ClassVar[str] = "too-many-kitchen-items"
    limit: int

    def __str__(self) -> str:
        return f"An order sends at most {self.limit} items to the kitchen."


class NothingToSend(Conflict):
    """The kitchen has everything that is ordered."""

    code: ClassVar[str] = "nothing-to-send"

    def __str__(self) -> str:
        return "The kitchen already has everything that is ordered."


@attrs.define(kw_only=True, eq=False)
class MoreThanOrdered(Conflict):
    """What the kitchen has and has not voided never exceeds what is ordered (contract §5).

    Attributes:
        asked: How much of the line the whole request asks for.
        place: Which of the request's items is too much.
    """

    code: ClassVar[str] = "more-than-ordered"
    line_id: str
    ordered: Decimal
    sent: Decimal
    asked: Decimal
    place: int

    def __str__(self) -> str:
        ordered, sent, asked = (f"{quantity.normalize():f}" for quantity in (self.ordered, self.sent, self.asked))
        return f"Of this line {ordered} are ordered, the kitchen has {sent} of them, and {asked} are asked for."


@attrs.define(kw_only=True, eq=False)
class StationsOverlap(Rejected):
    """Two stations would have the same id, or cook the same thing.

    Attributes:
        pointer: RFC 6901, into the request's body: where it is said for the second time.
    """

    code: ClassVar[str] = "stations-overlap"
    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}"
