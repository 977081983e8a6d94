"""The list of the money that pays for nothing yet, over HTTP (contract §6)."""

import httpx

from ordering_over_http import checked_out, opened, payment


async def test_the_list_shows_what_is_left_over_of_each_order_newest_first(client: httpx.AsyncClient) -> None:
    early, over, exact = await opened(client), await checked_out(client), await checked_out(client)
    for order, amount in ((early, 65_000), (over, "130000.5"), (exact, 130_000)):
        await client.post("/webhooks/payment", json=payment(order["id"], amount))

    answer = await client.get("/unallocated")

    seen = (await client.get(f"/sale-orders/{over['id']}")).json()
    assert (answer.status_code, answer.headers["x-feed-seq"]) == (200, "8")
    assert answer.json()["nextCursor"] is None
    assert answer.json()["items"][0] == {
        "saleOrderId": over["id"],
        "orderNumber": over["orderNumber"],
        "status": "COMPLETED",
        "currency": "VND",
        "received": 130_000.5,
        "paid": 130_000,
        "unallocated": 0.5,
        "updatedAt": seen["updatedAt"],
    }
    assert [(row["saleOrderId"], row["unallocated"]) for row in answer.json()["items"][1:]] == [(early["id"], 65_000)]


async def test_the_list_goes_page_by_page_and_refuses_what_it_does_not_know(client: httpx.AsyncClient) -> None:
    orders = [await opened(client) for _ in range(3)]
    for order in orders:
        await client.post("/webhooks/payment", json=payment(order["id"], 1))

    first = (await client.get("/unallocated", params={"limit": 2})).json()
    last = (await client.get("/unallocated", params={"limit": 2, "cursor": first["nextCursor"]})).json()

    shown = [row["saleOrderId"] for row in (*first["items"], *last["items"])]
    assert shown == [order["id"] for order in reversed(orders)]
    assert last["nextCursor"] is None
    for query in ({"limit": 0}, {"status": "DRAFT"}, {"cursor": "?"}):
        assert (await client.get("/unallocated", params=query)).status_code == 400


async def test_another_merchants_money_is_not_shown(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    await client.post("/webhooks/payment", json=payment(order["id"], 1))

    theirs = await client.get("/unallocated", headers={"authorization": "Bearer minh", "x-merchant-id": "merchant-2"})

    assert theirs.json() == {"items": [], "nextCursor": None}
