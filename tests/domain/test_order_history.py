"""What an order's history tells a person who comes later."""

from decimal import Decimal

import attrs
import pytest

from sale_domain.errors import Invalid
from sale_domain.feed import FeedAction
from shop import MORNING, checked_out, draft, minutes, paid_attempt, pay, pho, quote, snapshot


def test_history_tells_once_which_uid_came_to_name_two_transactions() -> None:
    _, first = checked_out(pho()).record_payment(paid_attempt("a1", 30_000, transaction="t1"), at=MORNING)
    _, second = first.order.record_payment(paid_attempt("a1", 30_000, transaction="t2"), at=MORNING)
    _, third = second.order.record_payment(paid_attempt("a2", 5_000), at=MORNING)

    assert first.entries
    assert first.entries[0].data is not None
    assert "conflicts" not in first.entries[0].data
    assert second.entries
    assert second.entries[0].data is not None
    assert second.entries[0].data["conflicts"] == [{"uid": "a1", "names": ("t1", "t2")}]
    assert third.entries
    assert third.entries[0].data is not None
    assert "conflicts" not in third.entries[0].data


def test_history_tells_which_fact_of_a_payment_came_and_what_was_received_by_then() -> None:
    order = pay(checked_out(pho()), paid_attempt("a1", 10_000))

    _, change = order.record_payment(paid_attempt("a2", 30_000), at=MORNING)

    (entry,) = change.entries
    assert entry.data == {"fact": "mq-pay:attempt.success", "amount": 30_000, "received": 40_000}


def test_history_tells_a_changed_note_and_only_what_was_changed() -> None:
    order = draft(pho())
    (line,) = order.basket.lines

    change = order.change_item(line.id, note="ít hành", at=MORNING, by="lan")

    assert change.entries
    assert change.entries[0].data == {"lineId": line.id, "note": "ít hành"}


def test_history_tells_a_changed_quantity_and_what_was_removed() -> None:
    order = draft(pho(), pho(note="no onion"))
    line = order.basket.lines[0]

    (changed,) = order.change_item(line.id, quantity=Decimal(3), at=MORNING, by="lan").entries
    (removed,) = order.remove_item(line.id, at=MORNING, by="lan").entries
    (emptied,) = order.remove_all_items(at=MORNING, by="lan").entries

    assert changed.data == {"lineId": line.id, "quantity": 3}
    assert removed.data == {"lineId": line.id, "quantity": 0}
    assert emptied.data == {"lineId": None, "quantity": 0}


def test_history_tells_why_a_checkout_was_taken_back_and_the_rate_goes_with_it() -> None:
    order = draft(pho())
    dollars = order.check_out(quote(order), snapshot(order, exchange_rate=Decimal(25_600)), at=MORNING, by="lan").order
    assert dollars.exchange_rate == 25_600

    change = dollars.revert(reason="one more tea", at=MORNING, by="lan")

    assert [entry.reason for entry in change.entries] == ["one more tea"]
    assert change.order.exchange_rate is None


def test_history_tells_who_counted_an_order_again_and_why() -> None:
    order = checked_out(pho())
    change = order.recounted(reason="by its ledger", data={"paid": 1}, at=minutes(9), by="clerk")
    (entry,) = change.entries
    assert (entry.action, entry.reason, entry.data, entry.at, entry.by) == (
        FeedAction.ORDER_UPDATED,
        "by its ledger",
        {"paid": 1},
        minutes(9),
        "clerk",
    )
    assert change.order == attrs.evolve(order, version=order.version + 1, updated_at=minutes(9))


def test_a_first_item_that_cannot_be_ordered_is_pointed_at() -> None:
    with pytest.raises(Invalid) as wrong:
        draft(pho(), pho("0.00001"))
    assert wrong.value.pointer == "/items/1/quantity"
    assert "decimals" in wrong.value.detail
