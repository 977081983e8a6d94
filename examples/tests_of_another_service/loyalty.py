"""Another service: a point for every 1 000 VND of an order that is paid in full, and a tea on the house."""

from sale_adapters.client import Product, SaleClient, Unavailable
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


async def treat(sale: SaleClient, order_id: str) -> bool:
    """Put a tea into the order; the client has tried again before it says that Sale cannot just now."""
    try:
        await sale.add_item(order_id, Product(item_id="variant-tra-da"))
    except Unavailable:
        return False
    return True
