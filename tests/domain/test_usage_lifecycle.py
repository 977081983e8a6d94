"""The usage's machine: the real methods agree with the table, the facts hold, and nothing of the table is idle."""

from collections.abc import Callable

import pytest

from sale_domain.allocations import Told, Usage
from sale_domain.errors import IllegalTransition
from sale_domain.feed import FeedAction
from sale_domain.ids import UnitId
from sale_domain.usage_lifecycle import USAGE_LIFECYCLE, UsageAction, UsageStatus
from shop import draft, minutes, pho
from tables import at_table, seated

ACTIVE = at_table(seated(draft(pho(2)), "table-4"), "table-4")
USAGES: dict[UsageStatus, Usage] = {
    UsageStatus.ACTIVE: ACTIVE,
    UsageStatus.SUCCESS: ACTIVE.complete(at=minutes(40), by="lan")[0],
    UsageStatus.CANCELLED: ACTIVE.cancel(reason="rain", at=minutes(40), by="lan")[0],
    UsageStatus.EXPIRED: ACTIVE.expire(at=minutes(40), by="sale-sweep")[0],
}
ACTIONS: dict[UsageAction, Callable[[Usage], Told]] = {
    UsageAction.MOVE: lambda usage: usage.move(UnitId("table-5"), at=minutes(50), by="lan"),
    UsageAction.COMPLETE: lambda usage: usage.complete(at=minutes(50), by="lan"),
    UsageAction.CANCEL: lambda usage: usage.cancel(reason=None, at=minutes(50), by="lan"),
    UsageAction.EXPIRE: lambda usage: usage.expire(at=minutes(50), by="sale-sweep"),
}


@pytest.mark.parametrize("status", UsageStatus)
@pytest.mark.parametrize("action", UsageAction)
def test_every_action_in_every_state_does_what_the_table_says(status: UsageStatus, action: UsageAction) -> None:
    usage = USAGES[status]
    assert usage.status is status
    expected = USAGE_LIFECYCLE.table[status].get(action)
    if expected is None:
        with pytest.raises(IllegalTransition) as refusal:
            ACTIONS[action](usage)
        assert (refusal.value.status, refusal.value.action) == (status.value, action.value)
    else:
        after, (entry,) = ACTIONS[action](usage)
        assert (after.status, after.version) == (expected, usage.version + 1)
        assert (entry.from_status, entry.status, entry.version) == (status.value, expected.value, after.version)


# --- facts, written by hand ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended", [UsageStatus.SUCCESS, UsageStatus.CANCELLED, UsageStatus.EXPIRED])
def test_nothing_happens_to_a_usage_that_has_ended(ended: UsageStatus) -> None:
    for act in ACTIONS.values():
        with pytest.raises(IllegalTransition):
            act(USAGES[ended])
    with pytest.raises(IllegalTransition):
        USAGES[ended].move(USAGES[ended].unit_id, at=minutes(50), by="lan")


def test_each_end_is_told_by_its_own_name_and_has_its_time() -> None:
    ends = {
        UsageAction.COMPLETE: (UsageStatus.SUCCESS, FeedAction.USAGE_COMPLETED),
        UsageAction.CANCEL: (UsageStatus.CANCELLED, FeedAction.USAGE_CANCELLED),
        UsageAction.EXPIRE: (UsageStatus.EXPIRED, FeedAction.USAGE_EXPIRED),
    }
    for action, (status, told) in ends.items():
        usage, (entry,) = ACTIONS[action](ACTIVE)
        assert (usage.status, usage.ended_at, usage.is_active) == (status, minutes(50), False)
        assert (entry.action, entry.at) == (told, minutes(50))


def test_a_usage_that_is_given_up_says_who_did_it_and_why() -> None:
    _, (entry,) = ACTIVE.cancel(reason="rain", at=minutes(50), by="lan")
    assert (entry.reason, entry.by) == ("rain", "lan")


def test_a_move_takes_the_new_unit_and_leaves_the_rest() -> None:
    moved, (entry,) = ACTIONS[UsageAction.MOVE](ACTIVE)
    assert (moved.unit_id, moved.status, moved.ended_at) == ("table-5", UsageStatus.ACTIVE, None)
    assert (moved.started_at, moved.zone_id) == (ACTIVE.started_at, ACTIVE.zone_id)
    assert entry.action is FeedAction.USAGE_MOVED
    assert entry.data == {
        "saleOrderId": ACTIVE.order_id,
        "unitId": "table-5",
        "zoneId": "garden",
        "fromUnitId": "table-4",
    }


def test_a_move_to_where_the_guests_are_changes_nothing() -> None:
    assert ACTIVE.move(UnitId("table-4"), at=minutes(50), by="lan") == (ACTIVE, ())


def test_a_clock_that_is_behind_ends_nothing_before_it_began() -> None:
    usage, (entry,) = ACTIVE.complete(at=minutes(-5), by="lan")
    assert (usage.ended_at, entry.at) == (ACTIVE.started_at, ACTIVE.started_at)


# --- the table itself ------------------------------------------------------------------------------------------------


def test_every_state_has_a_row_can_be_reached_and_every_action_is_used() -> None:
    table = USAGE_LIFECYCLE.table
    assert set(table) == set(UsageStatus)
    assert {USAGE_LIFECYCLE.initial, *table[USAGE_LIFECYCLE.initial].values()} == set(UsageStatus)
    assert {action for row in table.values() for action in row} == set(UsageAction)
    assert [status for status in UsageStatus if not USAGE_LIFECYCLE.is_terminal(status)] == [UsageStatus.ACTIVE]
