"""Mq-pay, as far as tests need it: an attempt that has succeeded, told to the webhook in process."""

from collections.abc import Coroutine
from decimal import Decimal
from itertools import count
from typing import Any, Protocol

import httpx

from sale_adapters.client.problems import problem_in
from sale_adapters.wire import json
from sale_adapters.wire.places import BASE
from sale_app.in_memory import InMemorySale
from sale_domain.documents import JsonObject
from sale_domain.event_json import instant
from sale_domain.ledger import FactType, SourceType


class Pay(Protocol):
    """Pay for an order."""

    def __call__(
        self, order_id: str, amount: Decimal | int | str, *, uid: str | None = None, provider: str = "CASH"
    ) -> Coroutine[Any, Any, str]:
        """Tell Sale of a successful attempt; return the webhook's outcome (contract §6).

        Args:
            order_id: Whose money it is; an order that is not there yet parks it.
            amount: In the order's currency.
            uid: The attempt's; the same one again is the same money. A new one unless it is given.
            provider: Who took it.

        Raises:
            Problem: The webhook refuses it, as it would refuse mq-pay.
        """


def paying(sale: InMemorySale) -> Pay:
    """Return what pays for orders of this Sale."""
    numbers = count(1)
    webhook = httpx.AsyncClient(transport=httpx.ASGITransport(app=sale.asgi()), base_url=f"http://sale{BASE}")

    async def pay(order_id: str, amount: Decimal | int | str, *, uid: str | None = None, provider: str = "CASH") -> str:
        number, now = next(numbers), sale.clock.now()
        source: JsonObject = {"id": order_id, "type": SourceType.SALE_ORDER.value}
        told: JsonObject = {
            "eventType": FactType.ATTEMPT_SUCCESS.value,
            "timestamp": int(now.timestamp() * 1_000),
            "payload": {
                "timestamp": instant(now),
                "attempt": {
                    "id": str(number),
                    "uid": uid or f"attempt-{number}",
                    "status": "SUCCESS",
                    "amount": str(amount),
                    "paymentProvider": provider,
                    "metadata": {"source": source},
                },
            },
        }
        answer = await webhook.post("/webhooks/payment", content=json.write(told))
        if problem := problem_in(answer.status_code, answer.headers, answer.content):
            raise problem
        return str(answer.json()["outcome"])

    return pay
