"""Idempotency-Key: an equal request has its effect once (contract §9)."""

import asyncio

import httpx
import pytest

from ordering_over_http import TWO_PHO, opened
from sale_app.composition import InMemorySale
from sale_domain.ids import MerchantId, UserId
from sale_domain.port_errors import KeyInUse, SisterRefused, SisterUnavailable, StoreUnavailable
from sale_domain.ports.answers import AnswerKey
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote

KEY = {"idempotency-key": "till-4-0001"}


async def test_an_order_that_is_opened_twice_with_one_key_is_one_order(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    first = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    again = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert [again.headers[name] for name in ("location", "etag", "content-type")] == [
        first.headers[name] for name in ("location", "etag", "content-type")
    ]
    assert len(shop.store.orders) == 1


async def test_no_body_says_what_an_empty_object_says(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    sending = f"/sale-orders/{order['id']}/kitchen-tickets"
    first = await client.post(sending, json={}, headers=KEY)
    again = await client.post(sending, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"


async def test_equal_requests_at_the_same_time_have_one_effect_and_one_answer(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    order = await opened(client)
    path = f"/sale-orders/{order['id']}"

    added = await asyncio.gather(
        *(client.post(f"{path}/items", json={"itemId": "variant-pho"}, headers=KEY) for _ in range(5))
    )
    checked = await asyncio.gather(*(client.post(f"{path}/checkout", headers=KEY) for _ in range(5)))

    for answers in (added, checked):
        assert len({answer.content for answer in answers}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert next(iter(shop.store.orders.values())).version == 3


async def test_the_same_key_with_another_body_is_refused_before_any_sister_is_asked(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    shop.catalog.fail_with = SisterUnavailable(sister="commerce", reason="down")

    refused = await client.post("/sale-orders", json={**TWO_PHO, "note": "other"}, headers=KEY)
    repeated = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert repeated.status_code == 201


async def test_a_key_belongs_to_its_user_merchant_and_path(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    shop.tokens.issue("hoa", user_id="user-hoa", roles=("admin",), merchants=("merchant-1", "merchant-2"))
    hoa = {**KEY, "authorization": "Bearer hoa"}
    opened_by = [
        await client.post("/sale-orders", json={"saleChannelId": "channel-vnd"}, headers=KEY),
        await client.post("/sale-orders", json={"saleChannelId": "channel-vnd"}, headers=hoa),
        await client.post(
            "/sale-orders", json={"saleChannelId": "channel-2"}, headers={**hoa, "x-merchant-id": "merchant-2"}
        ),
    ]
    cancelled = [
        await client.post(f"{answer.headers['location'][12:]}/cancel", json={"reason": "x"}, headers=KEY)
        for answer in opened_by[:2]
    ]

    assert [answer.status_code for answer in (*opened_by, *cancelled)] == [201, 201, 201, 200, 200]
    assert not any("idempotency-replayed" in answer.headers for answer in (*opened_by, *cancelled))


async def test_a_request_that_is_refused_because_an_equal_one_was_faster_gets_that_ones_answer(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    path = f"/sale-orders/{(await opened(client))['id']}/checkout"
    calculate = shop.pricing.calculate
    faster: list[httpx.Response] = []

    async def overtaken(request: PricingRequest) -> Quote:
        assert request.currency == "VND"
        shop.pricing.calculate = calculate  # type: ignore[method-assign]
        faster.append(await client.post(path, headers=KEY))
        raise SisterRefused(sister="pricing", status=400, reason="no fare")

    shop.pricing.calculate = overtaken  # type: ignore[method-assign]
    slower = await client.post(path, headers=KEY)

    assert (slower.status_code, slower.content) == (200, faster[0].content)
    assert slower.headers["idempotency-replayed"] == "true"


async def test_a_request_whose_first_one_is_still_running_is_told_so_and_may_try_again(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    shop.store.lock_timeout_seconds = 0.01
    key = AnswerKey(
        merchant_id=MerchantId("merchant-1"),
        user_id=UserId("user-lan"),
        method="POST",
        path="/v1/api/sale/sale-orders",
        key=KEY["idempotency-key"],
    )
    async with shop.store.locked(key, otherwise=KeyInUse()):
        busy = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)

    assert (busy.status_code, busy.json()["code"]) == (409, "idempotency-key-in-use")
    assert (await client.post("/sale-orders", json=TWO_PHO, headers=KEY)).status_code == 201


async def test_a_refusal_is_repeated_even_when_the_world_has_moved(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    checkout = f"/sale-orders/{order['id']}/checkout"
    refused = await client.post(checkout, json={"expectedTotal": 1}, headers=KEY)
    unreadable = await client.post(checkout, content=b"{", headers={"idempotency-key": "k2"})
    await client.delete(f"/sale-orders/{order['id']}/items")

    again = await client.post(checkout, json={"expectedTotal": 1}, headers=KEY)
    unread = await client.post(checkout, content=b"{", headers={"idempotency-key": "k2"})

    assert (again.status_code, again.content) == (409, refused.content)
    assert again.headers["content-type"] == "application/problem+json"
    assert again.headers["idempotency-replayed"] == unread.headers["idempotency-replayed"] == "true"
    assert (unread.status_code, unread.content) == (400, unreadable.content)


async def test_an_answer_of_500_and_above_is_not_kept(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    order = await opened(client)
    shop.pricing.fail_with = SisterUnavailable(sister="pricing", reason="down")
    away = await client.post(f"/sale-orders/{order['id']}/checkout", headers=KEY)
    shop.pricing.fail_with = None

    again = await client.post(f"/sale-orders/{order['id']}/checkout", headers=KEY)

    assert (away.status_code, again.status_code) == (503, 200)
    assert "idempotency-replayed" not in again.headers


async def test_who_may_not_ask_is_told_nothing_of_kept_answers(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    shop.policies.deny("cashier")

    forbidden = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    anonymous = await client.post("/sale-orders", json=TWO_PHO, headers={**KEY, "authorization": ""})
    shop.policies.allow("cashier")
    allowed = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)

    assert [answer.status_code for answer in (forbidden, anonymous, allowed)] == [403, 401, 201]


async def test_the_key_is_checked_before_if_match(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    items, headers = f"/sale-orders/{order['id']}/items", {**KEY, "if-match": '"1"'}
    await client.post(items, json={"itemId": "variant-pho"}, headers=headers)

    again = await client.post(items, json={"itemId": "variant-pho"}, headers=headers)

    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


async def test_after_24_hours_a_key_is_new(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    first = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    shop.clock.advance(24 * 3600)

    assert (await client.post("/sale-orders", json=TWO_PHO, headers=KEY)).json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "tab\there", "é"])
async def test_a_key_has_1_to_255_visible_characters(client: httpx.AsyncClient, shop: InMemorySale, key: str) -> None:
    answer = await client.post("/sale-orders", json=TWO_PHO, headers={b"idempotency-key": key.encode()})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/headers/idempotency-key"
    assert not shop.store.orders


async def test_a_database_that_is_away_is_a_503_and_the_key_stays_new(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    shop.store.fail_with = StoreUnavailable(reason="connection refused by db-7")
    away = await client.post("/sale-orders", json=TWO_PHO, headers=KEY)
    shop.store.fail_with = None

    assert (away.status_code, away.json()["code"], away.headers["retry-after"]) == (503, "store-unavailable", "1")
    assert "db-7" not in away.text
    assert (await client.post("/sale-orders", json=TWO_PHO, headers=KEY)).status_code == 201
