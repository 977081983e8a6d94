"""Between an order and its kitchen: what is sent, voided and told, and what both have of it (contract §5)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from kitchen_world import BAR, HISTORY, STOVE, kitchen_id, portion, send, tap
from sale_domain import cooking
from sale_domain.announcements import messages
from sale_domain.errors import IllegalTransition, Invalid
from sale_domain.events import KitchenItemStatusChanged
from sale_domain.feed import FeedAction
from sale_domain.ids import LineId
from sale_domain.kitchen_errors import MoreThanOrdered, NothingToSend, NotSendable, TooManyKitchenItems
from sale_domain.kitchen_lifecycle import KitchenItemAction, KitchenItemStatus, KitchenTicketStatus
from sale_domain.messages import Message
from sale_domain.order_change import Change
from sale_domain.order_errors import AlreadySent
from sale_domain.orders import Order
from shop import check_out, checked_out, combo, custom, draft, minutes, paid_attempt, paid_event, pay, pho, product, vnd

COOK, FINISH, SERVE, RECALL, VOID = KitchenItemAction


def told(change: Change) -> tuple[Message, ...]:
    return messages(change, new_id=lambda _: "event-1", traceparent="00-trace-1")


def sent_quantities(order: Order) -> dict[str, Decimal]:
    return {line.name: line.sent_quantity for line in order.basket.lines}


def test_everything_unsent_goes_in_one_ticket_a_station_and_a_combo_by_its_parts() -> None:
    order = draft(pho(2, note="no onion"), combo(3), custom(20_000, 2))
    change = send(order)
    tickets = change.order.kitchen.tickets
    assert [(t.station_id, [(i.name, i.quantity, i.note) for i in t.items]) for t in tickets] == [
        (STOVE, [("pho", 2, "no onion"), ("banh_mi", 3, None)]),
        (BAR, [("tra_da", 6, None)]),
        (None, [("Hộp mang về", 2, None)]),
    ]
    assert {item.name: item.recipe_id for item in change.order.kitchen.items} == {
        "pho": "recipe-pho",
        "banh_mi": "recipe-banh-mi",
        "tra_da": None,
        "Hộp mang về": None,
    }
    assert sent_quantities(change.order) == {"pho": 2, "combo-sang": 0, "banh_mi": 3, "tra_da": 6, "Hộp mang về": 2}


def test_sending_tells_of_the_order_and_of_each_ticket_and_nothing_to_kafka() -> None:
    order = draft(pho(2), product("tra-da"))
    change = send(order, minute=31)
    first, stove, bar = change.entries
    assert (first.action, first.version, first.thing_id) == (FeedAction.ORDER_UPDATED, 2, order.id)
    assert first.data == {"sent": [{"lineId": line.id, "sentQuantity": line.quantity} for line in order.basket.lines]}
    assert [(e.action, e.version, e.status, e.from_status) for e in (stove, bar)] == [
        (FeedAction.TICKET_SENT, 1, "PENDING", None)
    ] * 2
    assert [e.data for e in (stove, bar)] == [
        {"saleOrderId": order.id, "stationId": "stove"},
        {"saleOrderId": order.id, "stationId": "bar"},
    ]
    assert (change.moves, change.order.events, told(change)) == ((), 0, ())


def test_chosen_quantities_keep_course_note_and_station() -> None:
    order = draft(pho(3, note="no onion"), product("tra-da"))
    line = order.basket.lines[0].id
    change = send(order, portion(line, 2, course="main", station_id="bar"), portion(line, "0.5", note="extra hot"))
    bar, stove = change.order.kitchen.tickets
    assert [(int(i.quantity), i.course, i.note) for i in bar.items] == [(2, "main", "no onion")]
    assert (bar.station_id, stove.station_id) == (BAR, STOVE)
    assert [(i.quantity, i.course, i.note) for i in stove.items] == [(Decimal("0.5"), None, "no onion · extra hot")]
    assert sent_quantities(change.order) == {"pho": Decimal("2.5"), "tra-da": 0}
    rest = send(change.order)
    assert [(i.name, i.quantity) for t in rest.order.kitchen.tickets[2:] for i in t.items] == [
        ("pho", Decimal("0.5")),
        ("tra-da", 1),
    ]


def test_what_was_said_of_a_combo_reaches_the_cook_on_each_of_its_parts() -> None:
    order = draft(combo(2, note="dị ứng đậu phộng"))
    assert [item.note for item in send(order).order.kitchen.items] == ["dị ứng đậu phộng"] * 2
    bread = order.basket.lines[1].id
    first, *_ = send(order, portion(bread, note="bàn 4")).order.kitchen.items
    assert (first.name, first.note) == ("banh_mi", "dị ứng đậu phộng · bàn 4")


def test_a_note_to_the_cook_never_replaces_the_lines_and_equal_ones_are_said_once() -> None:
    order = draft(pho(4, note="DỊ ỨNG"), pho(1))
    allergic, plain = (line.id for line in order.basket.lines)
    wanted = (portion(allergic, note="bàn 4"), portion(allergic, note="DỊ ỨNG"), portion(plain, note="bàn 4"))
    assert [item.note for item in send(order, *wanted).order.kitchen.items] == ["DỊ ỨNG · bàn 4", "DỊ ỨNG", "bàn 4"]


def test_notes_that_are_too_long_together_are_refused_instead_of_being_cut_off() -> None:
    order = draft(pho(2, note="d" * 490))
    line = order.basket.lines[0].id
    assert len(send(order, portion(line, note="bàn 400")).order.kitchen.items[0].note or "") == 500
    with pytest.raises(NotSendable) as refusal:
        send(order, portion(line), portion(line, note="bàn 4000"))
    assert refusal.value.pointer == "/items/1/note"


def test_more_than_is_ordered_says_how_many_were_asked_and_where_it_becomes_too_much() -> None:
    order = draft(pho(3), product("tra-da"))
    pho_line, tea = (line.id for line in order.basket.lines)
    with pytest.raises(MoreThanOrdered) as refusal:
        send(order, portion(pho_line, 2), portion(tea), portion(pho_line, 2), portion(pho_line, 1))
    assert (int(refusal.value.asked), refusal.value.place) == (5, 2)


def test_a_custom_line_is_told_of_alike_by_the_kitchens_events_and_the_payments() -> None:
    order = send(checked_out(custom(20_000))).order
    (cooked,) = told(cooking.act(order, order.kitchen.items[0].id, COOK, at=minutes(4), by="minh"))
    (paid,) = told(order.record_payment(paid_attempt("whole", 20_000), at=minutes(5))[1])
    assert isinstance(cooked.payload, KitchenItemStatusChanged)
    (line,) = paid_event(paid).items
    assert (line.item_type, line.item_id, line.recipe_id) == ("PRODUCT_VARIANT", None, None)
    dish = cooked.payload
    assert (dish.item_type, dish.item_id, dish.recipe_id) == ("PRODUCT_VARIANT", None, None)


def test_no_more_is_sent_than_is_ordered_also_when_a_line_is_named_twice() -> None:
    order = draft(pho(3))
    line = order.basket.lines[0].id
    for wanted in ([portion(line, 4)], [portion(line, 2), portion(line, 2)], [portion(line, "3.0001")]):
        with pytest.raises(MoreThanOrdered) as refusal:
            send(order, *wanted)
        assert (refusal.value.line_id, int(refusal.value.ordered), int(refusal.value.sent)) == (line, 3, 0)
    half = send(order, portion(line, 2)).order
    with pytest.raises(MoreThanOrdered) as refusal:
        send(half, portion(line, 2))
    assert [refusal.value.ordered, refusal.value.sent] == [3, 2]
    assert send(half, portion(line, 1)).order.basket.lines[0].sent_quantity == 3


def test_a_portion_is_more_than_nothing_and_no_finer_than_a_quantity_is_kept() -> None:
    order = draft(pho(2), product("tra-da"))
    line, tea = (each.id for each in order.basket.lines)
    for wrong in ("-1", "0", "0.00001", "NaN", "Infinity"):
        with pytest.raises(Invalid) as refusal:
            send(order, portion(tea), portion(line, wrong))
        assert refusal.value.pointer == "/items/1/quantity"
    with pytest.raises(Invalid):
        send(order, portion(line, 3), portion(line, -1))


def test_what_is_all_sent_is_not_sent_again_whatever_is_named() -> None:
    order = send(draft(pho(2))).order
    with pytest.raises(NothingToSend):
        send(order)
    with pytest.raises(NothingToSend):
        send(order, portion(order.basket.lines[0].id, 1))
    with pytest.raises(NothingToSend):
        send(draft())


def test_a_combos_lead_and_an_unknown_line_cannot_be_sent_and_it_is_said_which() -> None:
    order = draft(pho(), combo())
    lead = order.basket.lines[1].id
    for wrong in (lead, LineId("nowhere")):
        with pytest.raises(NotSendable) as refusal:
            send(order, portion(order.basket.lines[0].id), portion(wrong))
        assert refusal.value.pointer == "/items/1/saleOrderItemId"


def test_an_order_sends_a_bounded_number_of_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooking, "MAX_ITEMS", 2)
    order = draft(pho(3))
    line = order.basket.lines[0].id
    with pytest.raises(TooManyKitchenItems):
        send(order, portion(line), portion(line), portion(line))
    assert len(send(order, portion(line), portion(line)).order.kitchen.items) == 2


def test_every_order_that_is_not_cancelled_may_send() -> None:
    for order in (
        draft(pho(2)),
        checked_out(pho(2)),
        pay(checked_out(pho(2)), paid_attempt("first", 5_000)),
        pay(checked_out(pho(2)), paid_attempt("whole", 130_000)),
    ):
        change = send(order)
        assert change.order.status is order.status
        assert change.order.version == order.version + 1
    with pytest.raises(IllegalTransition) as refusal:
        send(draft(pho()).cancel(reason="gone", at=minutes(1), by="lan").order)
    assert (refusal.value.status, refusal.value.action) == ("CANCELLED", "send")


def test_what_the_kitchen_has_is_not_taken_from_it_by_editing() -> None:
    order = draft(pho(3))
    order = send(order, portion(order.basket.lines[0].id, 2)).order
    line = order.basket.lines[0].id
    edits: list[Callable[[Order], Change]] = [
        lambda o: o.change_item(line, quantity=Decimal(1), at=minutes(1), by="lan"),
        lambda o: o.change_item(line, quantity=Decimal(0), at=minutes(1), by="lan"),
        lambda o: o.change_item(line, note="no onion", at=minutes(1), by="lan"),
        lambda o: o.remove_item(line, at=minutes(1), by="lan"),
        lambda o: o.remove_all_items(at=minutes(1), by="lan"),
    ]
    for edit in edits:
        with pytest.raises(AlreadySent):
            edit(order)
    assert order.change_item(line, quantity=Decimal(2), at=minutes(1), by="lan").order.basket.lines[0].quantity == 2


def test_a_tap_changes_its_ticket_only_and_tells_kafka_once() -> None:
    order = send(draft(pho(2), pho(1, note="extra hot"))).order
    item = order.kitchen.items[0]
    change = cooking.act(order, item.id, COOK, at=minutes(4), by="minh")
    after = change.order
    assert (after.version, after.events, after.updated_at) == (order.version, 1, minutes(4))
    (entry,) = change.entries
    ticket = after.kitchen.tickets[0]
    assert (entry.action, entry.thing_id, entry.version) == (FeedAction.ITEM_STATUS_CHANGED, ticket.id, 2)
    assert (entry.from_status, entry.status, entry.by) == ("PENDING", "PROCESSING", "minh")
    assert entry.data == {
        "saleOrderId": order.id,
        "stationId": "stove",
        "itemId": item.id,
        "itemStatus": "COOKING",
    }
    (message,) = told(change)
    assert (message.topic, message.seq, message.transition) == ("kitchen-ticket-item.status-changed", 1, None)
    assert (message.occurred_at, message.traceparent) == (minutes(4), "00-trace-1")
    assert message.payload == KitchenItemStatusChanged(
        event_id=message.event_id,
        sale_order_id=order.id,
        merchant_id=order.merchant_id,
        kitchen_ticket_id=ticket.id,
        kitchen_ticket_item_id=item.id,
        sale_order_item_id=order.basket.lines[0].id,
        station_id=STOVE,
        previous_status="PENDING",
        status="COOKING",
        changed_at=minutes(4),
        changed_by="minh",
        quantity=Decimal(2),
        item_type="PRODUCT_VARIANT",
        item_id=item.item_id,
        recipe_id=item.recipe_id,
    )


def test_a_clock_that_is_behind_never_takes_a_taps_time_back() -> None:
    order = send(draft(pho()), minute=50).order
    change = cooking.act(order, order.kitchen.items[0].id, COOK, at=minutes(4), by="minh")
    assert change.order.kitchen.items[0].changed_at == change.order.updated_at == minutes(20)
    later = pay(check_out(change.order).order, paid_attempt("whole", 65_000), at=minutes(1))
    assert later.updated_at == minutes(20)


def test_voiding_an_item_frees_its_quantity_for_another_sending() -> None:
    order = send(draft(pho(3))).order
    ticket = order.kitchen.tickets[0]
    change = cooking.act(order, ticket.items[0].id, VOID, reason="dropped", at=minutes(5), by="minh")
    assert [(e.action, e.version, e.reason) for e in change.entries] == [
        (FeedAction.ORDER_UPDATED, order.version + 1, "dropped"),
        (FeedAction.ITEM_STATUS_CHANGED, 2, "dropped"),
    ]
    (message,) = told(change)
    assert isinstance(message.payload, KitchenItemStatusChanged)
    assert (message.payload.status, message.payload.reason) == ("VOIDED", "dropped")
    assert change.order.basket.lines[0].sent_quantity == 0
    again = send(change.order)
    assert [(t.status, int(t.items[0].quantity)) for t in again.order.kitchen.tickets] == [
        (KitchenTicketStatus.VOIDED, 3),
        (KitchenTicketStatus.PENDING, 3),
    ]


def test_voiding_a_ticket_leaves_what_is_served_and_tells_of_each_item_in_turn() -> None:
    order = send(draft(pho(1), pho(2, note="no onion"), pho(3, note="extra hot"))).order
    served, cooking_item, pending = order.kitchen.items
    order = tap(tap(order, served, *HISTORY[KitchenItemStatus.SERVED]), cooking_item, COOK)
    change = cooking.void(order, order.kitchen.tickets[0].id, reason="a mouse", at=minutes(9), by="lan")
    assert [item.status.value for item in change.order.kitchen.items] == ["SERVED", "VOIDED", "VOIDED"]
    assert [(e.action, e.reason) for e in change.entries] == [
        (FeedAction.ORDER_UPDATED, "a mouse"),
        (FeedAction.TICKET_VOIDED, "a mouse"),
    ]
    assert change.entries[1].status == "COMPLETED"
    events = [message.payload for message in told(change)]
    assert [message.seq for message in told(change)] == [order.events + 1, order.events + 2]
    assert [
        (e.kitchen_ticket_item_id, e.previous_status, e.status)
        for e in events
        if isinstance(e, KitchenItemStatusChanged)
    ] == [(cooking_item.id, "COOKING", "VOIDED"), (pending.id, "PENDING", "VOIDED")]
    assert [line.sent_quantity for line in change.order.basket.lines] == [1, 0, 0]


def test_cancelling_voids_what_nobody_has_begun_and_leaves_the_rest_to_the_cook() -> None:
    order = send(draft(pho(1), pho(2, note="no onion"), product("tra-da"))).order
    begun, waiting, tea = order.kitchen.items
    order = tap(order, begun, COOK)
    change = order.cancel(reason="the guests have left", at=minutes(20), by="lan")
    assert [e.action for e in change.entries] == [
        FeedAction.ORDER_CANCELLED,
        FeedAction.TICKET_UPDATED,
        FeedAction.TICKET_VOIDED,
    ]
    assert change.entries[0].version == order.version + 1
    stove, bar = change.order.kitchen.tickets
    assert (stove.order_cancelled, bar.order_cancelled) == (True, True)
    assert (stove.status, bar.status) == (KitchenTicketStatus.PROCESSING, KitchenTicketStatus.VOIDED)
    assert [item.status.value for item in change.order.kitchen.items] == ["COOKING", "VOIDED", "VOIDED"]
    assert [move.item.id for move in change.moves] == [waiting.id, tea.id]
    assert {move.item.void_reason for move in change.moves} == {"the guests have left"}
    assert {entry.reason for entry in change.entries} == {"the guests have left"}
    assert [message.seq for message in told(change)] == [2, 3]
    served = tap(change.order, begun, FINISH, SERVE)
    assert served.kitchen.tickets[0].status is KitchenTicketStatus.COMPLETED


def test_a_cancelled_ticket_that_was_over_is_told_of_without_being_voided_anew() -> None:
    order = send(draft(pho())).order
    order = tap(order, order.kitchen.items[0], VOID)
    change = order.cancel(reason="gone", at=minutes(20), by="lan")
    assert [e.action for e in change.entries] == [FeedAction.ORDER_CANCELLED, FeedAction.TICKET_UPDATED]
    assert change.order.kitchen.tickets[0].order_cancelled
    assert change.moves == ()


def test_payments_and_taps_share_one_numbering_of_events() -> None:
    order = send(draft(pho())).order
    item = order.kitchen.items[0]
    order = check_out(tap(order, item, COOK)).order
    _, paid = order.record_payment(paid_attempt("whole", 65_000), at=minutes(9))
    finished = cooking.act(paid.order, item.id, FINISH, at=minutes(10), by="minh")
    assert [(m.seq, m.transition) for c in (paid, finished) for m in told(c)] == [(2, 1), (3, None)]
    assert finished.order.paid == vnd(65_000)


def test_ids_of_tickets_and_items_end_in_the_orders_bucket() -> None:
    order = send(draft(pho())).order
    assert kitchen_id(1)[-2:] == "01"
    assert {order.kitchen.tickets[0].id[-2:], order.kitchen.items[0].id[-2:]} == {order.id[-2:]}
