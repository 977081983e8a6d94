"""The database in memory: locks that are not waited for without end, and an outbox that the relay can empty."""

from datetime import UTC, datetime

import pytest

from sale_adapters.memory import ManualClock, MemoryAnswers, MemoryInbox, MemoryOrders, MemoryStore, SequentialIds
from sale_adapters.wire import json
from sale_domain.announcements import messages
from sale_domain.ids import EventId, MerchantId, UserId
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.port_errors import KeyInUse, StoreBusy, StoreUnavailable
from sale_domain.ports.answers import AnswerKey, StoredAnswer
from sale_domain.ports.orders import Decision, ReceivedWebhook
from shop import MORNING, check_out, draft, minutes, opened, paid_attempt, pho

KEY = AnswerKey(merchant_id=MerchantId("merchant-1"), user_id=UserId("lan"), method="POST", path="/", key="key-1")
BUSY = StoreBusy(reason="busy")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(clock=ManualClock(), lock_timeout_seconds=0.01)


def adding(order: Order) -> Decision:
    return Decision(change=order.add_item(pho(), at=MORNING, by="lan"))


async def test_an_order_that_stays_locked_is_unavailable_and_free_again_afterwards(store: MemoryStore) -> None:
    orders = MemoryOrders(store)
    order = (await orders.create(Decision(change=opened()), once=None)).order
    async with store.locked(order.id, otherwise=BUSY):
        with pytest.raises(StoreBusy):
            await orders.change(order.id, adding, merchant_id=order.merchant_id)
    committed = await orders.change(order.id, adding, merchant_id=order.merchant_id)
    assert committed.view.order.version == 2


async def test_a_key_whose_first_request_is_still_running_is_in_use(store: MemoryStore) -> None:
    answer = StoredAnswer(status=404, headers=(), body=b"")
    async with store.locked(KEY, otherwise=BUSY):
        with pytest.raises(KeyInUse):
            await MemoryAnswers(store).keep(KEY, fingerprint=b"", answer=answer)
    assert await MemoryAnswers(store).keep(KEY, fingerprint=b"", answer=answer) == answer


async def test_a_database_that_is_away_fails_every_port_and_is_well_again_afterwards(store: MemoryStore) -> None:
    webhook = ReceivedWebhook(id="w1", received_at=MORNING, event_type=None, body=b"", outcome="parked")
    store.fail_with = StoreUnavailable(reason="gone")
    merchant = MerchantId("merchant-1")
    for question in (
        MemoryOrders(store).create(Decision(change=opened()), once=None),
        MemoryOrders(store).change(draft().id, adding, merchant_id=merchant),
        MemoryOrders(store).find(draft().id, merchant_id=merchant),
        MemoryOrders(store).history(draft().id, merchant_id=merchant),
        MemoryAnswers(store).find(KEY, fingerprint=b""),
        MemoryInbox(store).log(webhook),
        MemoryInbox(store).park(paid_attempt("a1", 1), webhook=webhook),
    ):
        with pytest.raises(StoreUnavailable):
            await question
    store.fail_with = None
    await MemoryInbox(store).log(webhook)
    assert MemoryInbox(store).webhooks == (webhook,)


async def test_an_event_reaches_the_relays_outbox_as_the_bytes_that_kafka_gets(store: MemoryStore) -> None:
    orders = MemoryOrders(store)
    order = (await orders.create(Decision(change=opened(pho(2))), once=None)).order
    await orders.change(order.id, lambda order: Decision(change=check_out(order)), merchant_id=order.merchant_id)

    def paid(order: Order) -> Decision:
        change: Change = order.record_payment(paid_attempt("a1", 130_000), at=minutes(1))[1]
        return Decision(change=change, messages=messages(change, new_id=lambda _: "event-1", traceparent="00-1"))

    await orders.change(order.id, paid, merchant_id=None)
    row = store.outbox.rows[EventId("event-1")]
    assert (row.order_id, row.seq, row.topic, row.traceparent) == (order.id, 1, "payment.success", "00-1")
    assert row.occurred_at == datetime(2026, 1, 5, 7, 31, tzinfo=UTC)
    payload = json.read(row.payload)
    assert isinstance(payload, dict)
    assert (payload["saleOrderId"], payload["saleOrderStatus"]) == (order.id, "COMPLETED")


def test_sequential_ids_count_up_and_are_the_same_in_every_run() -> None:
    one, other = SequentialIds(), SequentialIds()
    made = [one.new(773) for _ in range(40)]
    assert made == sorted(made) == [other.new(773) for _ in range(40)]
