"""Payments over HTTP: the webhook (C1), which keeps every body, and the money that pays for nothing yet."""

import asyncio

from sale_adapters.web.calls import Call, read_body
from sale_adapters.web.path_names import PATH_NAMES
from sale_adapters.web.replies import feed_seq, reply
from sale_adapters.wire import webhook
from sale_adapters.wire.refusals import BOUNDARY, BodyTooLarge, InvalidInput
from sale_adapters.wire.tracing import SUBJECT, TRACEPARENT
from sale_adapters.wire.unallocated import UnallocatedQuery, unallocated_body
from sale_domain.errors import SaleError, Unavailable
from sale_domain.ids import bucket_of
from sale_domain.ledger import PaymentFact, SourceType
from sale_domain.payments import PaymentOutcome
from sale_domain.ports.answers import StoredAnswer
from sale_domain.use_cases.settlement import Delivery

REFUSED = "refused"
"""What the raw log says of a body that was answered with a problem."""

UNAVAILABLE, FAILED = "unavailable", "failed"
"""What is counted of a body that mq-pay has to send again (or that took too long), and of one that found a bug."""

_ACCEPTED = 202


async def receive(call: Call) -> StoredAnswer:
    """Take in what mq-pay tells; answers by contract §6's table, once it has passed the boundary (C25)."""
    outcome = FAILED
    try:
        call.services.boundary.admit(call.request, now=call.sale.parts.clock.now())
        told = await _taken_in(call)
        outcome = told.value
    except BOUNDARY as refusal:
        outcome = refusal.code
        raise
    except SaleError as refusal:
        outcome = UNAVAILABLE if isinstance(refusal, Unavailable) else REFUSED
        raise
    except asyncio.CancelledError:
        outcome = UNAVAILABLE
        raise
    finally:
        call.services.metrics.payment_told(outcome)
    return _answer(told)


async def _taken_in(call: Call) -> PaymentOutcome:
    boundary = call.services.boundary
    # The signature covers the body alone: a header beside it could make a success of a failure.
    header = None if boundary.signed else call.request.headers.get("x-webhook-event-type", "").strip() or None
    try:
        body = await read_body(call.request)
    except BodyTooLarge as refusal:
        event_type = webhook.printable(header) if header else None
        if not boundary.signed:
            await call.sale.log_delivery(Delivery(body=refusal.start, event_type=event_type), outcome=REFUSED)
        raise
    boundary.verify(call.request, body)
    reading = webhook.read(body, header=header, received_at=call.sale.parts.clock.now())
    delivery = Delivery(body=body, event_type=reading.event_type, traceparent=TRACEPARENT.get())
    return await _outcome(call, delivery, reading.verdict)


async def unallocated(call: Call) -> StoredAnswer:
    """List the orders that have received more than they could use, newest first."""
    query = call.query(UnallocatedQuery)
    page = await call.sale.unallocated(call.reading(), after=query.cursor, limit=query.limit)
    return reply(unallocated_body(page), headers=feed_seq(page.feed_seq))


async def _outcome(call: Call, delivery: Delivery, verdict: webhook.Verdict) -> PaymentOutcome:
    match verdict:
        case PaymentFact():
            _is_about(verdict)
            return await call.sale.receive_payment(delivery, verdict)
        case InvalidInput():
            await call.sale.log_delivery(delivery, outcome=REFUSED)
            raise verdict
        case webhook.Ignored():
            await call.sale.log_delivery(delivery, outcome=PaymentOutcome.IGNORED.value)
            return PaymentOutcome.IGNORED


def _is_about(fact: PaymentFact) -> None:
    # The sender's text is an id of ours only when it looks like one; nothing else of a body may reach the log.
    if (subject := SUBJECT.get()) and fact.source.type is SourceType.SALE_ORDER and _is_id(fact.source.id):
        subject.ids[PATH_NAMES["orderId"].logged] = fact.source.id


def _is_id(text: str) -> bool:
    try:
        bucket_of(text)
    except ValueError:
        return False
    return True


def _answer(outcome: PaymentOutcome) -> StoredAnswer:
    status = _ACCEPTED if outcome is PaymentOutcome.PARKED else 200
    return reply(webhook.OutcomeBody(outcome=outcome.value), status=status)
