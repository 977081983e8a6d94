"""Rows that were changed by hand: the reconciler finds each of them, and goes on to the next order."""

from datetime import timedelta

import psycopg
import pytest

from reconciled_shop import Shop
from sale_domain.ids import MerchantId, merchant_bucket
from sale_domain.ports.publishing import Partition
from sale_domain.reconciliation import Limits

SPOILT = [
    ("UPDATE sale_order_lines SET sent_quantity = 2 WHERE order_id = %(eaten)s", ["sent-differs"]),
    (
        "UPDATE kitchen_ticket_items SET line_id = 'x' WHERE status = 'SERVED' AND order_id = %(eaten)s",
        ["sent-differs"] * 2,
    ),
    (
        "UPDATE kitchen_tickets SET status = 'READY' WHERE status = 'COMPLETED' AND order_id = %(eaten)s",
        ["ticket-differs"],
    ),
    (
        "UPDATE kitchen_ticket_items SET moves = 6 WHERE status = 'SERVED' AND order_id = %(eaten)s",
        ["kitchen-events-differ"],
    ),
    ("UPDATE sale_orders SET received = 50001 WHERE id = %(partial)s", ["money-differs"]),
    ("UPDATE sale_orders SET paid = 1 WHERE id = %(partial)s", ["money-differs"]),
    ("UPDATE sale_orders SET status = 'COMPLETED' WHERE id = %(partial)s", ["status-differs", "history-differs"]),
    ("UPDATE sale_orders SET status = 'PARTIAL' WHERE id = %(completed)s", ["status-differs", "history-differs"]),
    ("UPDATE sale_orders SET status = 'PROCESSING' WHERE id = %(partial)s", ["status-differs", "history-differs"]),
    ("UPDATE sale_orders SET status = 'CANCELLED' WHERE id = %(processing)s", ["history-differs"]),
    ("UPDATE sale_order_lines SET total = 1 WHERE order_id = %(processing)s", ["total-differs"]),
    ("UPDATE sale_orders SET total = 129999 WHERE id = %(processing)s", ["total-differs"]),
    (
        (
            "UPDATE sale_order_lines SET base_price = 1, unit_price = 1, discount = 0, tax = 0, total = 2"
            " WHERE order_id = %(draft)s"
        ),
        ["prices-not-frozen"],
    ),
    (
        (
            "UPDATE sale_order_lines SET base_price = NULL, unit_price = NULL, discount = NULL, tax = NULL,"
            " total = NULL WHERE order_id = %(processing)s"
        ),
        ["prices-not-frozen", "total-differs"],
    ),
    ("DELETE FROM payment_facts WHERE order_id = %(completed)s AND ordinal = 2", None),
    ("UPDATE payment_facts SET amount = amount + 1 WHERE order_id = %(cancelled)s AND ordinal = 1", None),
    ("DELETE FROM outbox WHERE order_id = %(completed)s AND seq = 1", ["event-missing", "event-gap"]),
    (
        "UPDATE outbox SET transition = 7 WHERE order_id = %(partial)s",
        ["event-missing", "event-unexpected", "payload-differs"],
    ),
    ("UPDATE outbox SET seq = 9 WHERE order_id = %(completed)s AND seq = 2", ["event-gap"]),
    ("UPDATE history SET transition = NULL WHERE order_id = %(partial)s", ["transition-not-told"]),
    (
        "DELETE FROM history WHERE order_id = %(processing)s AND version = 1",
        ["history-gap", "feed-gap"],
    ),
    ("UPDATE history SET version = 7 WHERE order_id = %(processing)s AND version = 1", ["history-gap"]),
    ("UPDATE merchant_feeds SET n = n + 1 WHERE merchant_id = %(merchant_id)s", ["feed-gap"]),
    ("UPDATE merchant_feeds SET n = n - 1 WHERE merchant_id = %(merchant_id)s", ["feed-gap"]),
    ("UPDATE outbox SET log_offset = 999 WHERE order_id = %(partial)s", ["record-missing"]),
    ("UPDATE outbox SET partition = 77 WHERE order_id = %(partial)s", ["record-missing"]),
    ("UPDATE outbox SET cluster_id = 'the one before' WHERE order_id = %(partial)s", ["other-log"]),
    ("UPDATE outbox SET log_offset = -5 WHERE order_id = %(partial)s", ["record-missing"]),
    (
        "UPDATE payment_facts SET amount = 25000 WHERE order_id = %(cancelled)s",
        ["ledger-differs", "fact-altered"],
    ),
    ("UPDATE payment_facts SET attempt_uid = 'z' WHERE order_id = %(partial)s", ["fact-altered"]),
    ("UPDATE payment_facts SET transaction_uid = 'z' WHERE order_id = %(partial)s", ["fact-altered"]),
    ("UPDATE payment_facts SET source_id = 'z' WHERE order_id = %(partial)s", ["fact-altered"]),
    ("UPDATE payment_facts SET source_type = 'SaleCheck' WHERE order_id = %(partial)s", ["fact-altered"]),
    ("UPDATE payment_facts SET fact_key = '\\x00' WHERE order_id = %(partial)s", ["fact-altered"]),
    ("UPDATE payment_facts SET ordinal = 5 WHERE order_id = %(partial)s", ["ledger-differs"]),
    (
        """UPDATE history SET data = '{"amount": 7, "received": 100000}'
        WHERE transition = 1 AND order_id = %(completed)s""",
        ["ledger-differs"],
    ),
    (
        """UPDATE history SET data = '{"amount": 30000, "received": 7}'
        WHERE order_id = %(cancelled)s AND version = 3""",
        ["ledger-differs", "payload-differs"],
    ),
    ("UPDATE sale_orders SET reported_facts = 0 WHERE id = %(completed)s", ["counters-differ"]),
    ("UPDATE sale_orders SET reported_facts = 9 WHERE id = %(processing)s", ["counters-differ"]),
    ("UPDATE sale_orders SET checkouts = 0 WHERE id = %(draft)s", ["counters-differ", "snapshot-missing"]),
    ("DELETE FROM checkout_snapshots WHERE order_id = %(partial)s", ["snapshot-missing"]),
    ("UPDATE outbox SET payload = '{}' WHERE order_id = %(partial)s", ["payload-differs"]),
    (
        "UPDATE outbox SET payload = replace(payload, '\"paid\":325000', '\"paid\":1') WHERE order_id = %(completed)s",
        ["payload-differs"],
    ),
    ("UPDATE outbox SET transition = NULL WHERE order_id = %(partial)s", ["event-missing", "payload-differs"]),
    (
        'UPDATE history SET data = \'{"received": "abc"}\' WHERE order_id = %(partial)s AND transition = 1',
        ["unreadable"],
    ),
    ("UPDATE history SET data = '{\"amount\": [1]}' WHERE order_id = %(partial)s AND transition = 1", ["unreadable"]),
    ("UPDATE history SET at = 'infinity' WHERE order_id = %(partial)s AND transition = 1", ["unreadable"]),
    ("UPDATE sale_orders SET updated_at = '10000-01-01Z' WHERE id = %(partial)s", ["unreadable"]),
    ("UPDATE outbox SET payload = 'no JSON' WHERE order_id = %(partial)s", ["unreadable"]),
]


@pytest.mark.parametrize(("statement", "codes"), SPOILT, ids=[statement for statement, _ in SPOILT])
async def test_one_row_changed_by_hand_is_found(shop: Shop, statement: str, codes: list[str] | None) -> None:
    await shop.spoil(statement.encode())
    found = await shop.codes()
    if codes is None:
        assert {"money-differs", "ledger-differs"} <= set(found)
    else:
        assert found == codes


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("payment_facts_amount_not_negative", "UPDATE payment_facts SET amount = 'NaN' WHERE order_id = %(partial)s"),
        (
            "sale_orders_exchange_rate_is_positive",
            "UPDATE sale_orders SET exchange_rate = 'NaN' WHERE id = %(partial)s",
        ),
        ("sale_orders_totals_not_negative", "UPDATE sale_orders SET total = 'NaN' WHERE id = %(partial)s"),
        ("sale_orders_paid_was_received", "UPDATE sale_orders SET received = 'NaN' WHERE id = %(partial)s"),
        ("sale_order_lines_price_not_negative", "UPDATE sale_order_lines SET tax = 'NaN' WHERE order_id = %(partial)s"),
        (
            "sale_order_lines_quantity_is_positive",
            "UPDATE sale_order_lines SET quantity = 'NaN' WHERE order_id = %(partial)s",
        ),
        ("sale_order_lines_sent_was_ordered", "UPDATE sale_order_lines SET sent_quantity = 'NaN'"),
        ("kitchen_ticket_items_quantity_is_positive", "UPDATE kitchen_ticket_items SET quantity = 'NaN'"),
    ],
)
async def test_no_figure_can_become_nan(shop: Shop, constraint: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
        await shop.spoil(statement.encode())


async def test_one_order_that_cannot_be_read_hides_no_other(shop: Shop) -> None:
    check = b"ALTER TABLE payment_facts %s CONSTRAINT ck_payment_facts_amount_not_negative"
    await shop.hand.execute(check % b"DROP")
    await shop.spoil(b"UPDATE payment_facts SET amount = 'NaN' WHERE order_id = %(partial)s")
    await shop.spoil(b"UPDATE sale_orders SET paid = 1 WHERE id = %(completed)s")
    found = await shop.findings()
    sampled = await shop.findings(sample=20)
    await shop.spoil(b"DELETE FROM payment_facts WHERE order_id = %(partial)s")
    await shop.hand.execute(check % b"ADD" + b" CHECK (amount >= 0 AND amount < 'NaN')")

    (unread,) = (finding for finding in found if finding.id == shop.evening.partial)
    assert (unread.check.value, unread.warning, unread.mend) == ("unreadable", False, None)
    assert "the amount NaN of fact 1 must be a finite number" in unread.sentence
    assert len(unread.sentence.splitlines()) == 1
    assert {finding.check.value for finding in found if finding is not unread} == {"money-differs"}
    assert unread in sampled


async def test_a_record_that_the_log_keeps_for_longer_cannot_be_gone(shop: Shop) -> None:
    for number in range(3):
        partition = Partition(topic="payment.success", number=number)
        shop.log.trim(partition, first=len(shop.log.partitions[partition].places))
    shop.retention["payment.success"] = timedelta(days=7)
    assert {finding.check.value for finding in await shop.findings(limits=Limits(ages={}))} == {"record-missing"}
    # A broker's clock may be an hour before ours.
    assert await shop.findings(limits=Limits(ages={}), at=timedelta(days=7, hours=-1)) == []
    shop.retention.clear()
    assert await shop.findings() == []


async def test_events_of_an_order_that_there_is_not_are_found_and_so_is_what_waits_of_a_merchant_without_a_feed(
    shop: Shop,
) -> None:
    await shop.spoil(
        b"INSERT INTO outbox (bucket, event_id, order_id, seq, merchant_id, topic, payload, occurred_at)"
        b" SELECT bucket, 'e', 'no-order', 1, 'nobody', topic, payload, occurred_at FROM outbox"
        b" WHERE order_id = %(partial)s"
    )
    found = await shop.findings(merchant_id=None, at=timedelta(hours=1))
    assert [(finding.check.value, finding.id) for finding in found] == [
        ("event-orphaned", "no-order"),
        ("stuck-unpublished", "e"),
    ]
    assert "of nobody" in found[0].sentence


async def test_what_waits_of_orders_without_a_feed_is_found(shop: Shop) -> None:
    await shop.spoil(b"DELETE FROM merchant_feeds WHERE merchant_id = %(merchant_id)s")
    await shop.spoil(b"DELETE FROM outbox WHERE merchant_id = %(merchant_id)s")
    found = {finding.check.value for finding in await shop.findings(merchant_id=None, at=timedelta(days=2))}
    assert {"feed-gap", "stuck-processing", "stuck-partial"} <= found


async def test_an_order_that_was_moved_to_another_merchant_is_found_and_not_mended(shop: Shop) -> None:
    # By an order's bucket one sees that it is not this merchant's: one name in 1 024 has the same.
    bucket = merchant_bucket(MerchantId(shop.evening.merchant_id))
    stranger = next(name for name in ("nobody", "somebody") if merchant_bucket(MerchantId(name)) != bucket)
    moved = b"UPDATE sale_orders SET merchant_id = %(stranger)s, paid = 1 WHERE id = %(partial)s"
    await shop.spoil(moved, stranger=stranger)
    found = await shop.findings(merchant_id=None)
    assert [finding.check.value for finding in found] == ["money-differs", "merchant-differs"]
    assert not any(finding.mend for finding in found)
