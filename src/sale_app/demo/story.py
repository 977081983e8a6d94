"""The story: one sale, from an empty order to its records on Kafka, told step by step."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, Self

import attrs
import httpx
import psycopg

from sale_adapters.client import OrderBody, Product, SaleClient
from sale_adapters.kafka.reading import committed_records
from sale_adapters.wire import json
from sale_app.demo.stage import Stage
from sale_domain.documents import Json
from sale_domain.events import PAYMENT_SUCCESS
from sale_domain.order_lifecycle import OrderStatus

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
    async with _Town(stage) as town, await town.teller() as sale:
        order = await sale.create_order(sale_channel_id="channel-vnd", note="Bàn 5")
        yield _step("open an order", order, detail=order.order_number)
        for item_id in ("variant-pho", "variant-tra-da"):
            order = await sale.add_item(order.id, Product(item_id=item_id, quantity=2))
            line = order.items[-1]
            yield _step("add an item", order, detail=f"{line.quantity} × {line.name}")
        seen = await sale.preview_prices(order.id)
        yield Step(what="ask the price", status=order.status, total=_money(seen.total, seen.currency))
        order = await sale.check_out(order.id, expected_total=seen.total)
        yield _step("check out", order, detail="prices and snapshots are frozen")
        for amount in (Decimal(100_000), seen.total - Decimal(100_000)):
            outcomes = await town.pay(order.id, amount)
            order = await sale.order(order.id)
            yield _step(f"pay {_money(amount, order.currency)}", order, detail=f"webhooks: {outcomes}")
        if order.status != OrderStatus.COMPLETED.value:
            raise StoryFailed(f"the order is {order.status}, not COMPLETED")
        async for step in _told_to_kafka(stage, order.id):
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


class _Town:
    """The sandbox: identity, who gives a cashier her token, and mq-pay."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._client = httpx.AsyncClient(base_url=stage.sandbox, timeout=15, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def teller(self) -> SaleClient:
        """Return a cashier's way to Sale."""
        told = await self._asked("/identity/dev-token", userId="lan", roles=["cashier"], merchants=["merchant-1"])
        return SaleClient(self._stage.http, token=told["access_token"], merchant_id="merchant-1")

    async def pay(self, order_id: str, amount: Decimal) -> str:
        """Pay; return what Sale has answered mq-pay."""
        told = await self._asked("/mq-pay/payments", saleOrderId=order_id, amount=amount)
        return ", ".join(str(delivery["outcome"]) for delivery in told["deliveries"])

    async def _asked(self, path: str, **body: Json) -> Any:  # noqa: ANN401 - any JSON
        answer = await self._client.post(path, content=json.write(body))
        if answer.is_error:
            raise StoryFailed(f"{path} answered {answer.status_code}: {answer.text}")
        return json.read(answer.content)


def _step(what: str, order: OrderBody, *, detail: str = "") -> Step:
    if order.total is None:
        return Step(what=what, status=order.status, detail=detail)
    total, paid = (_money(amount, order.currency) for amount in (order.total, order.paid))
    return Step(what=what, status=order.status, total=total, paid=paid, detail=detail)


def _money(amount: Decimal | int, currency: str) -> str:
    return f"{Decimal(amount):,f} {currency}"
