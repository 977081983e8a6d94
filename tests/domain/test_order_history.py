"""What an order's history tells a person who comes later."""

from shop import MORNING, checked_out, draft, paid_attempt, pho


def test_history_tells_which_uid_came_to_name_two_transactions() -> None:
    _, first = checked_out(pho()).record_payment(paid_attempt("a1", 30_000, transaction="t1"), at=MORNING)
    _, second = first.order.record_payment(paid_attempt("a1", 30_000, transaction="t2"), at=MORNING)

    assert first.entries
    assert first.entries[0].data is not None
    assert "conflicts" not in first.entries[0].data
    assert second.entries
    assert second.entries[0].data is not None
    assert second.entries[0].data["conflicts"] == [{"uid": "a1", "names": ("t1", "t2")}]


def test_history_tells_a_changed_note_and_only_what_was_changed() -> None:
    order = draft(pho())
    (line,) = order.basket.lines

    change = order.change_item(line.id, note="ít hành", at=MORNING, by="lan")

    assert change.entries
    assert change.entries[0].data == {"lineId": line.id, "note": "ít hành"}
