"""Tellers who sell, whatever breaks around them, and remember what Sale has answered."""

import asyncio
import itertools
import random
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import httpx

from chaos_stage import ChaosStage
from sale_adapters.wire import json
from sale_domain.documents import JsonObject

_PATIENCE_SECONDS = 120.0
_TRY_AGAIN = frozenset({401, 409, 500, 502, 503, 504})
_CHANNELS = {"merchant-1": "channel-vnd", "merchant-2": "channel-2"}


@attrs.define(kw_only=True)
class Sold:
    """One order, as its teller knows it.

    Attributes:
        told: By transaction, or by an attempt that names none, the amounts that mq-pay says it has delivered in full.
        broken_off: How many payments died with mq-pay, or were given up by it.
    """

    id: str
    merchant: str
    cancelled: bool = False
    told: dict[str, Decimal] = attrs.field(factory=dict)
    broken_off: int = 0


class GaveUp(Exception):
    """Sale did not answer well for far too long."""


@attrs.define(kw_only=True)
class Teller:
    """One cashier at one till."""

    stage: ChaosStage
    client: httpx.AsyncClient
    merchant: str
    chance: random.Random
    book: list[Sold]
    _token: str = "none yet"

    async def sell_until(self, closing: asyncio.Event) -> None:
        """Sell one order after the other, and finish the last one."""
        while not closing.is_set():
            await self._sell()
            await asyncio.sleep(self.chance.random() * 0.5)

    async def _sell(self) -> None:
        items: list[JsonObject] = [
            {"itemId": item, "quantity": self.chance.randint(1, 3)}
            for item in self.chance.sample(["variant-pho", "variant-tra-da", "variant-banh-mi", "variant-x-7"], k=2)
        ]
        created = await self.call("POST", "/sale-orders", {"saleChannelId": _CHANNELS[self.merchant], "items": items})
        sold = Sold(id=str(created["id"]), merchant=self.merchant)
        self.book.append(sold)
        path = f"/sale-orders/{sold.id}"
        if self.chance.random() < 0.1:
            await self._pay(sold, Decimal(self.chance.randint(1, 4_000)))
        order = await self.call("POST", f"{path}/checkout", {})
        if order["status"] == "PROCESSING" and self.chance.random() < 0.1:
            await self.call("POST", f"{path}/revert", {"reason": "one more tea"})
            order = await self.call("POST", f"{path}/checkout", {})
        for part in self._parts(Decimal(order["total"] - order["received"])):
            await self._pay(sold, part)
        if self.chance.random() < 0.15:
            await self._tell(sold, "mq-pay:attempt.success", Decimal(self.chance.randint(1, 4_000)))
        if self.chance.random() < 0.1:
            await self._tell(sold, "mq-pay:attempt.failed", Decimal(self.chance.randint(1, 4_000)))
        if self.chance.random() < 0.1:
            await self._pay_a_check()
        if self.chance.random() < 0.05:
            order = await self.call("GET", path)
            if order["status"] != "COMPLETED":
                sold.cancelled = True
                await self.call("POST", f"{path}/cancel", {"reason": "the guest has left"}, refusable=True)

    def _parts(self, due: Decimal) -> list[Decimal]:
        """Pay it at once, in two parts, too little, or too much."""
        if due <= 10:  # a few đồng are not worth a second part
            return [due] if due > 0 else []
        first = Decimal(self.chance.randint(1, int(due) - 1))
        how = self.chance.random()
        if how < 0.55:
            return [due]
        if how < 0.85:
            return [first, due - first]
        return [first] if how < 0.93 else [due, Decimal(1_000)]

    async def _tell(self, sold: Sold, event_type: str, amount: Decimal) -> None:
        """Tell of an attempt that names no transaction, as mq-pay may; what is not taken is told again in the end."""
        uid = f"lone-{self.chance.getrandbits(80):020x}"
        source: JsonObject = {"id": sold.id, "uid": sold.id, "type": "SaleOrder"}
        attempt: JsonObject = {
            "id": f"id-{uid}",
            "uid": uid,
            "status": "SUCCESS",
            "amount": amount,
            "paymentProvider": "CASH",
            "metadata": {"source": source},
        }
        payload: JsonObject = {"timestamp": datetime.now(UTC).isoformat(), "attempt": attempt}
        body = json.write({"eventType": event_type, "timestamp": time.time_ns() // 1_000_000, "payload": payload})
        headers = {"content-type": "application/json", "x-webhook-event-type": event_type}
        try:
            answer = await self.client.post(self.stage.webhook, content=body, headers=headers, timeout=15)
            answer.raise_for_status()
        except (httpx.TransportError, httpx.HTTPStatusError):
            sold.broken_off += 1
        else:
            if event_type == "mq-pay:attempt.success":
                sold.told[uid] = amount

    async def _pay_a_check(self) -> None:
        """Let mq-pay tell of money for a check, which waits until checks exist."""
        check = Sold(id=f"check-{self.chance.getrandbits(80):020x}", merchant=self.merchant)
        await self._pay(check, Decimal(self.chance.randint(10, 4_000)), source="saleCheckId")

    async def _pay(self, sold: Sold, amount: Decimal, *, source: str = "saleOrderId") -> None:
        """Let mq-pay tell of a payment; it may die over it."""
        body: JsonObject = {
            source: sold.id,
            "amount": amount,
            "split": min(self.chance.randint(1, 3), int(amount)),
            "repeat": self.chance.randint(1, 2),
            "shuffle": self.chance.random() < 0.5,
        }
        url = f"{self.stage.sandbox}/mq-pay/payments"
        try:
            answer = await self.client.post(url, content=json.write(body), timeout=180)
            answer.raise_for_status()
        except (httpx.TransportError, httpx.HTTPStatusError):
            sold.broken_off += 1
            await asyncio.sleep(0.3)
            return
        report: Any = json.read(answer.content)
        if all(delivery["status"] in (200, 202) for delivery in report["deliveries"]):
            sold.told[report["transactionUid"]] = amount
        else:
            sold.broken_off += 1

    async def call(
        self, method: str, path: str, body: JsonObject | None = None, *, refusable: bool = False
    ) -> dict[str, Any]:
        """Call Sale until it answers well, always with the same Idempotency-Key.

        Raises:
            GaveUp: It did not within two minutes, or refused what is right.
        """
        key = {"idempotency-key": uuid.UUID(int=self.chance.getrandbits(128)).hex} if method == "POST" else {}
        deadline, last = time.monotonic() + _PATIENCE_SECONDS, ""
        for tried in itertools.count():
            if time.monotonic() > deadline:
                raise GaveUp(f"{method} {path}: {last}")
            await asyncio.sleep(min(0.05 * tried, 0.5))
            try:
                headers = {"authorization": f"Bearer {self._token}", "x-merchant-id": self.merchant, **key}
                content = None if body is None else json.write(body)
                answer = await self.client.request(
                    method, f"{self.stage.http}{path}", content=content, headers=headers, timeout=15
                )
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    await self._sign_in()
            except httpx.HTTPError as error:
                last = repr(error)
                continue
            last = f"{answer.status_code} {answer.text[:300]}"
            read: Any = json.read(answer.content)
            if answer.is_success:
                return dict(read)
            if answer.status_code == httpx.codes.CONFLICT and refusable:
                return {}
            if answer.status_code not in _TRY_AGAIN or read.get("code") == "illegal-transition":
                raise GaveUp(f"{method} {path} was refused: {last}")
        raise AssertionError("unreachable")

    async def _sign_in(self) -> None:
        who = {"userId": "lan", "roles": ["cashier"], "merchants": [self.merchant]}
        answer = await self.client.post(f"{self.stage.sandbox}/identity/dev-token", json=who, timeout=5)
        answer.raise_for_status()
        self._token = answer.json()["access_token"]
