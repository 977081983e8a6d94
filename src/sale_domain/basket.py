"""The lines of an order as one value: merging, combos, and what the kitchen already has (contract §5)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs

from sale_domain.errors import Invalid, NotFound
from sale_domain.ids import ItemId, LineId
from sale_domain.lines import Keep, Line, LineMode, NewCustom, NewItem, NewProduct
from sale_domain.money import Currency, Money, exact
from sale_domain.order_errors import AlreadySent, ComboChild, TooManyLines

MAX_LINES = 500
"""How many lines an order holds; a till's longest bill is far below."""

MergeKey = tuple[str, ItemId | None, str | None, tuple[tuple[ItemId | None, Decimal], ...]]


@attrs.frozen
class Basket:
    """The lines of an order, in the order they were added; a combo's children follow their lead."""

    lines: tuple[Line, ...] = ()

    def line(self, line_id: LineId) -> Line:
        """Return a line.

        Raises:
            NotFound: the order has no such line.
        """
        for line in self.lines:
            if line.id == line_id:
                return line
        raise NotFound(thing="order item")

    def children(self, lead_id: LineId) -> tuple[Line, ...]:
        """Return the parts of a combo; none for a plain line."""
        return tuple(line for line in self.lines if line.lead_id == lead_id)

    def note_of(self, line: Line) -> str | None:
        """Return what was said of a line: a combo's parts have no note of their own, the combo's holds for them."""
        lead_id = line.lead_id
        return line.note or (None if lead_id is None else self.line(lead_id).note)

    @property
    def lead_ids(self) -> frozenset[LineId]:
        """Return the lines that carry a combo's price while their children go to kitchen and stock."""
        return frozenset(line.lead_id for line in self.lines if line.lead_id is not None)

    def add(self, item: NewItem, *, currency: Currency) -> tuple["Basket", LineId]:
        """Add an item; return the basket and the line that it is in now.

        A PRODUCT joins the line of the same item, note and components; a CUSTOM item never joins another.

        Raises:
            Invalid: the quantity has become too large or too fine.
            TooManyLines: the basket is full.
        """
        new = _lines_of(item, currency)
        same = None if isinstance(item, NewCustom) else self._alike(Basket(new).merge_key(new[0]))
        if same:
            return self._with_quantity(same, _quantity(same.quantity + item.quantity)), same.id
        if len(self.lines) + len(new) > MAX_LINES:
            raise TooManyLines(limit=MAX_LINES)
        return Basket((*self.lines, *new)), item.id

    def change(self, line_id: LineId, *, quantity: Decimal | None, note: str | Keep | None) -> "Basket":
        """Change a line's quantity (None leaves it, 0 removes the line) and its note.

        Raises:
            AlreadySent: the kitchen has more than the new quantity, or the note of something sent would change.
            ComboChild: the line belongs to a combo.
            Invalid: a child's quantity would have more than four decimals.
            NotFound: the order has no such line.
        """
        line = self._movable(line_id)
        if quantity == 0:
            return self.remove(line_id)
        changed = self if quantity is None else self._with_quantity(line, _quantity(quantity))
        return changed if note is Keep.KEEP else changed._with_note(changed.line(line_id), note)

    def remove(self, line_id: LineId) -> "Basket":
        """Remove a line, and its children with it.

        Raises:
            AlreadySent: the kitchen has a part of it.
            ComboChild: the line belongs to a combo.
            NotFound: the order has no such line.
        """
        self._not_sent(self._movable(line_id))
        return Basket(tuple(line for line in self.lines if line_id not in (line.id, line.lead_id)))

    def clear(self) -> "Basket":
        """Remove every line, or none when the kitchen has a part of one.

        Raises:
            AlreadySent: the kitchen has a part of a line.
        """
        for line in self.lines:
            self._not_sent(line)
        return Basket()

    def each(self, change: Callable[[Line], Line]) -> "Basket":
        """Return the basket with every line changed."""
        return Basket(tuple(change(line) for line in self.lines))

    def with_sent(self, quantities: Mapping[LineId, Decimal]) -> "Basket":
        """Return the basket with what the kitchen has of each line; of a line that is not named it has nothing."""
        return self.each(lambda line: attrs.evolve(line, sent_quantity=quantities.get(line.id, Decimal(0))))

    def merge_key(self, line: Line) -> MergeKey:
        """Return what two PRODUCT lines have in common when they are the same thing."""
        parts = sorted((child.item_id or "", child.per_combo or Decimal(0)) for child in self.children(line.id))
        return (line.item_type, line.item_id, line.note, tuple((ItemId(item), each) for item, each in parts))

    def _alike(self, key: MergeKey, *, other_than: LineId | None = None) -> Line | None:
        candidates = (
            line
            for line in self.lines
            # Its parts are looked for last: a long order has many lines, each as long a way from its parts.
            if (line.item_type, line.item_id, line.note) == key[:3]
            and line.mode is LineMode.PRODUCT
            and not line.is_child
            and line.id != other_than
        )
        return next((line for line in candidates if self.merge_key(line) == key), None)

    def _movable(self, line_id: LineId) -> Line:
        line = self.line(line_id)
        if line.lead_id is not None:
            raise ComboChild(line_id=line.id, lead_id=line.lead_id)
        return line

    def _not_sent(self, line: Line) -> None:
        for part in (line, *self.children(line.id)):
            if part.sent_quantity:
                raise AlreadySent(line_id=part.id)

    def _with_quantity(self, lead: Line, quantity: Decimal) -> "Basket":
        def scaled(line: Line) -> Line:
            if lead.id not in (line.id, line.lead_id):
                return line
            whole = quantity if line.per_combo is None else _quantity(line.per_combo * quantity)
            if whole < line.sent_quantity:
                raise AlreadySent(line_id=line.id)
            return attrs.evolve(line, quantity=whole)

        return self.each(scaled)

    def _with_note(self, line: Line, note: str | None) -> "Basket":
        if note == line.note:
            return self
        self._not_sent(line)
        noted = self.each(lambda other: attrs.evolve(other, note=note) if other.id == line.id else other)
        same = noted._alike(noted.merge_key(noted.line(line.id)), other_than=line.id)
        if line.mode is LineMode.CUSTOM or same is None:
            return noted
        return noted.remove(line.id)._with_quantity(same, _quantity(same.quantity + line.quantity))


def _lines_of(item: NewItem, currency: Currency) -> tuple[Line, ...]:
    if isinstance(item, NewCustom):
        return (
            Line(
                id=item.id,
                mode=LineMode.CUSTOM,
                name=item.name,
                quantity=_quantity(item.quantity),
                note=item.note,
                own_price=Money(item.unit_price, currency),
            ),
        )
    return (_plain(item), *_children(item))


def _plain(item: NewProduct) -> Line:
    return Line(
        id=item.id,
        mode=LineMode.PRODUCT,
        item_type=item.item_type,
        item_id=item.item_id,
        name=item.name,
        quantity=_quantity(item.quantity),
        note=item.note,
    )


def _children(item: NewProduct) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=part.id,
            mode=LineMode.PRODUCT,
            item_id=part.item_id,
            name=part.name,
            lead_id=item.id,
            quantity=_quantity(part.quantity * item.quantity),
            per_combo=_quantity(part.quantity),
        )
        for part in item.components
    )


def _quantity(value: Decimal) -> Decimal:
    if value <= 0:
        raise Invalid(pointer="/quantity", detail="must be greater than 0")
    try:
        return exact(value)
    except ValueError as error:
        raise Invalid(pointer="/quantity", detail=f"{error} (a combo's parts are multiplied by its quantity)") from None
