"""The lines of an order: what merges, what moves as one, and what the kitchen already has."""

from decimal import Decimal

import attrs
import pytest

from sale_domain.basket import MAX_LINES, Basket
from sale_domain.errors import Invalid, NotFound
from sale_domain.ids import ItemId, LineId
from sale_domain.lines import Keep, LineMode, NewItem
from sale_domain.order_errors import AlreadySent, ComboChild, TooManyLines
from sale_domain.orders import Order
from shop import MORNING, VND, combo, custom, draft, minutes, pho, product, vnd


def basket(*items: NewItem) -> Basket:
    filled = Basket()
    for item in items:
        filled, _ = filled.add(item, currency=VND)
    return filled


def quantities(of: Basket) -> list[tuple[str, Decimal]]:
    return [(line.name, line.quantity) for line in of.lines]


def sent(of: Basket, number: int, quantity: int) -> Basket:
    """Play the kitchen: it has that much of the n-th line."""
    line_id = of.lines[number].id
    return of.each(lambda line: attrs.evolve(line, sent_quantity=Decimal(quantity)) if line.id == line_id else line)


# --- adding ----------------------------------------------------------------------------------------------------------


def test_the_same_item_with_the_same_note_joins_its_line() -> None:
    first, second = pho(1), pho(2)
    filled, where = basket(first).add(second, currency=VND)
    assert quantities(filled) == [("pho", Decimal(3))]
    assert where == first.id


def test_another_note_or_another_type_is_another_line() -> None:
    assert len(basket(pho(), pho(note="no onion"), pho(note="no onion")).lines) == 2
    gift = attrs.evolve(pho(), item_type="GIFT_CARD")
    assert len(basket(pho(), gift, attrs.evolve(gift, id=LineId("another"))).lines) == 2


def test_custom_items_never_merge_and_keep_their_own_price() -> None:
    filled = basket(custom(20_000), custom(20_000))
    assert [(line.mode, line.unit_price, line.item_id) for line in filled.lines] == [
        (LineMode.CUSTOM, vnd(20_000), None),
        (LineMode.CUSTOM, vnd(20_000), None),
    ]


def test_a_combo_is_a_lead_and_its_parts_times_its_quantity() -> None:
    lead = combo(2)
    filled = basket(lead)
    assert quantities(filled) == [("combo-sang", Decimal(2)), ("banh_mi", Decimal(2)), ("tra_da", Decimal(4))]
    assert [line.lead_id for line in filled.lines] == [None, lead.id, lead.id]
    assert filled.lead_ids == {lead.id}


def test_the_same_combo_again_raises_all_of_it() -> None:
    assert quantities(basket(combo(1), combo(2))) == [
        ("combo-sang", Decimal(3)),
        ("banh_mi", Decimal(3)),
        ("tra_da", Decimal(6)),
    ]


def test_the_same_combo_with_its_parts_named_in_another_order_is_the_same_combo() -> None:
    one = product("combo-sang", banh_mi=1, tra_da=2)
    other = product("combo-sang", tra_da=2, banh_mi=1)
    assert quantities(basket(one, other))[0] == ("combo-sang", Decimal(2))


def test_a_combo_with_other_parts_is_another_line_and_so_is_it_without_parts() -> None:
    richer = product("combo-sang", banh_mi=2, tra_da=2)
    assert len(basket(combo(), richer, product("combo-sang")).lines) == 3 + 3 + 1


def test_a_part_of_a_combo_never_merges_with_a_plain_line() -> None:
    tea = product("tra-da")
    filled = basket(combo(), tea)
    assert [line.quantity for line in filled.lines if line.item_id == ItemId("variant-tra-da")] == [2, 1]
    again, where = filled.add(product("tra-da"), currency=VND)
    assert where == tea.id
    assert len(again.lines) == 4


@pytest.mark.parametrize("quantity", ["0", "-1", "0.00001", "100000000000"])
def test_a_quantity_that_is_none_is_refused(quantity: str) -> None:
    for item in (pho(quantity), custom(1, quantity), combo(quantity)):
        with pytest.raises(Invalid) as refusal:
            basket(item)
        assert refusal.value.pointer == "/quantity"


def test_a_part_that_becomes_too_fine_by_its_combos_quantity_is_refused() -> None:
    crumbs = attrs.evolve(combo(), components=(attrs.evolve(combo().components[0], quantity=Decimal("0.0001")),))
    with pytest.raises(Invalid):
        basket(attrs.evolve(crumbs, quantity=Decimal("0.5")))


def test_two_quantities_that_sum_to_too_much_are_refused() -> None:
    with pytest.raises(Invalid):
        basket(pho("99999999999"), pho("1"))


def test_a_full_basket_takes_more_of_the_same_but_nothing_new() -> None:
    tea = product("tra-da")
    full = basket(tea, *(custom() for _ in range(MAX_LINES - 1)))
    assert full.add(product("tra-da"), currency=VND)[0].line(tea.id).quantity == 2
    with pytest.raises(TooManyLines) as refusal:
        full.add(pho(), currency=VND)
    assert refusal.value.limit == MAX_LINES
    with pytest.raises(TooManyLines):
        basket(*(custom() for _ in range(MAX_LINES - 2))).add(combo(), currency=VND)


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_line_changes_its_quantity_and_zero_removes_it() -> None:
    line = pho(2)
    filled = basket(line, product("tra-da"))
    assert filled.change(line.id, quantity=Decimal(5), note=Keep.KEEP).line(line.id).quantity == 5
    assert quantities(filled.change(line.id, quantity=Decimal(0), note=Keep.KEEP)) == [("tra-da", Decimal(1))]


def test_a_combo_moves_as_one() -> None:
    lead = combo(1)
    filled = basket(lead, pho())
    assert quantities(filled.change(lead.id, quantity=Decimal(3), note=Keep.KEEP))[:3] == [
        ("combo-sang", Decimal(3)),
        ("banh_mi", Decimal(3)),
        ("tra_da", Decimal(6)),
    ]
    assert quantities(filled.remove(lead.id)) == [("pho", Decimal(1))]


def test_a_part_of_a_combo_is_changed_through_its_lead_only() -> None:
    lead = combo()
    filled = basket(lead)
    part = filled.children(lead.id)[0]
    with pytest.raises(ComboChild) as refusal:
        filled.remove(part.id)
    assert (refusal.value.line_id, refusal.value.lead_id) == (part.id, lead.id)
    for quantity, note in ((Decimal(2), Keep.KEEP), (Decimal(0), Keep.KEEP), (None, "no onion")):
        with pytest.raises(ComboChild):
            filled.change(part.id, quantity=quantity, note=note)


def test_a_note_is_set_emptied_or_left() -> None:
    line = pho(note="no onion")
    filled = basket(line)
    assert filled.change(line.id, quantity=None, note="extra hot").line(line.id).note == "extra hot"
    assert filled.change(line.id, quantity=None, note=None).line(line.id).note is None
    assert filled.change(line.id, quantity=Decimal(2), note=Keep.KEEP).line(line.id).note == "no onion"


def test_a_line_that_becomes_the_same_as_another_joins_it() -> None:
    plain, noted = pho(2), pho(1, note="no onion")
    joined = basket(plain, noted).change(noted.id, quantity=None, note=None)
    assert [(line.id, line.quantity) for line in joined.lines] == [(plain.id, Decimal(3))]
    both = basket(plain, noted).change(noted.id, quantity=Decimal(5), note=None)
    assert [(line.id, line.quantity) for line in both.lines] == [(plain.id, Decimal(7))]


def test_a_combo_that_becomes_the_same_as_another_joins_it_with_all_its_parts() -> None:
    plain, noted = combo(1), combo(2, note="to go")
    joined = basket(plain, noted).change(noted.id, quantity=None, note=None)
    assert quantities(joined) == [("combo-sang", Decimal(3)), ("banh_mi", Decimal(3)), ("tra_da", Decimal(6))]


def test_custom_lines_stay_apart_whatever_their_notes_become() -> None:
    one, other = custom(), custom()
    noted = basket(one, other).change(one.id, quantity=None, note="to go").change(other.id, quantity=None, note="to go")
    assert len(noted.lines) == 2


def test_a_change_to_what_is_there_already_is_no_change() -> None:
    order = draft(pho(2, note="no onion"))
    line = order.basket.lines[0]
    change = order.change_item(line.id, quantity=Decimal("2.0"), note="no onion", at=minutes(3), by="minh")
    assert not change.entries
    assert change.order == order


def test_a_line_that_is_not_there_is_not_found() -> None:
    for line_id in (LineId("line-of-another-order"), LineId("")):
        with pytest.raises(NotFound):
            basket(pho()).change(line_id, quantity=Decimal(1), note=Keep.KEEP)
        with pytest.raises(NotFound):
            basket(pho()).remove(line_id)


# --- what the kitchen has --------------------------------------------------------------------------------------------


def test_a_line_is_not_reduced_below_what_the_kitchen_has() -> None:
    line = pho(3)
    cooking = sent(basket(line), 0, 2)
    assert cooking.change(line.id, quantity=Decimal(2), note=Keep.KEEP).line(line.id).quantity == 2
    with pytest.raises(AlreadySent):
        cooking.change(line.id, quantity=Decimal(1), note=Keep.KEEP)


def test_what_the_kitchen_has_is_neither_removed_nor_annotated() -> None:
    line = pho(3)
    cooking = sent(basket(line), 0, 1)
    with pytest.raises(AlreadySent):
        cooking.remove(line.id)
    with pytest.raises(AlreadySent):
        cooking.change(line.id, quantity=Decimal(0), note=Keep.KEEP)
    with pytest.raises(AlreadySent):
        cooking.change(line.id, quantity=None, note="no onion")
    assert cooking.change(line.id, quantity=None, note=None) == cooking


def test_a_sent_part_holds_its_whole_combo() -> None:
    lead = combo(3)
    cooking = sent(basket(lead), 1, 2)
    part = cooking.lines[1]
    for line_id, quantity in ((lead.id, Decimal(1)), (lead.id, Decimal(0))):
        with pytest.raises(AlreadySent) as refusal:
            cooking.change(line_id, quantity=quantity, note=Keep.KEEP)
        assert refusal.value.line_id == part.id
    with pytest.raises(AlreadySent):
        cooking.change(lead.id, quantity=None, note="to go")
    assert cooking.change(lead.id, quantity=Decimal(2), note=Keep.KEEP).line(lead.id).quantity == 2


def test_everything_is_removed_or_nothing() -> None:
    assert basket(pho(), combo()).clear() == Basket()
    with pytest.raises(AlreadySent):
        sent(basket(product("tra-da"), pho(2)), 1, 1).clear()


def test_more_may_be_added_to_a_line_that_the_kitchen_has() -> None:
    line = pho(1)
    more, _ = sent(basket(line), 0, 1).add(pho(2), currency=VND)
    assert more.line(line.id).quantity == 3
    assert more.line(line.id).sent_quantity == 1


def test_the_order_tells_which_line_has_changed() -> None:
    line = pho(2)
    change = draft(line).add_item(pho(1), at=MORNING, by="lan")
    assert isinstance(change.order, Order)
    assert change.entries
    assert change.entries[0].data == {"lineId": line.id, "added": Decimal(1)}


def test_a_note_is_one_lines_own() -> None:
    one, other = pho(note="no onion"), product("tra-da", note="no ice")
    noted = basket(one, other).change(one.id, quantity=None, note="extra hot")
    assert [line.note for line in noted.lines] == ["extra hot", "no ice"]
