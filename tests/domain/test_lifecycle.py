"""A lifecycle is its table: what the table does not say cannot happen."""

from enum import Enum

import pytest

from sale_domain.errors import IllegalTransition
from sale_domain.lifecycle import Lifecycle


class Door(Enum):
    OPEN = "OPEN"
    SHUT = "SHUT"
    BRICKED_UP = "BRICKED_UP"


class Push(Enum):
    SHUT = "shut"
    BRICK_UP = "brick up"


DOORS = Lifecycle[Door, Push](
    thing="door",
    initial=Door.OPEN,
    table={
        Door.OPEN: {Push.SHUT: Door.SHUT},
        Door.SHUT: {Push.BRICK_UP: Door.BRICKED_UP},
        Door.BRICKED_UP: {},
    },
)


def test_an_action_leads_where_the_table_says() -> None:
    assert DOORS.after(Door.OPEN, Push.SHUT) is Door.SHUT


def test_an_action_that_the_table_does_not_name_is_refused_with_state_and_action() -> None:
    with pytest.raises(IllegalTransition) as refusal:
        DOORS.after(Door.OPEN, Push.BRICK_UP)
    assert (refusal.value.status, refusal.value.action) == ("OPEN", "brick up")


def test_a_state_without_a_way_out_is_terminal() -> None:
    assert [door for door in Door if DOORS.is_terminal(door)] == [Door.BRICKED_UP]
