"""What the board believes of lifecycles is what the domain's tables say."""

from enum import Enum

import pytest

from board_world import Open, evaluated
from sale_domain.kitchen_lifecycle import KITCHEN_ITEM_LIFECYCLE, KitchenItemStatus, KitchenTicketStatus
from sale_domain.lifecycle import Action, Lifecycle, State
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderStatus
from sale_domain.usage_lifecycle import USAGE_LIFECYCLE, UsageStatus

pytestmark = pytest.mark.asyncio(loop_scope="session")


def told(lifecycle: Lifecycle[State, Action]) -> dict[str, dict[str, str]]:
    return {
        str(status.value): {str(action.value): str(to.value) for action, to in row.items()}
        for status, row in lifecycle.table.items()
    }


async def test_the_board_knows_every_transition_and_what_is_open_as_the_domain_does(open_board: Open) -> None:
    board = await evaluated(
        await open_board(None),
        "const { ORDER, ITEM, USAGE, OPEN } = await load('lifecycles'); return { ORDER, ITEM, USAGE, OPEN };",
    )
    assert board == {
        "ORDER": told(ORDER_LIFECYCLE),
        "ITEM": told(KITCHEN_ITEM_LIFECYCLE),
        "USAGE": told(USAGE_LIFECYCLE),
        "OPEN": {
            "order": [status.value for status in ORDER_LIFECYCLE.table if not ORDER_LIFECYCLE.is_terminal(status)],
            "ticket": [status.value for status in KitchenTicketStatus if not status.is_over],
            "usage": [status.value for status in USAGE_LIFECYCLE.table if not USAGE_LIFECYCLE.is_terminal(status)],
        },
    }


async def test_every_status_has_its_words_in_both_languages(open_board: Open) -> None:
    lives: tuple[type[Enum], ...] = (OrderStatus, KitchenItemStatus, KitchenTicketStatus, UsageStatus)
    statuses = {f"status.{status.value}" for life in lives for status in life}
    spoken = await evaluated(
        await open_board(None),
        """
        const languages = await Promise.all([load('texts/en'), load('texts/vi')]);
        return languages.map((language) => Object.keys(language.default));
        """,
    )
    assert [statuses - set(keys) for keys in spoken] == [set(), set()]
