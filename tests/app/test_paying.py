"""Mq-pay as other services' tests play it: what the webhook refuses, it refuses them."""

from decimal import Decimal

import pytest

from sale_adapters.client import Problem
from sale_app.in_memory import InMemorySale, compose_in_memory
from sale_app.testing.payments import Pay, paying


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


@pytest.fixture
def pay(shop: InMemorySale) -> Pay:
    return paying(shop)


async def test_money_of_an_order_that_nobody_knows_waits_once(shop: InMemorySale, pay: Pay) -> None:
    assert await pay("order-1", "10.5", uid="a") == "parked"
    assert await pay("order-1", "10.5", uid="a") == "parked"
    assert [(fact.amount, fact.attempt_uid, fact.payment_provider) for fact in shop.inbox.parked] == [
        (Decimal("10.5"), "a", "CASH")
    ]
    assert await pay("order-1", 2, provider="VNPAY") == "parked"
    assert len(shop.inbox.parked) == 2


@pytest.mark.parametrize("amount", ["-1", "100000000000000000000", "1.00001", "NaN", "ten"])
async def test_an_amount_that_the_webhook_refuses_is_a_problem(shop: InMemorySale, pay: Pay, amount: str) -> None:
    with pytest.raises(Problem) as refused:
        await pay("order-1", amount)
    assert (refused.value.status, [field.pointer for field in refused.value.errors]) == (
        400,
        ["/payload/attempt/amount"],
    )
    assert not shop.inbox.parked
