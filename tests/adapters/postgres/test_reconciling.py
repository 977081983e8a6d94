"""The reconciler on a real PostgreSQL: what it finds, what it lets pass, and what it mends."""

from datetime import timedelta

import attrs
import pytest

import orders_world as world
from evening import CLOSING_TIME
from reconciled_shop import Shop
from sale_adapters.memory import ManualClock
from sale_adapters.postgres import Database, PostgresInbox
from sale_domain.ids import bucket_of
from sale_domain.order_errors import OrderChanged
from sale_domain.order_lifecycle import ORDER_LIFECYCLE, OrderStatus
from sale_domain.ports.orders import Decision
from sale_domain.ports.publishing import Partition
from sale_domain.ports.reconciling import Wait
from sale_domain.reconciliation import Limits
from sale_domain.use_cases.reconciling import mend
from seating_world import taking


async def test_after_a_played_evening_everything_agrees(shop: Shop) -> None:
    assert await shop.findings() == []
    assert await shop.findings(merchant_id=None) == []
    assert await shop.findings(sample=20) == []
    assert await shop.findings(since=world.MORNING) == []


async def test_a_table_that_outlives_its_order_is_found(shop: Shop) -> None:
    await shop.orders.change(shop.evening.partial, taking("table-4", "table-5"), merchant_id=None)
    assert await shop.findings() == []
    await shop.orders.change(
        shop.evening.partial,
        lambda order: Decision(change=order.cancel(reason="rain", at=order.updated_at, by="lan")),
        merchant_id=shop.evening.merchant_id,
    )
    assert await shop.codes() == []
    await shop.spoil(
        b"UPDATE allocation_usages SET status = 'ACTIVE', ended_at = NULL"
        b" WHERE order_id = %(partial)s AND unit_id = 'table-5'"
    )
    (finding,) = await shop.findings()
    assert (finding.check.value, finding.id) == ("usage-outlives-order", shop.evening.partial)
    assert finding.sentence == "The order is CANCELLED, and it still has table-5."


async def test_a_row_that_names_another_events_address_is_found(shop: Shop) -> None:
    await shop.spoil(
        b"UPDATE outbox o SET partition = p.partition, log_offset = p.log_offset FROM outbox p"
        b" WHERE o.order_id = %(partial)s AND p.order_id = %(completed)s AND p.seq = 1"
    )
    (finding,) = await shop.findings()
    assert finding.check.value == "record-differs"
    assert "there lies event" in finding.sentence


async def test_records_that_retention_has_deleted_are_no_disagreement(shop: Shop) -> None:
    for number in range(3):
        partition = Partition(topic="payment.success", number=number)
        shop.log.trim(partition, first=len(shop.log.partitions[partition].places))
    assert await shop.findings() == []


async def test_an_outbox_row_may_be_gone_once_it_is_older_than_what_is_kept(shop: Shop) -> None:
    await shop.spoil(b"DELETE FROM outbox WHERE order_id = %(completed)s AND seq = 1")
    later = Limits(ages={}, events_kept=timedelta(minutes=1))
    assert await shop.findings(limits=later) == []
    await shop.spoil(b"DELETE FROM history WHERE order_id = %(completed)s AND transition = 1")
    assert [f.check.value for f in await shop.findings(limits=later)] == [
        "ledger-differs",
        "counters-differ",
        "event-missing",
        "transition-not-told",
        "history-gap",
        "feed-gap",
    ]


async def test_an_event_that_was_given_up_waits_for_nothing_and_outlives_the_clean_up(
    shop: Shop,
) -> None:
    await shop.spoil(
        b"UPDATE outbox SET published_at = NULL, partition = NULL, log_offset = NULL, cluster_id = NULL,"
        b" set_aside_at = occurred_at, set_aside_reason = 'too large', released_at = now(), released_reason = 'by hand'"
        b" WHERE order_id = %(completed)s AND seq = 1"
    )
    assert await shop.findings(limits=Limits(ages={Wait.UNPUBLISHED: timedelta(0), Wait.SET_ASIDE: timedelta(0)})) == []
    await shop.spoil(b"DELETE FROM outbox WHERE order_id = %(completed)s AND seq = 2")
    assert await shop.findings(limits=Limits(ages={}, events_kept=timedelta(minutes=1))) == []


async def test_a_uid_that_names_two_transactions_is_a_warning(shop: Shop) -> None:
    fact = attrs.evolve(world.attempt(shop.evening.partial, 50_000, uid="attempt-50000"), transaction_uid="other")
    await shop.orders.change(shop.evening.partial, world.paying(fact), merchant_id=None)
    (finding,) = await shop.findings()
    assert (finding.check.value, finding.warning) == ("conflicting-uid", True)
    assert "other and transaction-1" in finding.sentence


async def test_what_waits_too_long_is_reported_with_its_oldest_member(shop: Shop, database: Database) -> None:
    waiting = shop.evening
    await shop.spoil(
        b"UPDATE outbox SET published_at = NULL, partition = NULL, log_offset = NULL, cluster_id = NULL"
        b" WHERE order_id IN (%(partial)s, %(completed)s)"
    )
    await shop.spoil(
        b"UPDATE outbox SET set_aside_at = occurred_at, set_aside_reason = 'too large' WHERE order_id = %(partial)s"
    )
    for minutes, order in ((1, "0000000000000000000000000177"), (0, "0000000000000000000000000277")):
        webhook = attrs.evolve(
            world.delivered(bucket=bucket_of(order)), received_at=world.MORNING + timedelta(minutes=minutes)
        )
        await PostgresInbox(database).park(world.attempt(order, 5), webhook=webhook)  # type: ignore[arg-type]  # an id
    found = {f.check.value: f for f in await shop.findings(at=timedelta(days=2), merchant_id=None)}
    assert list(found) == [
        "stuck-draft",
        "stuck-processing",
        "stuck-partial",
        "stuck-parked",
        "stuck-unpublished",
        "stuck-set-aside",
    ]
    assert all(finding.warning for finding in found.values())
    assert found["stuck-draft"].id == waiting.draft
    assert found["stuck-processing"].id == waiting.processing
    assert found["stuck-partial"].id == waiting.partial
    assert found["stuck-parked"].id == "0000000000000000000000000277"
    assert found["stuck-parked"].sentence.startswith("2 payments are parked")
    assert found["stuck-unpublished"].sentence.startswith("2 events are unpublished")


async def test_a_merchant_without_a_counter_is_found(shop: Shop) -> None:
    await shop.spoil(b"DELETE FROM merchant_feeds WHERE merchant_id = %(merchant_id)s")
    assert "feed-gap" in await shop.codes()


async def test_only_orders_that_changed_since_then_are_looked_at(shop: Shop) -> None:
    await shop.spoil(b"UPDATE sale_orders SET received = 50001 WHERE id = %(partial)s")
    assert await shop.findings(since=CLOSING_TIME) == []
    assert len(await shop.findings(since=world.MORNING)) == 1


async def test_a_sample_of_everything_finds_it_too(shop: Shop) -> None:
    await shop.spoil(b"UPDATE sale_orders SET received = received + 1 WHERE merchant_id = %(merchant_id)s")
    assert {finding.check.value for finding in await shop.findings(sample=3)} == {"money-differs"}


async def test_stored_money_is_mended_from_the_ledger_and_a_second_look_is_clean(shop: Shop) -> None:
    await shop.spoil(b"UPDATE sale_orders SET received = 70000, paid = 7 WHERE id = %(partial)s")
    (finding,) = await shop.findings()
    assert finding.mend is not None
    assert str(finding.mend).startswith("Rewrite received 70000 → 50000 and paid 7 → 50000 of order ")
    before = await shop.orders.find(shop.evening.partial, merchant_id=shop.evening.merchant_id)

    await mend(shop.orders, ManualClock(CLOSING_TIME), finding.mend)

    assert await shop.findings() == []
    after = await shop.orders.find(shop.evening.partial, merchant_id=shop.evening.merchant_id)
    assert after.order == attrs.evolve(before.order, version=before.order.version + 1, updated_at=CLOSING_TIME)
    history = await shop.orders.history(shop.evening.partial, merchant_id=shop.evening.merchant_id)
    entry = history.entries[-1].entry
    assert (entry.by, entry.reason, entry.status) == ("sale-reconcile", "reconciled with its ledger", "PARTIAL")
    stored = await shop.hand.execute("SELECT received, paid FROM sale_orders WHERE id = %s", (shop.evening.partial,))
    assert await stored.fetchone() == (50_000, 50_000)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM payment_facts WHERE order_id = %(completed)s AND ordinal = 2",
        "UPDATE sale_orders SET status = 'PARTIAL', paid = 5 WHERE id = %(completed)s",
        (
            "WITH gone AS (DELETE FROM outbox WHERE order_id = %(completed)s AND seq = 1)"
            " UPDATE sale_orders SET paid = 5 WHERE id = %(completed)s"
        ),
    ],
)
async def test_money_is_not_mended_where_anything_else_is_wrong(shop: Shop, statement: str) -> None:
    await shop.spoil(statement.encode())
    findings = await shop.findings()
    assert "money-differs" in {finding.check.value for finding in findings}
    assert not any(finding.mend for finding in findings)


async def test_an_order_that_has_changed_meanwhile_is_left_alone(shop: Shop) -> None:
    await shop.spoil(b"UPDATE sale_orders SET received = 70000 WHERE id = %(partial)s")
    (finding,) = await shop.findings()
    assert finding.mend is not None
    fact = world.attempt(shop.evening.partial, 1, uid="attempt-1")
    await shop.orders.change(shop.evening.partial, world.paying(fact), merchant_id=None)
    with pytest.raises(OrderChanged):
        await mend(shop.orders, ManualClock(CLOSING_TIME), finding.mend)
    assert await shop.findings() == []


def test_every_kind_of_waiting_has_a_limit() -> None:
    assert set(Limits().ages) == set(Wait)


def test_every_status_that_an_order_is_to_leave_has_a_limit() -> None:
    to_leave = {status.name for status in OrderStatus if ORDER_LIFECYCLE.table[status]}
    assert to_leave == {wait.name for wait in Wait} - {"PARKED", "UNPUBLISHED", "SET_ASIDE"}
