"""What can go wrong when units are taken; kinds and codes as in `errors`."""

from datetime import datetime
from typing import ClassVar, Literal

import attrs

from sale_domain.errors import Conflict, Rejected


@attrs.define(kw_only=True, eq=False)
class UnitNamedTwice(Rejected):
    """One request names a unit twice.

    Attributes:
        place: The second naming's, from 0.
    """

    code: ClassVar[str] = "unit-named-twice"
    unit_id: str
    place: int

    def __str__(self) -> str:
        return f"The unit {self.unit_id!r} is named twice."


@attrs.define(kw_only=True, eq=False)
class ReservationOver(Rejected):
    """A reservation ends before it begins."""

    code: ClassVar[str] = "reservation-over"
    reserved_to: datetime
    now: datetime

    def __str__(self) -> str:
        return f"reservedTo must be later than now, which is {self.now.isoformat()}."


@attrs.define(kw_only=True, eq=False)
class TooManyUnits(Rejected):
    """An order has a bounded number of units at once, and in its life.

    Attributes:
        span: What the limit is for: those that the order has left do not count "at once".
    """

    code: ClassVar[str] = "too-many-units"
    limit: int
    span: Literal["at once", "in its life"] = "at once"

    def __str__(self) -> str:
        return f"An order has at most {self.limit} units {self.span}."


@attrs.define(kw_only=True, eq=False)
class UnitInUse(Conflict):
    """A unit is in at most one ACTIVE usage of its merchant."""

    code: ClassVar[str] = "unit-in-use"
    unit_id: str

    def __str__(self) -> str:
        return f"The unit {self.unit_id!r} is in use."
