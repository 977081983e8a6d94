"""Sending to the kitchen, twice and at the same moment, over HTTP on a real PostgreSQL: no dish is cooked twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
import httpx
import pytest

from ordering_over_http import TWO_PHO, opened
from stack import served

REPLAYED = "idempotency-replayed"
ROUNDS = 5


@attrs.frozen(kw_only=True)
class Order:
    """An order of two phở bò, with a device at each of two replicas."""

    devices: tuple[httpx.AsyncClient, httpx.AsyncClient]
    id: str
    line: str

    async def send(self, device: int, quantity: int | None = None, *, key: str | None = None) -> httpx.Response:
        """Send some, or all that is unsent."""
        items = [] if quantity is None else [{"saleOrderItemId": self.line, "quantity": quantity}]
        headers = {"idempotency-key": key} if key else {}
        path = f"/sale-orders/{self.id}/kitchen-tickets"
        return await self.devices[device].post(path, json={"items": items}, headers=headers)

    async def sent(self) -> tuple[int, float]:
        """Return the order's version, and how many phở the kitchen has."""
        seen: dict[str, Any] = (await self.devices[0].get(f"/sale-orders/{self.id}")).json()
        return seen["version"], seen["items"][0]["sentQuantity"]

    async def tickets(self) -> list[str]:
        """Return the order's tickets."""
        page = (await self.devices[1].get("/kitchen-tickets?limit=200")).json()
        return [ticket["id"] for ticket in page["items"] if ticket["saleOrderId"] == self.id]


@pytest.fixture
async def devices(tables_url: str) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    async with served(tables_url) as one, served(tables_url) as another:
        yield one, another


async def an_order(devices: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> Order:
    order = await opened(devices[0], TWO_PHO)
    return Order(devices=devices, id=order["id"], line=order["items"][0]["id"])


def codes(answers: Sequence[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


async def test_a_repeated_sending_is_told_what_the_first_one_was(
    devices: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    order = await an_order(devices)

    first = await order.send(0, 1, key="till-4-0001")
    again = await order.send(1, 1, key="till-4-0001")

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert await order.sent() == (2, 1)
    assert await order.tickets() == [first.json()["tickets"][0]["id"]]


async def test_the_key_of_a_sending_with_another_body_is_refused_and_sends_nothing(
    devices: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    order = await an_order(devices)
    await order.send(0, 1, key="till-4-0001")

    for quantity in (2, None):
        refused = await order.send(1, quantity, key="till-4-0001")
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")

    assert await order.sent() == (2, 1)


async def test_equal_sendings_at_the_same_moment_make_one_ticket_and_get_one_answer(
    devices: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    for _ in range(ROUNDS):
        order = await an_order(devices)

        answers = await asyncio.gather(*(order.send(n % 2, 1, key="till-4-0001") for n in range(6)))

        assert codes(answers) == [201] * 6
        assert len({answer.content for answer in answers}) == 1
        assert sum(REPLAYED not in answer.headers for answer in answers) == 1
        assert await order.sent() == (2, 1)
        assert len(await order.tickets()) == 1


@pytest.mark.parametrize("keys", [("waiter-1", "waiter-2"), (None, None)], ids=["a key each", "no key"])
async def test_two_devices_that_send_everything_at_the_same_moment_make_one_ticket(
    devices: tuple[httpx.AsyncClient, httpx.AsyncClient], keys: tuple[str | None, str | None]
) -> None:
    for _ in range(ROUNDS):
        order = await an_order(devices)

        answers = await asyncio.gather(*(order.send(n, key=key) for n, key in enumerate(keys)))

        assert codes(answers) == [201, 409]
        (refused,) = (answer for answer in answers if answer.status_code == 409)
        assert refused.json()["code"] == "nothing-to-send"
        assert await order.sent() == (2, 2)
        assert len(await order.tickets()) == 1
