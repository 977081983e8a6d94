"""Another service: a point for every 1 000 VND of an order that is paid in full, and a tea on the house."""

from http import HTTPStatus

import httpx

from sale_domain import PaymentSuccess, read_event


class Loyalty:
    """The points of every order, counted once per order (C5)."""

    def __init__(self) -> None:
        self.points: dict[str, int] = {}

    def hear(self, topic: str, value: bytes) -> None:
        """Take one record off Kafka."""
        event = read_event(topic, value)
        if isinstance(event, PaymentSuccess) and event.payment.is_fully_paid:
            self.points.setdefault(event.sale_order_id, int(event.payment.paid // 1_000))


async def treat(sale: httpx.AsyncClient, order_id: str) -> bool:
    """Put a tea into the order; try twice when Sale says that it cannot just now."""
    for _ in range(2):
        answer = await sale.post(f"/sale-orders/{order_id}/items", json={"itemId": "variant-tra-da"})
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            return answer.is_success
    return False
