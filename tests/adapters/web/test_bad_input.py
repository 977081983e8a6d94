"""Bad input: a problem with a pointer or a code, nothing written, never a server error."""

import json
from typing import Any

import httpx
import pytest

from ordering_over_http import TWO_PHO, opened
from sale_app.composition import InMemorySale
from sale_domain.ids import ItemId
from sale_domain.order_errors import UnknownItem
from sale_domain.port_errors import StoreUnavailable
from sale_domain.snapshots import CatalogItem

STRANGER = "01KE6YB4M0000000000000000126"
CHANGES = [
    ("POST", "/items"),
    ("PATCH", "/items/{line}"),
    ("POST", "/checkout"),
    ("POST", "/revert"),
    ("POST", "/cancel"),
]


def many_lines(count: int) -> bytes:
    items = [{"itemId": f"variant-{n}", "quantity": 1} for n in range(count)]
    return json.dumps({"saleChannelId": "channel-vnd", "items": items}).encode()


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, ""),
        (b"[]", 400, ""),
        (b"\xff", 400, ""),
        (b'{"saleChannelId": "channel-vnd", "color": 1}', 400, "/color"),
        (b'{"saleChannelId": 5}', 400, "/saleChannelId"),
        (b'{"saleChannelId": "\\u200b"}', 400, "/saleChannelId"),
        (b'{"saleChannelId": "channel-vnd", "customerId": " "}', 400, "/customerId"),
        (b'{"saleChannelId": "channel-vnd", "items": {}}', 400, "/items"),
        (b'{"saleChannelId": "channel-vnd", "items": "variant-pho"}', 400, "/items"),
        (b'{"saleChannelId": "channel-vnd", "items": [{"itemId": "x", "quantity": -1}]}', 400, "/items/0/quantity"),
        (b'{"saleChannelId": "channel-vnd", "items": [{"itemId": "x", "quantity": true}]}', 400, "/items/0/quantity"),
        (b'{"saleChannelId": "channel-vnd", "items": [{"itemId": "x", "quantity": NaN}]}', 400, ""),
        (b'{"saleChannelId": "channel-vnd", "items": [{"itemId": "x", "quantity": "NaN"}]}', 400, "/items/0/quantity"),
        (b'{"saleChannelId": "channel-vnd", "items": [{"itemId": "x", "quantity": 1e9999}]}', 400, "/items/0/quantity"),
        (b'{"saleChannelId": "channel-vnd", "note": "\\u0000"}', 400, "/note"),
        (b'{"saleChannelId": "channel-vnd", "note": "\\ud800"}', 400, "/note"),
        (b'{"saleChannelId": "channel-vnd", "\\ud800": "\\ud800"}', 400, "/\\ud800"),
        (b"[" * 900_000, 400, ""),
        (many_lines(10_000), 400, "/items"),
        (many_lines(1) + b" " * 1_100_000, 413, "body-too-large"),
        (b'{"saleChannelId": "channel-nowhere"}', 422, "unknown-sale-channel"),
        (b'{"saleChannelId": "channel-2"}', 422, "unknown-sale-channel"),
        (many_lines(1), 422, "unknown-item"),
    ],
)
async def test_a_bad_new_order_is_refused_where_it_is_bad(
    client: httpx.AsyncClient, shop: InMemorySale, body: bytes, status: int, told: str
) -> None:
    answer = await client.post("/sale-orders", content=body)

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in ([error["pointer"] for error in problem["errors"]] if "errors" in problem else [problem["code"]])
    assert problem["requestId"] == answer.headers["x-request-id"]
    assert not shop.store.orders


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"color": 1}', b"x" * 1_100_000, b"\x00", b"[" * 100_000])
async def test_no_bad_body_changes_an_order(client: httpx.AsyncClient, method: str, path: str, body: bytes) -> None:
    order = await opened(client)
    whole = f"/sale-orders/{order['id']}"

    answer = await client.request(method, whole + path.format(line=order["items"][0]["id"]), content=body)

    assert answer.status_code in {400, 413}
    assert (await client.get(whole)).json() == order


async def test_ten_thousand_lines_ask_no_sister(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    asked: list[str] = []

    async def item(item_id: ItemId) -> CatalogItem:
        asked.append(item_id)
        raise UnknownItem(item_id=item_id)

    shop.catalog.item = item  # type: ignore[method-assign]
    combo: Any = {"itemId": "combo", "components": [{"itemId": "part", "quantity": 1}] * 500}

    too_long = await client.post("/sale-orders", content=many_lines(10_000))
    too_many = await client.post("/sale-orders", json={"saleChannelId": "channel-vnd", "items": [combo] * 2})

    assert (too_long.status_code, too_many.status_code, too_many.json()["code"]) == (400, 422, "too-many-lines")
    assert asked == []


@pytest.mark.parametrize(
    "order_id", [STRANGER, "x", "%00", "%2e%2e%2fetc", "🙂", "0" * 5_000, "O1KE6YB4M0000000000000000126"]
)
async def test_an_order_that_is_unknown_or_no_id_at_all_is_not_found(client: httpx.AsyncClient, order_id: str) -> None:
    whole = f"/sale-orders/{order_id}"
    for method, path in [("GET", ""), ("GET", "/history"), ("GET", "/pricing-preview"), ("DELETE", "/items"), *CHANGES]:
        body = b'{"reason": "x"}' if path in {"/cancel", "/revert"} else b'{"itemId": "variant-pho"}'
        content = b"{}" if path in {"/checkout", "/items/{line}"} else body
        answer = await client.request(
            method, whole + path.format(line=STRANGER), content=content, headers={"idempotency-key": "k"}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path


async def test_what_is_no_id_at_all_is_never_looked_up(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    shop.store.fail_with = StoreUnavailable(reason="down")

    for path in ("/sale-orders/x/checkout", f"/sale-orders/{'0' * 5_000}/cancel"):
        answer = await client.post(path, content=b"{", headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_line_that_is_unknown_or_no_id_at_all_is_not_found(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    for line in (STRANGER, "x", "%00"):
        for method in ("PATCH", "DELETE"):
            answer = await client.request(
                method, f"/sale-orders/{order['id']}/items/{line}", content=b'{"quantity": 1}'
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_another_merchants_order_is_not_there_exactly_as_one_that_never_was(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    minh = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2", "x-request-id": "r"}

    foreign = await client.get(f"/sale-orders/{order['id']}", headers=minh)
    unknown = await client.get(f"/sale-orders/{STRANGER}", headers=minh)
    changed = await client.post(f"/sale-orders/{order['id']}/cancel", json={"reason": "x"}, headers=minh)

    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert changed.status_code == 404
    assert (await client.get("/sale-orders", headers=minh)).json()["items"] == []
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order


@pytest.mark.parametrize(
    "query", ["status=x", "limit=0", "cursor=%00", "cursor=%F0%9F%99%82", "createdFrom=now", "a=1"]
)
async def test_a_bad_query_is_refused_at_its_parameter(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/sale-orders?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": ""}, 401, "unauthenticated"),
        ({"authorization": "Bearer"}, 401, "unauthenticated"),
        ({"authorization": "Basic bGFu"}, 401, "unauthenticated"),
        ({"authorization": "Bearer expired"}, 401, "unauthenticated"),
        ({"authorization": "Bearer expired", "x-merchant-id": ""}, 401, "unauthenticated"),
        ({"x-merchant-id": ""}, 400, "invalid"),
        ({"x-merchant-id": "merchant-2"}, 403, "forbidden"),
        ({"authorization": "Bearer guest"}, 403, "forbidden"),
        ({"authorization": "Bearer guest", "x-merchant-id": ""}, 400, "invalid"),
        ({"authorization": "Bearer guest", "idempotency-key": ""}, 403, "forbidden"),
    ],
)
async def test_who_may_not_is_told_so_before_anything_else_is_looked_at(
    client: httpx.AsyncClient, shop: InMemorySale, headers: dict[str, str], status: int, code: str
) -> None:
    shop.tokens.issue("guest", user_id="user-guest", roles=("guest",), merchants=("merchant-1",))

    for method, path in (("POST", "/sale-orders"), ("GET", "/sale-orders"), ("POST", "/sale-orders/x/checkout")):
        answer = await client.request(method, path, content=b"{", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert ("www-authenticate" in answer.headers) == (status == 401)
    assert not shop.store.orders


async def test_checks_come_in_the_contracts_order(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    """Everything is wrong at once, and is put right step by step."""
    order = await opened(client)
    headers = {"authorization": "", "x-merchant-id": "", "idempotency-key": "two words", "if-match": "abc"}
    body = b"{"
    path = f"/sale-orders/{order['id']}/items"
    shop.policies.deny("cashier")

    async def answered() -> tuple[int, str]:
        answer = await client.post(path, content=body, headers=headers)
        problem = answer.json()
        return answer.status_code, problem["errors"][0]["pointer"] if "errors" in problem else problem["code"]

    assert await answered() == (401, "unauthenticated")
    headers["authorization"] = "Bearer lan"
    assert await answered() == (400, "/headers/x-merchant-id")
    headers["x-merchant-id"] = "merchant-1"
    assert await answered() == (403, "forbidden")
    shop.policies.allow("cashier")
    assert await answered() == (400, "/headers/idempotency-key")
    headers["idempotency-key"] = "key-1"
    assert await answered() == (400, "")
    body, headers["idempotency-key"] = json.dumps(TWO_PHO["items"][0]).encode(), "key-2"
    assert await answered() == (400, "/headers/if-match")
    headers |= {"if-match": "2", "idempotency-key": "key-3"}
    assert await answered() == (412, "stale-version")
