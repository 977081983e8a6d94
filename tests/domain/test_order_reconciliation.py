"""What the reconciler says of one order whose money or lines are spoilt, word for word."""

from decimal import Decimal

import pytest

from sale_domain.ids import MerchantId
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.ports.reconciling import BookedFact
from sale_domain.reconciliation import Check
from spoilt_orders import (
    FREE,
    Spoil,
    an,
    booked,
    facts,
    found,
    line,
    order,
    row,
    totals,
)

SPOILT: dict[str, tuple[str, Spoil, list[tuple[Check, str]]]] = {
    "a status that its money does not allow": (
        "partial",
        order(status=OrderStatus.COMPLETED),
        [
            (Check.STATUS, "The order is COMPLETED, with 50000 paid of 130000 VND."),
            (Check.HISTORY, "The order is COMPLETED, and history ends with PARTIAL."),
        ],
    ),
    "paid in full and still PARTIAL": (
        "completed",
        order(status=OrderStatus.PARTIAL),
        [
            (Check.STATUS, "The order is PARTIAL, with 325000 paid of 325000 VND."),
            (Check.HISTORY, "The order is PARTIAL, and history ends with COMPLETED."),
        ],
    ),
    "paid in part and still PROCESSING": (
        "partial",
        order(status=OrderStatus.PROCESSING),
        [
            (Check.STATUS, "The order is PROCESSING, with 50000 paid of 130000 VND."),
            (Check.HISTORY, "The order is PROCESSING, and history ends with PARTIAL."),
        ],
    ),
    "PARTIAL with nothing paid": (
        "processing",
        order(status=OrderStatus.PARTIAL),
        [
            (Check.STATUS, "The order is PARTIAL, with 0 paid of 130000 VND."),
            (Check.HISTORY, "The order is PARTIAL, and history ends with PROCESSING."),
        ],
    ),
    "PARTIAL before it was checked out": (
        "draft",
        order(status=OrderStatus.PARTIAL),
        [
            (Check.STATUS, "The order is PARTIAL, with 0 paid of unknown VND."),
            (Check.HISTORY, "The order is PARTIAL, and history ends with DRAFT."),
        ],
    ),
    "nothing asked and still PROCESSING": (
        "processing",
        lambda whole: totals(subtotal=0, total=0)(line(price=FREE)(whole)),
        [(Check.STATUS, "The order is PROCESSING, with 0 paid of 0 VND.")],
    ),
    "PROCESSING before it was checked out": (
        "draft",
        order(status=OrderStatus.PROCESSING),
        [
            (Check.STATUS, "The order is PROCESSING, with 0 paid of unknown VND."),
            (Check.HISTORY, "The order is PROCESSING, and history ends with DRAFT."),
        ],
    ),
    "another merchant's": (
        "processing",
        order(merchant_id=MerchantId("nobody")),
        [(Check.MERCHANT, "The order does not lie in the bucket of its merchant nobody: it was another's.")],
    ),
    "a total that is not its lines'": (
        "processing",
        totals(total=129_999),
        [
            (
                Check.TOTAL,
                "The total is 129999, the lines sum up to 130000, subtotal, discount and tax to 130000 VND.",
            )
        ],
    ),
    "a tax that the total lacks": (
        "processing",
        totals(tax=10_000),
        [
            (
                Check.TOTAL,
                "The total is 130000, the lines sum up to 130000, subtotal, discount and tax to 140000 VND.",
            )
        ],
    ),
    "a discount that the total lacks, larger than everything": (
        "processing",
        totals(discount=200_000),
        [(Check.TOTAL, "The total is 130000, the lines sum up to 130000, subtotal, discount and tax to 0 VND.")],
    ),
    "a price that is not frozen yet": (
        "draft",
        line(price=FREE),
        [(Check.PRICES, "The order is DRAFT and 1 of 1 lines are priced.")],
    ),
    "a price that was lost": (
        "processing",
        line(price=None),
        [
            (Check.PRICES, "The order is PROCESSING and 0 of 1 lines are priced."),
            (Check.TOTAL, "The total is 130000, the lines sum up to 0, subtotal, discount and tax to 130000 VND."),
        ],
    ),
    "a fact that is lost": (
        "completed",
        facts(0),
        [
            (
                Check.MONEY,
                "Stored are received 600000 and paid 325000 VND; the ledger amounts to 100000 and 100000.",
            ),
            (
                Check.LEDGER,
                "The ledger has 1 facts that amount to 100000; history tells of 2 payments and 600000 received.",
            ),
            (Check.STATUS, "The order is COMPLETED, with 100000 paid of 325000 VND."),
        ],
    ),
    "other money stored": (
        "completed",
        booked(received=Decimal(700_000)),
        [
            (
                Check.MONEY,
                "Stored are received 700000 and paid 325000 VND; the ledger amounts to 600000 and 325000.",
            )
        ],
    ),
    "payments that history does not know": (
        "partial",
        row("entries", 2, amount=None, received=None),
        [
            (Check.LEDGER, "The ledger has 1 facts that amount to 50000; history tells of 0 payments."),
            (Check.COUNTERS, "The last transition knew 0 facts by history; the order says 1."),
        ],
    ),
    "a sum that is not the last one's": (
        "completed",
        row("entries", 4, received=Decimal(599_999)),
        [
            (
                Check.LEDGER,
                "The ledger has 2 facts that amount to 600000; history tells of 2 payments and 599999 received.",
            )
        ],
    ),
    "a sum that is not the only one's": (
        "partial",
        row("entries", 2, received=Decimal(49_999)),
        [
            (
                Check.LEDGER,
                "The ledger has 1 facts that amount to 50000; history tells of 1 payments and 49999 received.",
            ),
            (Check.PAYLOAD, "The event says another payment.paid than its row, its order and history."),
        ],
    ),
    "a payment of another amount": (
        "completed",
        row("entries", 3, amount=Decimal(7)),
        [
            (
                Check.LEDGER,
                "Fact 1 is 100000, 100000 received by then; history tells of 7, 100000 received.",
            )
        ],
    ),
    "another sum on the way": (
        "completed",
        row("entries", 3, received=Decimal(7)),
        [
            (Check.LEDGER, "Fact 1 is 100000, 100000 received by then; history tells of 100000, 7 received."),
            (Check.PAYLOAD, "The event says another payment.paid than its row, its order and history."),
        ],
    ),
    "a payment of no amount": (
        "completed",
        row("entries", 4, amount=None),
        [(Check.LEDGER, "Fact 2 is 500000, 600000 received by then; history tells of nothing, 600000 received.")],
    ),
    "a fact that was altered": (
        "completed",
        booked(facts=(BookedFact(ordinal=1, as_told=True), BookedFact(ordinal=2, as_told=False))),
        [(Check.FACT, "Of the ledger's facts 2 what makes it that fact is not what its key was made of.")],
    ),
    "a fact of another number": (
        "completed",
        booked(facts=(BookedFact(ordinal=1, as_told=True), BookedFact(ordinal=5, as_told=True))),
        [(Check.LEDGER, "The ledger's facts are not numbered 1 to 2: it lacks, or has besides, 2, 5.")],
    ),
    "a checkout too many": (
        "processing",
        order(checkouts=2),
        [
            (Check.COUNTERS, "The order counts 2 checkouts, and history tells of 1."),
            (Check.SNAPSHOT, "Of the snapshots of 2 checkouts the order lacks, or has besides, 2."),
        ],
    ),
    "a snapshot that is lost": (
        "processing",
        booked(snapshots=frozenset()),
        [(Check.SNAPSHOT, "Of the snapshots of 1 checkouts the order lacks, or has besides, 1.")],
    ),
    "facts that no transition knew": (
        "processing",
        order(reported_facts=9),
        [(Check.COUNTERS, "The last transition knew 0 facts by history; the order says 9.")],
    ),
}


@pytest.mark.parametrize("kind", ["draft", "processing", "partial", "completed", "cancelled", "eaten"])
async def test_an_order_that_nobody_has_spoilt_agrees(kind: str) -> None:
    assert found(await an(kind)) == []


@pytest.mark.parametrize(("kind", "spoil", "says"), SPOILT.values(), ids=SPOILT)
async def test_what_is_spoilt_is_said(kind: str, spoil: Spoil, says: list[tuple[Check, str]]) -> None:
    assert found(spoil(await an(kind))) == says
