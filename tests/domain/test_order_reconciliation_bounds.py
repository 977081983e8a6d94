"""What the reconciler lets pass of an order, what it would mend, and whose things it names."""

from datetime import timedelta
from decimal import Decimal

import pytest

import orders_world as world
from sale_domain.ids import LineId, OrderId
from sale_domain.kitchen_lifecycle import KitchenItemStatus
from sale_domain.ledger import Ledger
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.order_reconciliation import check_order
from sale_domain.reconciliation import Check, Finding, Mend, plain
from sale_domain.usage_lifecycle import UsageStatus
from seating_world import taking
from spoilt_orders import (
    an,
    booked,
    cancelled,
    doubled,
    evolved,
    found,
    item,
    line,
    order,
    row,
    without,
)


@pytest.mark.parametrize("stored", [{"received": Decimal(70_000)}, {"paid": Decimal(7)}])
async def test_stored_money_is_mendable_when_nothing_else_is_wrong(stored: dict[str, Decimal]) -> None:
    spoilt = booked(**stored)(await an("partial", doubled("attempt-50000", 50_000)))
    money, warning = check_order(spoilt, kept_since=world.MORNING)
    figures = (spoilt.received, spoilt.paid)
    assert money == Finding(
        check=Check.MONEY,
        id=spoilt.order.id,
        sentence=f"Stored are received {plain(figures[0])} and paid {plain(figures[1])} VND; "
        "the ledger amounts to 50000 and 50000.",
        mend=Mend(
            order_id=spoilt.order.id,
            merchant_id=spoilt.order.merchant_id,
            version=spoilt.order.version,
            stored=figures,
            right=(Decimal(50_000), Decimal(50_000)),
        ),
    )
    assert str(money.mend) == (
        f"Rewrite received {plain(figures[0])} → 50000 and paid {plain(figures[1])} → 50000 of order {spoilt.order.id} "
        "from its ledger, with a history entry."
    )
    assert (warning.check, warning.warning) == (Check.CONFLICTING_UID, True)
    (money, _, _) = check_order(order(checkouts=7)(spoilt), kept_since=world.MORNING)[:3]
    assert money.mend is None


async def test_a_uid_of_two_transactions_is_a_warning_and_so_is_the_status_that_it_lowers() -> None:
    """Once known to be one transaction's, two attempts may be worth less than a settlement that is told again."""
    whole = await an("partial", doubled("attempt-50000", 50_000))
    (finding,) = check_order(whole, kept_since=world.MORNING)
    assert finding == Finding(
        check=Check.CONFLICTING_UID,
        id=whole.order.id,
        sentence="mq-pay's attempt-50000 names other and transaction-1; it counts for the first.",
        warning=True,
    )
    paid = order(status=OrderStatus.COMPLETED)(whole)
    status = next(each for each in check_order(paid, kept_since=world.MORNING) if each.check is Check.STATUS)
    assert status.warning
    status = check_order(order(status=OrderStatus.COMPLETED)(await an("partial")), kept_since=world.MORNING)[0]
    assert (status.check, status.warning) == (Check.STATUS, False)


async def test_rows_from_before_what_is_kept_may_be_gone_and_no_younger_ones() -> None:
    gone = without("events", 0)(await an("completed"))
    paid_at = gone.entries[3].at - world.MORNING
    assert found(gone, kept_since=paid_at + timedelta(microseconds=1)) == []
    assert found(gone, kept_since=paid_at) == [(Check.EVENT_MISSING, "Transition 1 has no outbox row.")]
    hole = without("events", 3)(await an("eaten"))
    assert found(hole, kept_since=timedelta(days=1)) == [
        (Check.EVENT_GAP, "Of events 1 to 6 the outbox lacks, or has besides, 4.")
    ]
    every = booked(events=())(await an("eaten"))
    assert found(every, kept_since=timedelta(microseconds=1)) == []
    assert found(every) == [(Check.EVENT_GAP, "Of events 1 to 6 the outbox lacks, or has besides, 1, 2, 3, 4, 5, 6.")]


async def test_an_event_that_was_given_up_outlives_the_clean_up() -> None:
    whole = row("events", 0, released=True)(await an("completed"))
    assert found(whole) == []
    alone = without("events", 1)(whole)
    assert found(alone, kept_since=timedelta(days=1)) == []
    assert found(row("events", 0, seq=3)(alone), kept_since=timedelta(days=1)) == [
        (Check.EVENT_GAP, "Of events 3 to 2 the outbox lacks, or has besides, 3.")
    ]


async def test_a_dishs_event_says_nothing_of_money_though_its_order_is_checked_out() -> None:
    assert found(await an("eaten", world.checking_out())) == []


async def test_a_fact_that_came_before_any_transition_is_known_to_none() -> None:
    early = world.paying(world.attempt(OrderId("any"), 1))
    assert found(await an("draft", early)) == []


async def test_a_table_that_outlives_its_order_is_found() -> None:
    whole = await an("partial", taking("table-4", "table-5"))
    assert found(whole) == []
    gone = await an("partial", taking("table-4", "table-5"), cancelled)
    assert found(gone) == []
    usages = tuple(evolved(usage, status=UsageStatus.ACTIVE) for usage in gone.order.seating.usages)
    alive = order(seating=evolved(gone.order.seating, usages=usages))(gone)
    assert found(alive) == [(Check.USAGE, "The order is CANCELLED, and it still has table-4, table-5.")]


async def test_what_was_sent_is_what_the_kitchen_has() -> None:
    whole = await an("eaten")
    (line_id,) = (one.id for one in whole.order.basket.lines)
    assert found(line(sent_quantity=Decimal("1.5"))(whole)) == [
        (Check.SENT, f"Line {line_id} says that 1.5 were sent; the kitchen has something else.")
    ]
    first, voided = item(0, line_id=LineId("y")), item(1, line_id=LineId("x"), status=KitchenItemStatus.READY)
    assert [says for check, says in found(voided(first(whole))) if check is Check.SENT] == [
        f"Line {line_id} says that 1 were sent; the kitchen has something else.",
        "The kitchen has something of lines that the order has not: x, y.",
    ]


async def test_a_ticket_is_stored_as_its_items_say() -> None:
    whole = await an("eaten")
    first = whole.order.kitchen.tickets[0]
    (finding,) = check_order(
        booked(ticket_statuses={**whole.ticket_statuses, first.id: "READY"})(whole), kept_since=world.MORNING
    )
    assert (finding.check, finding.id) == (Check.TICKET, first.id)
    assert finding.sentence == "The ticket is stored as READY; its items say COMPLETED."


async def test_of_a_very_long_ledger_the_last_sums_are_summed_up_again() -> None:
    whole = await an("processing")
    attempts = (world.attempt(whole.order.id, 1, uid=f"attempt-{n}") for n in range(1, 301))
    told_of = [evolved(whole.entries[-1], amount=Decimal(1), received=Decimal(number)) for number in range(1, 301)]
    long = evolved(order(ledger=Ledger(tuple(attempts)))(whole), entries=tuple(told_of))

    def ledger(number: int) -> list[str]:
        spoilt = row("entries", number - 1, received=Decimal(7))(long)
        return [sentence for check, sentence in found(spoilt) if check is Check.LEDGER and "Fact" in sentence]

    assert ledger(167) == []
    assert ledger(168) == ["Fact 168 is 1, 168 received by then; history tells of 1, 7 received."]
