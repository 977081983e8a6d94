"""What every store of orders promises about repeated requests (Idempotency-Key, contract §9)."""

import asyncio
from datetime import timedelta

import pytest

from orders_world import (
    MORNING,
    adding,
    create,
    fresh_merchant,
    opened,
    pho,
)
from sale_domain.errors import IllegalTransition
from sale_domain.ids import UserId
from sale_domain.orders import Order
from sale_domain.port_errors import KeyReused
from sale_domain.ports.answers import AlreadyAnswered, AnswerKey, Once, StoredAnswer
from sale_domain.ports.orders import Decision, OrderFilter
from sale_domain.views import OrderView
from stores import Stores

LATER = MORNING + timedelta(hours=1)


def once(merchant_id: str, *, key: str = "key-1", fingerprint: bytes = b"body-1") -> Once:
    """Return a request that is answered with its order's id."""
    return Once(
        key=AnswerKey(
            merchant_id=merchant_id,  # type: ignore[arg-type]  # see NewType
            user_id=UserId("user-1"),
            method="POST",
            path="/v1/api/sale/sale-orders",
            key=key,
        ),
        fingerprint=fingerprint,
        answer=lambda view: StoredAnswer(
            status=201, headers=(("ETag", f'"{view.order.version}"'),), body=view.order.id.encode()
        ),
    )


async def test_an_equal_create_is_told_what_the_first_was(stores: Stores) -> None:
    merchant = fresh_merchant()
    first = await stores.orders.create(Decision(change=opened(merchant)), once=once(merchant))

    with pytest.raises(AlreadyAnswered) as told:
        await stores.orders.create(Decision(change=opened(merchant)), once=once(merchant))

    answer = StoredAnswer(status=201, headers=(("ETag", '"1"'),), body=first.order.id.encode())
    assert told.value.answer == answer
    assert await stores.answers.find(once(merchant).key, fingerprint=b"body-1") == answer
    page = await stores.orders.find_many(OrderFilter(), merchant_id=merchant, after=None, limit=10)
    assert [order.id for order in page.orders] == [first.order.id]


async def test_twenty_equal_creates_at_once_make_one_order(stores: Stores) -> None:
    merchant = fresh_merchant()

    results = await asyncio.gather(
        *(stores.orders.create(Decision(change=opened(merchant)), once=once(merchant)) for _ in range(20)),
        return_exceptions=True,
    )

    (view,) = [result for result in results if isinstance(result, OrderView)]
    told = [result.answer.body for result in results if isinstance(result, AlreadyAnswered)]
    assert told == [view.order.id.encode()] * 19
    page = await stores.orders.find_many(OrderFilter(), merchant_id=merchant, after=None, limit=30)
    assert [order.id for order in page.orders] == [view.order.id]


async def test_an_equal_change_has_its_effect_once(stores: Stores) -> None:
    order = await create(stores.orders)
    request = once(order.merchant_id)
    await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)

    with pytest.raises(AlreadyAnswered) as told:
        await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)

    assert told.value.answer.headers == (("ETag", '"2"'),)
    assert (await stores.orders.find(order.id, merchant_id=order.merchant_id)).order.version == 2


async def test_a_change_of_nothing_is_answered_once_too(stores: Stores) -> None:
    order = await create(stores.orders)
    line = order.basket.lines[0]
    request = once(order.merchant_id)

    def same(order: Order) -> Decision:
        return Decision(change=order.change_item(line.id, quantity=line.quantity, at=LATER, by="user-1"))

    await stores.orders.change(order.id, same, merchant_id=order.merchant_id, once=request)

    with pytest.raises(AlreadyAnswered):
        await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)


async def test_a_key_with_another_body_is_refused(stores: Stores) -> None:
    order = await create(stores.orders)
    await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=once(order.merchant_id))
    other = once(order.merchant_id, fingerprint=b"body-2")

    with pytest.raises(KeyReused):
        await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=other)
    with pytest.raises(KeyReused):
        await stores.orders.create(Decision(change=opened(order.merchant_id)), once=other)


async def test_a_refused_request_leaves_its_key_free(stores: Stores) -> None:
    order = await create(stores.orders)
    request = once(order.merchant_id)

    with pytest.raises(IllegalTransition):
        await stores.orders.change(
            order.id,
            lambda o: Decision(change=o.revert(reason=None, at=LATER, by="user-1")),
            merchant_id=order.merchant_id,
            once=request,
        )

    assert await stores.answers.find(request.key, fingerprint=b"body-1") is None
    made = await stores.orders.change(order.id, adding(pho()), merchant_id=order.merchant_id, once=request)
    assert made.view.order.version == 2
