"""The story: one sale, from an empty order to its records on Kafka, told step by step."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import attrs
import httpx
import psycopg

from sale_adapters.kafka.reading import committed_records
from sale_adapters.wire import json
from sale_app.demo.stage import Stage
from sale_domain.events import PAYMENT_SUCCESS

_PATIENCE_SECONDS = 30


class StoryFailed(Exception):
    """A step of the story did not go as it must; the message says which and how."""


@attrs.frozen(kw_only=True)
class Step:
    """One line of the story."""

    what: str
    status: str
    total: str = ""
    paid: str = ""
    detail: str = ""


async def play(stage: Stage) -> AsyncIterator[Step]:
    """Sell two bowls of phở and two glasses of iced tea, paid in two parts.

    Raises:
        StoryFailed: a step failed.
    """
    async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
        teller = await _Teller.sign_in(client, stage)
        order = await teller.call("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "note": "Bàn 5"})
        order_id = str(order["id"])
        yield _step("open an order", order, detail=str(order["orderNumber"]))
        for item_id, quantity in (("variant-pho", 2), ("variant-tra-da", 2)):
            body = {"itemId": item_id, "quantity": quantity}
            order = await teller.call("POST", f"/sale-orders/{order_id}/items", body)
            line = order["items"][-1]
            yield _step("add an item", order, detail=f"{line['quantity']} × {line['name']}")
        seen = await teller.call("GET", f"/sale-orders/{order_id}/pricing-preview")
        yield Step(what="ask the price", status=order["status"], total=_money(seen["total"], seen["currency"]))
        order = await teller.call("POST", f"/sale-orders/{order_id}/checkout", {"expectedTotal": seen["total"]})
        yield _step("check out", order, detail="prices and snapshots are frozen")
        for amount in (Decimal(100_000), order["total"] - Decimal(100_000)):
            outcomes = await teller.pay(order_id, amount)
            order = await teller.call("GET", f"/sale-orders/{order_id}")
            yield _step(f"pay {_money(amount, order['currency'])}", order, detail=f"webhooks: {outcomes}")
        if order["status"] != "COMPLETED":
            raise StoryFailed(f"the order is {order['status']}, not COMPLETED")
        async for step in _told_to_kafka(stage, order_id):
            yield step


async def _told_to_kafka(stage: Stage, order_id: str) -> AsyncIterator[Step]:
    if stage.kafka_bootstrap is None:
        for transition in await _waiting(stage, order_id):
            yield Step(what=f"event {transition}", status="waiting", detail="in the outbox: there is no Kafka here")
        return
    async with asyncio.timeout(_PATIENCE_SECONDS):
        records = await asyncio.to_thread(
            committed_records,
            stage.kafka_bootstrap,
            topic=PAYMENT_SUCCESS,
            key=order_id,
            count=2,
            timeout_seconds=_PATIENCE_SECONDS - 1,
        )
    if len(records) != 2:  # noqa: PLR2004 - one for PARTIAL, one for COMPLETED
        raise StoryFailed(f"{len(records)} records instead of 2 are on Kafka after {_PATIENCE_SECONDS} seconds")
    for record in records:
        event: Any = json.read(record.value)
        yield Step(
            what=f"Kafka has event {event['transition']}",
            status=event["saleOrderStatus"],
            total=_money(event["payment"]["total"], event["payment"]["currency"]),
            paid=_money(event["payment"]["paid"], event["payment"]["currency"]),
            detail=f"topic {record.topic}, partition {record.partition}, offset {record.offset}",
        )


async def _waiting(stage: Stage, order_id: str) -> list[int]:
    async with await psycopg.AsyncConnection.connect(stage.parts.postgres.url) as connection:
        rows = await connection.execute(
            "SELECT transition FROM outbox WHERE order_id = %s AND published_at IS NULL ORDER BY seq", (order_id,)
        )
        return [transition for (transition,) in await rows.fetchall()]


@attrs.frozen
class _Teller:
    """A cashier with a token."""

    client: httpx.AsyncClient
    stage: Stage
    headers: Mapping[str, str]

    @classmethod
    async def sign_in(cls, client: httpx.AsyncClient, stage: Stage) -> "_Teller":
        who = {"userId": "lan", "roles": ["cashier"], "merchants": ["merchant-1"]}
        answer = await client.post(f"{stage.sandbox}/identity/dev-token", json=who)
        token = answer.json()["access_token"]
        return cls(client, stage, {"authorization": f"Bearer {token}", "x-merchant-id": "merchant-1"})

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = None if body is None else json.write(body)
        answer = await self.client.request(method, f"{self.stage.http}{path}", content=content, headers=self.headers)
        if answer.is_error:
            raise StoryFailed(f"{method} {path} answered {answer.status_code}: {answer.text}")
        read: Any = json.read(answer.content)
        return dict(read)

    async def pay(self, order_id: str, amount: Decimal) -> str:
        body = json.write({"saleOrderId": order_id, "amount": amount})
        answer = await self.client.post(f"{self.stage.sandbox}/mq-pay/payments", content=body)
        if answer.is_error:
            raise StoryFailed(f"mq-pay answered {answer.status_code}: {answer.text}")
        return ", ".join(str(delivery["outcome"]) for delivery in answer.json()["deliveries"])


def _step(what: str, order: Mapping[str, Any], *, detail: str = "") -> Step:
    known = order["total"] is not None
    return Step(
        what=what,
        status=order["status"],
        total=_money(order["total"], order["currency"]) if known else "",
        paid=_money(order["paid"], order["currency"]) if known else "",
        detail=detail,
    )


def _money(amount: Decimal | int, currency: str) -> str:
    return f"{Decimal(amount):,f} {currency}"
