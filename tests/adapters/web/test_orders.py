"""The sale-order operations of contract §9, one by one."""

import httpx
import pytest

from ordering_over_http import TWO_PHO, checked_out, opened, payment
from sale_app.composition import InMemorySale
from sale_domain.port_errors import SisterRefused, SisterUnavailable


async def test_an_order_is_opened_with_its_place_and_its_version(client: httpx.AsyncClient) -> None:
    answer = await client.post("/sale-orders", json={**TWO_PHO, "customerId": "customer-1", "note": "bàn 4"})

    order = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/api/sale/sale-orders/{order['id']}"
    assert answer.headers["etag"] == '"1"'
    assert (order["status"], order["currency"], order["customerId"], order["note"]) == (
        "DRAFT",
        "VND",
        "customer-1",
        "bàn 4",
    )
    assert (await client.get(f"http://sale{answer.headers['location']}")).json() == order


async def test_a_read_tells_the_feed_number_that_it_is_true_for(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    for path in (f"/sale-orders/{order['id']}", f"/sale-orders/{order['id']}/history", "/sale-orders"):
        assert (await client.get(path)).headers["x-feed-seq"] == "1"


async def test_items_are_added_merged_changed_and_removed(client: httpx.AsyncClient) -> None:
    order = await opened(client, {"saleChannelId": "channel-vnd"})
    items = f"/sale-orders/{order['id']}/items"

    await client.post(items, json={"itemId": "variant-pho"})
    added = await client.post(items, json={"itemId": "variant-pho", "quantity": "1.5"})
    assert (added.status_code, added.headers["etag"], len(added.json()["items"])) == (201, '"3"', 1)
    line = added.json()["items"][0]
    assert line["quantity"] == 2.5

    noted = await client.patch(f"{items}/{line['id']}", json={"quantity": 3, "note": "ít hành"})
    assert (noted.status_code, noted.json()["items"][0]["quantity"], noted.json()["items"][0]["note"]) == (
        200,
        3,
        "ít hành",
    )
    kept = await client.patch(f"{items}/{line['id']}", json={"quantity": 4})
    assert kept.json()["items"][0]["note"] == "ít hành"
    emptied = await client.patch(f"{items}/{line['id']}", json={"note": None})
    assert (emptied.json()["items"][0]["note"], emptied.json()["items"][0]["quantity"]) == (None, 4)

    removed = await client.patch(f"{items}/{line['id']}", json={"quantity": 0})
    assert (removed.status_code, removed.json()["items"]) == (200, [])


async def test_a_combo_goes_with_its_lead_and_all_lines_go_at_once(client: httpx.AsyncClient) -> None:
    combo = {"itemId": "variant-combo-sang", "components": [{"itemId": "variant-banh-mi", "quantity": 1}]}
    order = await opened(client, {"saleChannelId": "channel-vnd", "items": [combo, {"itemId": "variant-pho"}]})
    lead, child, _ = order["items"]
    items = f"/sale-orders/{order['id']}/items"

    refused = await client.delete(f"{items}/{child['id']}")
    assert (refused.status_code, refused.json()["code"], refused.json()["leadItemId"]) == (
        409,
        "combo-child",
        lead["id"],
    )
    without = await client.delete(f"{items}/{lead['id']}")
    assert [line["itemId"] for line in without.json()["items"]] == ["variant-pho"]
    empty = await client.delete(items)
    assert (empty.status_code, empty.json()["items"], empty.headers["etag"]) == (200, [], '"3"')


async def test_a_preview_writes_nothing(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    preview = await client.get(f"/sale-orders/{order['id']}/pricing-preview")

    assert preview.status_code == 200
    assert (preview.json()["total"], preview.json()["items"][0]["lineId"]) == (130_000, order["items"][0]["id"])
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order


async def test_a_sale_goes_from_checkout_over_revert_to_payment(client: httpx.AsyncClient) -> None:
    order = await checked_out(client)
    path = f"/sale-orders/{order['id']}"
    assert (order["status"], order["total"], order["snapshots"]["checkout"]) == ("PROCESSING", 130_000, 1)

    reverted = await client.post(f"{path}/revert")
    assert (reverted.status_code, reverted.json()["status"], reverted.json()["total"]) == (200, "DRAFT", None)
    again = await client.post(f"{path}/checkout")
    assert again.json()["snapshots"]["checkout"] == 2

    paid = await client.post("/webhooks/payment", json=payment(order["id"], "130000.00"))
    assert (paid.status_code, paid.json()) == (200, {"outcome": "applied"})
    completed = (await client.get(path)).json()
    assert (completed["status"], completed["isFullyPaid"], completed["paid"]) == ("COMPLETED", True, 130_000)
    assert [row["action"] for row in (await client.get(f"{path}/history")).json()["items"]] == [
        "ORDER_CREATED",
        "ORDER_CHECKED_OUT",
        "ORDER_REVERTED",
        "ORDER_CHECKED_OUT",
        "ORDER_PAYMENT_UPDATED",
    ]
    late = await client.post(f"{path}/cancel", json={"reason": "too late"})
    assert (late.status_code, late.json()["illegalTransition"]) == (409, {"status": "COMPLETED", "action": "cancel"})


async def test_nobody_pays_a_total_that_he_has_not_seen(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    answer = await client.post(f"/sale-orders/{order['id']}/checkout", json={"expectedTotal": "129999.9999"})

    assert (answer.status_code, answer.json()["code"]) == (409, "price-changed")
    assert (answer.json()["expectedTotal"], answer.json()["actualTotal"]) == (129_999.9999, 130_000)
    assert (await client.get(f"/sale-orders/{order['id']}")).json()["status"] == "DRAFT"


async def test_a_cancelled_order_tells_why(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    answer = await client.post(f"/sale-orders/{order['id']}/cancel", json={"reason": "khách đổi ý"})

    assert (answer.status_code, answer.json()["status"], answer.json()["cancelReason"]) == (
        200,
        "CANCELLED",
        "khách đổi ý",
    )


async def test_a_list_is_paged_newest_first_and_filtered(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    ids = []
    for n in range(3):
        ids.append((await opened(client, {"saleChannelId": "channel-vnd", "customerId": f"customer-{n}"}))["id"])
        shop.clock.advance(60)

    first = (await client.get("/sale-orders", params={"limit": 2})).json()
    assert [order["id"] for order in first["items"]] == [ids[2], ids[1]]
    second = (await client.get("/sale-orders", params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert ([order["id"] for order in second["items"]], second["nextCursor"]) == ([ids[0]], None)

    filtered = await client.get(
        "/sale-orders",
        params={"createdFrom": "2026-01-05T07:31:00Z", "createdTo": "2026-01-05T07:32:00Z", "status": "DRAFT"},
    )
    assert [order["id"] for order in filtered.json()["items"]] == [ids[1]]
    assert len((await client.get("/sale-orders", params={"customerId": "customer-0"})).json()["items"]) == 1
    assert (await client.get("/sale-orders", params={"saleChannelId": "channel-usd"})).json()["items"] == []


async def test_if_match_names_the_version_that_was_seen(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    items = f"/sale-orders/{order['id']}/items"

    for fitting, version in (('"1"', '"2"'), ("2", '"3"'), ("*", '"4"')):
        answer = await client.post(items, json={"itemId": "variant-pho"}, headers={"if-match": fitting})
        assert (answer.status_code, answer.headers["etag"]) == (201, version)
    line = order["items"][0]["id"]
    for method, path in (
        ("POST", items),
        ("PATCH", f"{items}/{line}"),
        ("DELETE", f"{items}/{line}"),
        ("DELETE", items),
    ):
        body = b'{"itemId": "variant-pho"}' if method == "POST" else b""
        stale = await client.request(method, path, content=body, headers={"if-match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
        assert (stale.json()["expectedVersion"], stale.json()["actualVersion"]) == (1, 4)
    for action in ("checkout", "revert", "cancel"):
        stale = await client.post(
            f"/sale-orders/{order['id']}/{action}",
            json={"reason": "x"} if action != "checkout" else {},
            headers={"if-match": "1"},
        )
        assert stale.status_code == 412, action


async def test_if_match_that_names_no_version_is_refused(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    for given, status in (('"1"', 400), ("7", 400), ("*", 201)):
        answer = await client.post("/sale-orders", json=TWO_PHO, headers={"if-match": given})
        assert answer.status_code == status, given
    for given in ('W/"1"', '"1', "1.0", "-1", "abc", "", '"1", "2"', "9" * 30):
        answer = await client.delete(f"/sale-orders/{order['id']}/items", headers={"if-match": given})
        assert answer.status_code == 400, given
        assert answer.json()["errors"][0]["pointer"] == "/headers/if-match"


async def test_a_sister_that_is_away_is_a_503_and_the_order_stays(
    client: httpx.AsyncClient, shop: InMemorySale, caplog: pytest.LogCaptureFixture
) -> None:
    order = await opened(client)
    path = f"/sale-orders/{order['id']}"
    shop.pricing.fail_with = SisterUnavailable(sister="pricing", reason="it answered 500", words="db-7 is full")
    with caplog.at_level("WARNING", logger="sale.access"):
        away = await client.post(f"{path}/checkout")
    assert away.json()["detail"] == "pricing is not available: it answered 500"
    [line] = caplog.records
    assert line.__dict__["why"] == "pricing is not available: it answered 500 (db-7 is full)"
    assert (away.status_code, away.json()["sister"], away.headers["retry-after"]) == (503, "pricing", "1")
    shop.pricing.fail_with = SisterRefused(sister="pricing", status=404, reason="no fare")
    refused = await client.get(f"{path}/pricing-preview")
    assert (refused.status_code, refused.json()["reason"]) == (422, "no fare")
    assert (await client.get(path)).json() == order
