"""Mq-pay: one payment in parts, told by webhooks that repeat, overtake each other and are tried again (C17)."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

import attrs
import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sale_adapters.sandbox.answers import (
    ExactJson,
    Refused,
    checked_money,
    from_json,
    money,
    read,
    to_json,
)
from sale_adapters.sandbox.control import Clock, Sleep
from sale_adapters.wire.signatures import signed

Deliver = Callable[[str, bytes], Awaitable[httpx.Response]]
"""Post one webhook, given its event type and body; raises httpx.TransportError when nobody answers."""

_SERVER_ERROR = 500
_FINEST = Decimal("0.0001")


class PaymentAsked(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of ``POST /payments``: one source, and how roughly its news travels.

    ``split`` is the number of attempts, ``repeat`` how often each event is delivered in all.
    """

    amount: Decimal
    sale_order_id: str | None = None
    sale_check_id: str | None = None
    split: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1
    repeat: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    shuffle: bool = False
    payment_provider: str = "VNPAY"

    def source(self) -> tuple[Literal["SaleOrder", "SaleCheck"], str]:
        """Return the type and id of what is paid; raise Refused unless exactly one is named."""
        if self.sale_order_id and not self.sale_check_id:
            return "SaleOrder", self.sale_order_id
        if self.sale_check_id and not self.sale_order_id:
            return "SaleCheck", self.sale_check_id
        raise Refused(422, "bad-body", "name either saleOrderId or saleCheckId")


@attrs.frozen(kw_only=True)
class Patience:
    """How often and how long mq-pay tries to deliver one event; the default gives up after some 20 seconds."""

    attempts: int = 14
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 2.0

    def wait_seconds(self, tried: int, asked: float | None) -> float:
        """Return the pause after ``tried`` attempts: doubling, or what Retry-After asked, never above the longest."""
        doubled = self.first_wait_seconds * 2 ** (tried - 1)
        return float(min(self.longest_wait_seconds, doubled if asked is None else asked))


@attrs.frozen(kw_only=True)
class Event:
    """One webhook, as it goes out."""

    type: str
    body: Mapping[str, object]


class Post:
    """Deliver webhooks over HTTP to one URL, signed with each of the secrets, if there are any."""

    def __init__(self, url: str, *, secrets: tuple[bytes, ...], clock: Clock) -> None:
        self._url = url
        self._secrets = secrets
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=10)

    async def __call__(self, event_type: str, body: bytes) -> httpx.Response:
        """Post ``body`` with the header that names its type."""
        headers = {"content-type": "application/json", "x-webhook-event-type": event_type}
        if self._secrets:
            # One event has one id, however often it is told; its time is that of the telling.
            webhook_id = f"msg_{hashlib.sha256(body).hexdigest()[:24]}"
            headers |= signed(body, webhook_id=webhook_id, at=self._clock(), secrets=self._secrets)
        return await self._client.post(self._url, content=body, headers=headers)

    async def aclose(self) -> None:
        """Close the connections that were kept."""
        await self._client.aclose()


class MqPay:
    """Make the events of a payment and deliver them as mq-pay would."""

    def __init__(
        self,
        *,
        deliver: Deliver,
        patience: Patience,
        clock: Clock,
        rng: random.Random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._deliver = deliver
        self._patience = patience
        self._clock = clock
        self._rng = rng
        self._sleep = sleep

    def routes(self) -> list[Route]:
        """Build ``POST /payments``."""
        return [Route("/payments", self._pay, methods=["POST"])]

    async def _pay(self, request: Request) -> Response:
        asked = await read(request, PaymentAsked)
        transaction_uid = self._uid("tx")
        events = self._events(asked, transaction_uid) * asked.repeat
        if asked.shuffle:
            self._rng.shuffle(events)
        deliveries = [await self._delivered(event) for event in events]
        return ExactJson({"transactionUid": transaction_uid, "deliveries": deliveries})

    def _events(self, asked: PaymentAsked, transaction_uid: str) -> list[Event]:
        """Return for each part its success and the transaction's state after it, with `paid` growing."""
        source_type, source_id = asked.source()
        amount = checked_money(asked.amount, "amount")
        paid = Decimal(0)
        events: list[Event] = []
        for part in parts_of(amount, asked.split):
            paid = money(paid + part)
            transaction = {
                "id": f"id-{transaction_uid}",
                "uid": transaction_uid,
                "status": "SETTLED" if paid == amount else "PARTIALLY_PAID",
                "total": amount,
                "paid": paid,
                "sourceType": source_type,
                "sourceId": source_id,
            }
            attempt_uid = self._uid("at")
            attempt = {
                "id": f"id-{attempt_uid}",
                "uid": attempt_uid,
                "status": "SUCCESS",
                "amount": part,
                "paymentProvider": asked.payment_provider,
                "metadata": {"source": {"id": source_id, "uid": source_id, "type": source_type}},
            }
            events.append(self._event("mq-pay:attempt.success", {"transaction": transaction, "attempt": attempt}))
            events.append(self._event("mq-pay:transaction.settled", {"transaction": transaction}))
        return events

    def _event(self, event_type: str, things: Mapping[str, object]) -> Event:
        at = self._clock()
        payload = {"timestamp": at.isoformat(), "source": "mq-pay", **things}
        body = {"eventType": event_type, "timestamp": int(at.timestamp() * 1_000), "payload": payload}
        return Event(type=event_type, body=body)

    def _uid(self, kind: str) -> str:
        return f"{kind}-{self._rng.getrandbits(80):020x}"

    async def _delivered(self, event: Event) -> Mapping[str, object]:
        """Deliver one event, trying again while nobody answers or the answer is a 5xx; return what it got."""
        encoded = to_json(event.body)
        for tried in range(1, self._patience.attempts + 1):
            try:
                answer = await self._deliver(event.type, encoded)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < _SERVER_ERROR:
                return _report(event, answer, tried)
            if tried < self._patience.attempts:
                await self._sleep(self._patience.wait_seconds(tried, _retry_after(answer)))
        return _report(event, answer, self._patience.attempts)


def parts_of(amount: Decimal, count: int) -> list[Decimal]:
    """Split ``amount`` into ``count`` parts that sum to it: whole units when it is whole, else 4 places.

    The first parts take the remainder. Raises Refused when a part would be 0.
    """
    for step in (Decimal(1), _FINEST):
        each, left = divmod(amount, step * count)
        if left % step == 0 and each > 0:
            extra = int(left / step)
            return [money((each + (place < extra)) * step) for place in range(count)]
    raise Refused(422, "bad-amount", f"{amount} can't be split into {count} parts above 0")


def _retry_after(answer: httpx.Response | None) -> float | None:
    asked = answer.headers.get("retry-after", "") if answer is not None else ""
    return float(asked) if asked.isascii() and asked.isdigit() else None


def _report(event: Event, answer: httpx.Response | None, tried: int) -> Mapping[str, object]:
    body = _read(answer) if answer is not None else None
    return {
        "eventType": event.type,
        "status": answer.status_code if answer is not None else None,
        "outcome": body.get("outcome") if isinstance(body, dict) else None,
        "attempts": tried,
        "body": body,
        "event": event.body,
    }


def _read(answer: httpx.Response) -> object:
    try:
        return from_json(answer.content)
    except ValueError:
        return answer.text
