"""What callers ask for, in values that cannot be inexact (contract §9)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

import attrs

from sale_adapters.wire.forms import to_json
from sale_domain.documents import Json, JsonObject
from sale_domain.event_json import camel
from sale_domain.lines import PRODUCT_VARIANT

Number = Decimal | int
"""An amount or a quantity; a float is refused, because it is not exact."""


def exact(value: Number) -> Decimal:
    """Return a number as a Decimal.

    Raises:
        TypeError: it is neither Decimal nor int.
    """
    if type(value) not in (Decimal, int):
        raise TypeError(f"{value!r} is not exact: say Decimal or int")
    return Decimal(value)


_ONE = Decimal(1)


@attrs.frozen(kw_only=True)
class Component:
    """A part of a combo; the quantity is given for one combo."""

    item_id: str
    quantity: Decimal = attrs.field(default=_ONE, converter=exact)


def _together(parts: Iterable[Component]) -> tuple[Component, ...]:
    return tuple(parts)


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@attrs.frozen(kw_only=True)
class Product:
    """An item of the catalogue; with components it is a combo."""

    item_id: str
    quantity: Decimal = attrs.field(default=_ONE, converter=exact)
    item_type: str = PRODUCT_VARIANT
    note: str | None = None
    components: tuple[Component, ...] = attrs.field(default=(), converter=_together)
    mode: Literal["PRODUCT"] = "PRODUCT"


@attrs.frozen(kw_only=True)
class Custom:
    """An item that is in no catalogue; its price is in the order's currency."""

    name: str
    unit_price: Decimal = attrs.field(converter=exact)
    quantity: Decimal = attrs.field(default=_ONE, converter=exact)
    note: str | None = None
    mode: Literal["CUSTOM"] = "CUSTOM"


Item = Product | Custom
"""What can be put into an order."""


@attrs.frozen(kw_only=True)
class Portion:
    """A quantity of one line for the kitchen; `sale_order_item_id` is the line's id."""

    sale_order_item_id: str
    quantity: Decimal = attrs.field(converter=exact)
    station_id: str | None = None
    course: str | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Station:
    """A place where things are cooked: variants by their id, else whole categories."""

    id: str
    name: str
    item_ids: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    category_ids: tuple[str, ...] = attrs.field(default=(), converter=_texts)


def form_of(item: Item) -> JsonObject:
    """Return an item's JSON form."""
    form = to_json(item)
    assert isinstance(form, Mapping), "an attrs value is an object"
    return form


def said(**fields: object) -> dict[str, Json]:
    """Return the JSON form of what is given; what is None is left unsaid."""
    return {camel(name): to_json(value) for name, value in fields.items() if value is not None}
