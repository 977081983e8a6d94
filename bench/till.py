"""One order as a till sells it: opened, three dishes, checked out at the total the guest has seen, paid twice, read."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import attrs
import httpx

from asked import PartFailed
from sale_adapters.wire.places import BASE

DISHES = ("variant-pho", "variant-banh-mi", "variant-tra-da")
TOTAL, FIRST_PART = 100_000, 60_000
REQUESTS = 8


@attrs.frozen(kw_only=True)
class Shop:
    """Where a till sells, and as whom."""

    merchant: str
    channel: str
    token: str


@attrs.define(kw_only=True)
class Till:
    """A till with a connection of its own; `name` tells its requests from all others."""

    client: httpx.AsyncClient
    shop: Shop
    name: str
    _keys: "itertools.count[int]" = attrs.field(factory=itertools.count, init=False)

    async def sell(self) -> None:
        """Sell one order.

        Raises:
            PartFailed: an answer was not the one that a guest wants.
        """
        order_id = await self.open()
        await self.check_out(order_id)
        await self._pay(order_id, FIRST_PART)
        await self._pay(order_id, TOTAL - FIRST_PART)
        order = await self._ask("GET", f"/sale-orders/{order_id}")
        if order["status"] != "COMPLETED":
            raise PartFailed(f"an order that was paid is {order['status']}")

    async def open(self) -> str:
        """Open an order with three dishes; return its id."""
        order = await self._ask("POST", "/sale-orders", {"saleChannelId": self.shop.channel})
        for dish in DISHES:
            await self._ask("POST", f"/sale-orders/{order['id']}/items", {"itemId": dish})
        return str(order["id"])

    async def check_out(self, order_id: str) -> None:
        """Freeze an order's prices."""
        await self._ask("POST", f"/sale-orders/{order_id}/checkout", {"expectedTotal": TOTAL})

    async def _pay(self, order_id: str, amount: int) -> None:
        source = {"id": order_id, "uid": order_id, "type": "SaleOrder"}
        attempt = {"status": "SUCCESS", "amount": amount, "paymentProvider": "CASH", "metadata": {"source": source}}
        uid = f"{self.name}-{next(self._keys)}"
        payload = {"timestamp": "2026-01-05T07:30:00Z", "attempt": {"id": uid, "uid": uid, **attempt}}
        told = {"eventType": "mq-pay:attempt.success", "timestamp": 1767598200000, "payload": payload}
        answer = await self._ask("POST", "/webhooks/payment", told)
        if answer["outcome"] != "applied":
            raise PartFailed(f"a payment was {answer['outcome']}")

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = {"authorization": f"Bearer {self.shop.token}", "x-merchant-id": self.shop.merchant}
        if body is not None:
            headers |= {"content-type": "application/json", "idempotency-key": f"{self.name}-{next(self._keys)}"}
        content = None if body is None else json.dumps(body)
        answer = await self.client.request(method, f"{BASE}{path}", content=content, headers=headers)
        if not answer.is_success:
            raise PartFailed(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json()
