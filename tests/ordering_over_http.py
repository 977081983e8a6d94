"""What most tests over HTTP begin with: an order of two phở bò."""

from typing import Any

import httpx

TWO_PHO: dict[str, Any] = {"saleChannelId": "channel-vnd", "items": [{"itemId": "variant-pho", "quantity": 2}]}


async def opened(client: httpx.AsyncClient, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Open an order and return it as answered."""
    answer = await client.post("/sale-orders", json=body or TWO_PHO)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def checked_out(client: httpx.AsyncClient) -> dict[str, Any]:
    """Open an order, check it out and return it as answered."""
    order = await opened(client)
    answer = await client.post(f"/sale-orders/{order['id']}/checkout", json={"expectedTotal": 130_000})
    assert answer.status_code == 200, answer.text
    committed: dict[str, Any] = answer.json()
    return committed


def payment(order_id: str, amount: float | str, *, uid: str = "attempt-1", kind: str = "success") -> dict[str, Any]:
    """Return what mq-pay tells of an attempt."""
    return {
        "eventType": f"mq-pay:attempt.{kind}",
        "timestamp": 1767598200000,
        "payload": {
            "timestamp": "2026-01-05T07:30:00Z",
            "attempt": {
                "id": uid,
                "uid": uid,
                "status": kind.upper(),
                "amount": amount,
                "paymentProvider": "CASH",
                "metadata": {"source": {"id": order_id, "uid": order_id, "type": "SaleOrder"}},
            },
        },
    }
