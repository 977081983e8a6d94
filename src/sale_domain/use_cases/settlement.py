"""Take in what mq-pay tells: the webhook is the only source of truth for payments (C1, C13, C14, C17)."""

import attrs

from sale_domain.announcements import messages
from sale_domain.errors import NotFound
from sale_domain.ids import NO_BUCKET, OrderId, bucket_of
from sale_domain.ledger import PaymentFact, SourceType
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from sale_domain.ports.orders import Decision, Need, ReceivedWebhook
from sale_domain.use_cases.parts import Parts


@attrs.frozen(kw_only=True)
class Delivery:
    """One webhook delivery, as it came.

    Attributes:
        body: Verbatim.
        event_type: The header's, else the body's; None when neither names one.
        traceparent: W3C trace context, handed on to Kafka.
    """

    body: bytes
    event_type: str | None
    traceparent: str | None = None


async def receive_payment(parts: Parts, delivery: Delivery, fact: PaymentFact) -> PaymentOutcome:
    """Count a payment fact for its order, once; park it while there is no such order."""
    order_id = OrderId(fact.source.id)
    if fact.source.type is SourceType.SALE_CHECK:
        # Split bills do not exist yet: a check's money waits for its check (contract §6).
        return await _park(parts, delivery, fact)

    def decide(order: Order) -> Decision:
        outcome, change = order.record_payment(fact, at=parts.clock.now())
        return Decision(
            change=change,
            messages=messages(change, new_id=parts.ids.new, traceparent=delivery.traceparent),
            webhook=received(parts, delivery, bucket=bucket_of(order.id), outcome=outcome.value),
            outcome=outcome,
        )

    try:
        committed = await parts.orders.change(order_id, decide, merchant_id=None, needs=Need.ACTIVE_USAGES)
    except NotFound:
        return await _park(parts, delivery, fact)
    assert committed.decision.outcome is not None, "every payment has an outcome"
    return committed.decision.outcome


async def log_delivery(parts: Parts, delivery: Delivery, *, outcome: str) -> None:
    """Keep a body that is no payment of ours in the raw log, with what was answered."""
    await parts.inbox.log(received(parts, delivery, bucket=NO_BUCKET, outcome=outcome))


def received(parts: Parts, delivery: Delivery, *, bucket: int, outcome: str) -> ReceivedWebhook:
    """Make a delivery's row for the raw log."""
    return ReceivedWebhook(
        id=parts.ids.new(bucket),
        received_at=parts.clock.now(),
        event_type=delivery.event_type,
        body=delivery.body,
        outcome=outcome,
    )


async def _park(parts: Parts, delivery: Delivery, fact: PaymentFact) -> PaymentOutcome:
    bucket = _bucket_or_none(fact.source.id)
    webhook = received(parts, delivery, bucket=bucket, outcome=PaymentOutcome.PARKED.value)
    await parts.inbox.park(fact, webhook=webhook)
    return PaymentOutcome.PARKED


def _bucket_or_none(source_id: str) -> int:
    try:
        return bucket_of(source_id)
    except ValueError:
        return NO_BUCKET
