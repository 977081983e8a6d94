"""Guests are seated, and leave with their order."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from sale_domain import seating
from sale_domain.allocation_errors import ReservationOver, TooManyUnits, UnitInUse, UnitNamedTwice
from sale_domain.allocations import Told, Usage
from sale_domain.errors import IllegalTransition, NotFound
from sale_domain.feed import FeedAction, Topic
from sale_domain.ids import UnitId, UsageId
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.seating import Units, allocate, change_usage, expire_due
from sale_domain.usage_lifecycle import UsageStatus
from shop import MORNING, check_out, checked_out, draft, minutes, paid_attempt, pay, pho
from tables import at_table, seated, take

PARTIAL = pay(checked_out(pho(2)), paid_attempt("first", 5_000))
ENDINGS: dict[str, tuple[Callable[[Order], Change], UsageStatus, FeedAction]] = {
    "full payment": (
        lambda order: check_out(order).order.record_payment(paid_attempt("all", 130_000), at=minutes(9))[1],
        UsageStatus.SUCCESS,
        FeedAction.USAGE_COMPLETED,
    ),
    "a checkout that finds the money there": (
        lambda order: check_out(pay(order, paid_attempt("early", 130_000)), at=minutes(9)),
        UsageStatus.SUCCESS,
        FeedAction.USAGE_COMPLETED,
    ),
    "a checkout of nothing to pay": (
        lambda order: check_out(order, prices={"variant-pho": Decimal(0)}, at=minutes(9)),
        UsageStatus.SUCCESS,
        FeedAction.USAGE_COMPLETED,
    ),
    "cancellation": (
        lambda order: order.cancel(reason="a storm", at=minutes(9), by="minh"),
        UsageStatus.CANCELLED,
        FeedAction.USAGE_CANCELLED,
    ),
}


@pytest.mark.parametrize("order", [draft(pho()), checked_out(pho()), PARTIAL], ids=lambda order: order.status.value)
def test_an_open_order_gets_tables_and_does_not_change_itself(order: Order) -> None:
    change = take(order, "table-5", "table-4", reserved_to=minutes(90))

    seating = change.order.seating
    assert change.order.version == order.version
    assert [(usage.unit_id, usage.status, usage.version) for usage in seating.usages] == [
        ("table-5", UsageStatus.ACTIVE, 1),
        ("table-4", UsageStatus.ACTIVE, 1),
    ]
    assert {(usage.type, usage.zone_id, usage.reserved_to) for usage in seating.usages} == {
        ("TABLE", "garden", minutes(90))
    }
    assert [(entry.topic, entry.action, entry.from_status, entry.status, entry.by) for entry in change.entries] == [
        (Topic.ALLOCATION_USAGE, FeedAction.USAGE_CREATED, None, "ACTIVE", "lan")
    ] * 2
    assert [entry.data for entry in change.entries] == [
        {"saleOrderId": order.id, "unitId": unit, "zoneId": "garden"} for unit in ("table-5", "table-4")
    ]


@pytest.mark.parametrize(
    "order",
    [pay(checked_out(pho(2)), paid_attempt("all", 130_000)), PARTIAL.cancel(reason="x", at=MORNING, by="l").order],
)
def test_an_order_that_has_ended_gets_no_table(order: Order) -> None:
    with pytest.raises(IllegalTransition) as refusal:
        take(order, "table-4")
    assert (refusal.value.status, refusal.value.action) == (order.status.value, "allocate")


def test_a_table_is_taken_once() -> None:
    order = seated(draft(pho()), "table-4")
    with pytest.raises(UnitInUse, match="'table-4'"):
        take(order, "table-5", "table-4")
    with pytest.raises(UnitNamedTwice) as twice:
        take(order, "table-6", "table-7", "table-6")
    assert (twice.value.unit_id, twice.value.place) == ("table-6", 2)
    two = seated(order, "table-5")
    with pytest.raises(UnitInUse):
        change_usage(
            two, at_table(two, "table-5").id, lambda usage: usage.move(UnitId("table-4"), at=MORNING, by="lan")
        )


def test_an_order_has_a_hundred_tables_at_once_and_those_that_it_has_left_do_not_count() -> None:
    full = take(draft(pho()), *(f"table-{n}" for n in range(100))).order

    with pytest.raises(TooManyUnits, match="at most 100 units"):
        take(full, "table-100")
    first = full.seating.usages[0]
    left = change_usage(full, first.id, lambda usage: usage.complete(at=minutes(9), by="lan")).order
    assert len(take(left, "table-100", at=minutes(9)).order.seating.usages) == 101


def test_an_order_has_so_many_tables_in_its_life_and_not_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seating, "MAX_UNITS_EVER", 2)
    order = seated(draft(pho()), "table-4")
    left = change_usage(order, order.seating.usages[0].id, lambda usage: usage.complete(at=minutes(9), by="lan")).order

    back = seated(left, "table-4")

    with pytest.raises(TooManyUnits, match="at most 2 units in its life"):
        take(back, "table-5")


def test_a_room_is_taken_as_what_the_merchant_calls_it() -> None:
    room = Units(unit_ids=(UnitId("room-1"),), type="ROOM")
    order = allocate(draft(pho()), room, ids=(UsageId("usage-1"),), at=MORNING, by="lan").order
    assert [(usage.unit_id, usage.type, usage.zone_id) for usage in order.seating.usages] == [("room-1", "ROOM", None)]


def test_a_table_that_the_order_has_left_is_free_for_it_again() -> None:
    order = seated(draft(pho()), "table-4")
    left = change_usage(order, at_table(order, "table-4").id, lambda usage: usage.complete(at=minutes(5), by="lan"))
    again = seated(left.order, "table-4")
    assert [usage.status for usage in again.seating.usages] == [UsageStatus.SUCCESS, UsageStatus.ACTIVE]


@pytest.mark.parametrize("late", [0, 1])
def test_a_reservation_ends_in_the_future(late: int) -> None:
    with pytest.raises(ReservationOver):
        take(draft(pho()), "table-4", at=minutes(30 + late), reserved_to=minutes(30))
    assert take(draft(pho()), "table-4", at=minutes(29), reserved_to=minutes(30)).entries


def test_an_unknown_usage_is_not_found() -> None:
    with pytest.raises(NotFound):
        change_usage(draft(pho()), UsageId("usage-none"), lambda usage: usage.complete(at=MORNING, by="lan"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_usages_end_with_their_order_in_the_same_change(ending: str) -> None:
    end, status, told = ENDINGS[ending]
    order = seated(draft(pho(2)), "table-4", "table-5", "table-6")
    earlier = change_usage(
        order, at_table(order, "table-6").id, lambda u: u.expire(at=minutes(2), by="sale-sweep")
    ).order

    change = end(earlier)

    assert [usage.status for usage in change.order.seating.usages] == [status, status, UsageStatus.EXPIRED]
    assert [entry.topic for entry in change.entries] == [
        Topic.SALE_ORDER,
        Topic.ALLOCATION_USAGE,
        Topic.ALLOCATION_USAGE,
    ]
    assert {entry.action for entry in change.entries[1:]} == {told}
    assert {entry.reason for entry in change.entries} == {"a storm" if told is FeedAction.USAGE_CANCELLED else None}
    assert {usage.ended_at for usage in change.order.seating.usages if usage.status is status} == {minutes(9)}


def test_a_part_of_the_money_a_revert_and_an_edit_leave_the_guests_where_they_are() -> None:
    order = seated(draft(pho(2)), "table-4")
    processing = check_out(order).order
    for change in (
        processing.record_payment(paid_attempt("first", 5_000), at=MORNING)[1],
        processing.revert(reason=None, at=MORNING, by="lan"),
        order.add_item(pho(), at=MORNING, by="lan"),
    ):
        assert len(change.entries) == 1
        assert change.order.status is not OrderStatus.COMPLETED
        assert change.order.seating == order.seating


def test_only_what_is_due_expires_and_at_its_very_minute() -> None:
    order = take(draft(pho()), "table-4", reserved_to=minutes(30)).order
    order = take(order, "table-5", reserved_to=minutes(31)).order
    order = take(order, "table-6").order

    assert expire_due(order, at=minutes(29), by="sale-sweep").entries == ()
    change = expire_due(order, at=minutes(30), by="sale-sweep")

    assert [(entry.action, entry.by) for entry in change.entries] == [(FeedAction.USAGE_EXPIRED, "sale-sweep")]
    assert [usage.status for usage in change.order.seating.usages] == [
        UsageStatus.EXPIRED,
        UsageStatus.ACTIVE,
        UsageStatus.ACTIVE,
    ]
    assert expire_due(change.order, at=minutes(30), by="sale-sweep").entries == ()


def test_a_cook_is_told_where_the_guests_are_and_else_where_they_were_last() -> None:
    order = seated(draft(pho()), "table-5", "table-4")
    five, four = order.seating.usages

    def after(usage: Usage, act: Callable[[Usage], Told], since: Order) -> Order:
        return change_usage(since, usage.id, act).order

    left = after(five, lambda usage: usage.complete(at=minutes(5), by="lan"), order)
    gone = after(four, lambda usage: usage.complete(at=minutes(6), by="lan"), left)
    mistaken = after(four, lambda usage: usage.cancel(reason="the wrong one", at=minutes(6), by="lan"), left)
    cancelled = order.cancel(reason="a storm", at=minutes(9), by="minh").order
    paid = check_out(pay(order, paid_attempt("early", 130_000)), at=minutes(9)).order

    assert order.seating.units(given_up=False) == paid.seating.units(given_up=False) == ("table-5", "table-4")
    assert left.seating.units(given_up=False) == ("table-4",)
    assert gone.seating.units(given_up=False) == ("table-4",)
    assert mistaken.seating.units(given_up=False) == ("table-5",)
    assert cancelled.seating.units(given_up=True) == ("table-5", "table-4")
    assert draft(pho()).seating.units(given_up=True) == ()


def test_a_usage_is_kept_as_a_document_that_says_everything() -> None:
    order = take(draft(pho()), "table-4", reserved_to=minutes(30)).order
    usage = at_table(order, "table-4")
    ended = usage.complete(at=minutes(20), by="lan")[0]

    assert ended.document() == {
        "id": usage.id,
        "version": 2,
        "unitId": "table-4",
        "zoneId": "garden",
        "type": "TABLE",
        "status": "SUCCESS",
        "startedAt": "2026-01-05T07:30:00Z",
        "reservedTo": "2026-01-05T08:00:00Z",
        "endedAt": "2026-01-05T07:50:00Z",
    }
    assert usage.document()["endedAt"] is None
