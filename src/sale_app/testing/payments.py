"""Mq-pay, as far as tests need it: an attempt that has succeeded, told in process."""

from collections.abc import Coroutine
from decimal import Decimal
from itertools import count
from typing import Any, Protocol

from sale_app.in_memory import InMemorySale
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.use_cases.settlement import Delivery


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
        """


def paying(sale: InMemorySale) -> Pay:
    """Return what pays for orders of this Sale."""
    numbers = count(1)

    async def pay(order_id: str, amount: Decimal | int | str, *, uid: str | None = None, provider: str = "CASH") -> str:
        told = PaymentFact(
            type=FactType.ATTEMPT_SUCCESS,
            source=Source(type=SourceType.SALE_ORDER, id=order_id),
            amount=Decimal(amount),
            attempt_uid=uid or f"attempt-{next(numbers)}",
            payment_provider=provider,
            at=sale.clock.now(),
        )
        outcome = await sale.sale.receive_payment(Delivery(body=b"{}", event_type=told.type.value), told)
        return outcome.value

    return pay
