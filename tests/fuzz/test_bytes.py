"""Spoilt bytes at the parsers of what strangers send: the webhook, its signature, the stream (C1, C25, C21)."""

import json
import unicodedata
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import examples
from mangled import mangled
from sale_adapters.web import create_app
from sale_adapters.web.boundary import Boundary
from sale_adapters.web.stream.lines import PERMISSIONS
from sale_adapters.web.stream.messages import CLIENT_EVENTS, Heartbeat, read_message
from sale_adapters.wire import webhook
from sale_adapters.wire.forms import to_json
from sale_adapters.wire.json import write
from sale_adapters.wire.refusals import BOUNDARY, InvalidInput
from sale_adapters.wire.signatures import check_signature, check_time, signed
from sale_app.composition import InMemorySale, compose_in_memory
from sale_domain.documents import MAX_TEXT
from sale_domain.ledger import PaymentFact
from sale_domain.ports.orders import ReceivedWebhook

AT = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
SECRET, BODY = bytes(range(32)), b'{"eventType":"mq-pay:attempt.success"}'
SIGNED = signed(BODY, webhook_id="msg_1", at=AT, secrets=[SECRET])
THING: Any = {"id": 7, "uid": "uid-1", "status": "SUCCESS"}
ATTEMPT: Any = {
    **THING,
    "amount": 65000.5,
    "paymentProvider": "VNPAY",
    "reason": "đủ tiền",
    "metadata": {"source": {"id": "01KE6YB4M0000000000000000126", "uid": "source-1", "type": "SaleOrder"}},
}
TRANSACTION: Any = {**THING, "total": "130000", "paid": "65000.0001", "sourceType": "SaleOrder", "sourceId": "order-1"}
PAYMENTS = [
    json.dumps(
        {"eventType": kind, "timestamp": 1, "payload": {"timestamp": "2026-01-05T07:30:00Z", **payload}}
    ).encode()
    for kind, payload in [
        ("mq-pay:attempt.success", {"attempt": ATTEMPT}),
        ("mq-pay:attempt.failed", {"attempt": ATTEMPT, "transaction": TRANSACTION}),
        ("mq-pay:transaction.settled", {"transaction": TRANSACTION}),
    ]
]
SAID = [
    json.dumps({"event": event, "data": data}).encode()
    for event, data in [
        ("authenticate", {"type": "Bearer", "token": "lan", "merchantId": "merchant-1"}),
        ("subscribe", {"topics": [*PERMISSIONS], "stationId": "bar", "unitId": "table-4", "zoneId": "x", "since": 7}),
        ("heartbeat", {"time": 1}),
    ]
]


def as_told(fact: PaymentFact) -> bytes:
    """Return a fact as mq-pay would tell it, with nothing that is not needed."""
    source = {"type": fact.source.type.value, "id": fact.source.id}
    payload: Any = {"timestamp": fact.at.isoformat()}
    if fact.transaction_uid is not None:
        amounts = {"total": fact.amount, "paid": fact.amount}
        payload["transaction"] = {"id": fact.transaction_id, "uid": fact.transaction_uid, "status": "", **amounts}
    if fact.attempt_uid is not None:
        payload["attempt"] = {
            "id": fact.attempt_id,
            "uid": fact.attempt_uid,
            "status": "",
            "amount": fact.amount,
            "paymentProvider": fact.payment_provider,
            "reason": fact.reason,
            "metadata": {"source": source},
        }
    else:
        payload["transaction"] |= {"sourceType": source["type"], "sourceId": source["id"]}
    return write({"eventType": fact.type.value, "timestamp": 1, "payload": payload})


@settings(max_examples=examples(400), deadline=None)
@given(body=mangled(*PAYMENTS))
def test_a_spoilt_payment_is_refused_or_the_same_fact_when_it_is_told_again(body: bytes) -> None:
    verdict = webhook.read(body, header=None, received_at=AT).verdict
    assert isinstance(verdict, PaymentFact | webhook.Ignored | InvalidInput)
    if isinstance(verdict, PaymentFact):
        assert webhook.read(as_told(verdict), header=None, received_at=AT).verdict == verdict


@settings(max_examples=examples(150), deadline=None)
@given(body=mangled(*PAYMENTS), event_type=st.none() | mangled(b"mq-pay:attempt.success"))
async def test_a_spoilt_webhook_is_answered_and_kept_as_it_came(body: bytes, event_type: bytes | None) -> None:
    answer, (kept,) = await posted(body, [(b"x-webhook-event-type", event_type)] if event_type else [])
    assert answer.status_code in {200, 202, 400}
    assert kept.body == body
    assert kept.event_type is None or printable(kept.event_type)


@settings(max_examples=examples(300), deadline=None)
@given(headers=st.fixed_dictionaries({name: mangled(value.encode()) for name, value in SIGNED.items()}))
def test_a_spoilt_signature_is_refused_for_a_reason_of_ours_and_a_good_one_passes(headers: dict[str, bytes]) -> None:
    told = {name: value.decode("latin-1") for name, value in headers.items()}
    same = all(told[name] == SIGNED[name] for name in ("webhook-id", "webhook-timestamp"))
    good = same and SIGNED["webhook-signature"] in told["webhook-signature"].split(" ")
    with nullcontext() if good else pytest.raises(BOUNDARY):
        check_time(told, now=AT)
        check_signature(told, BODY, secrets=[SECRET])


@settings(max_examples=examples(100), deadline=None)
@given(signature=mangled(b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), timestamp=mangled(b"1767598200"))
async def test_a_spoilt_signature_at_the_door_keeps_nothing(signature: bytes, timestamp: bytes) -> None:
    headers = [(b"webhook-id", b"1"), (b"webhook-timestamp", timestamp), (b"webhook-signature", signature)]
    answer, kept = await posted(BODY, headers, SECRET)
    assert (answer.status_code, kept) == (401, ())


@settings(max_examples=examples(400), deadline=None)
@given(said=mangled(*SAID))
def test_a_spoilt_message_is_refused_or_means_the_same_when_it_is_said_again(said: bytes) -> None:
    try:
        message = read_message(said.decode(errors="surrogateescape"))
    except InvalidInput:
        return
    event = next(name for name, kind in CLIENT_EVENTS.items() if isinstance(message, kind))
    again: Any = {"event": event} if isinstance(message, Heartbeat) else {"event": event, "data": to_json(message)}
    assert read_message(write(again).decode()) == message


def printable(text: str) -> bool:
    return len(text) <= MAX_TEXT and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


@cache
def door(*secrets: bytes) -> tuple[InMemorySale, Any]:
    """Return a shop and its application, made once."""

    async def nothing_lacks() -> dict[str, str | None]:
        return {}

    shop = compose_in_memory()
    return shop, create_app(shop.sale, readiness=nothing_lacks, boundary=Boundary(secrets=secrets))


async def posted(
    body: bytes, headers: list[tuple[bytes, bytes]], *secrets: bytes
) -> tuple[httpx.Response, tuple[ReceivedWebhook, ...]]:
    """Return the answer to a webhook, and what was kept of it."""
    shop, app = door(*secrets)
    shop.store.webhooks.clear()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sale/v1/api/sale") as client:
        answer = await client.post("/webhooks/payment", content=body, headers=headers)
    return answer, shop.inbox.webhooks
