"""The allocation operations of contract §9, one by one, and what they refuse."""

from typing import Any

import httpx
import pytest

from ordering_over_http import checked_out, opened, payment
from sale_app.composition import InMemorySale
from sale_domain import seating

STRANGER = "01KE6YB4M0000000000000000126"
MINH = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2"}


async def seated(client: httpx.AsyncClient, order_id: str, *units: str, **more: str) -> list[dict[str, Any]]:
    """Take tables for an order; return their usages as answered."""
    answer = await client.post(f"/sale-orders/{order_id}/allocations", json={"unitIds": units, **more})
    assert answer.status_code == 201, answer.text
    usages: list[dict[str, Any]] = answer.json()["usages"]
    return usages


async def listed(client: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await client.get("/allocation-usages", params=query)
    assert answer.status_code == 200, answer.text
    return [usage["unitId"] for usage in answer.json()["items"]]


async def test_guests_are_seated_moved_and_seen_off(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    one, two = await seated(client, order["id"], "table-5", "table-4", zoneId="garden")

    assert one == {
        "id": one["id"],
        "version": 1,
        "merchantId": "merchant-1",
        "saleOrderId": order["id"],
        "unitId": "table-5",
        "zoneId": "garden",
        "type": "TABLE",
        "status": "ACTIVE",
        "startedAt": "2026-01-05T07:30:00Z",
        "reservedTo": None,
        "endedAt": None,
    }
    moved = await client.post(f"/allocation-usages/{one['id']}/move", json={"unitId": "table-6"})
    assert (moved.status_code, moved.headers["etag"], moved.json()["unitId"]) == (200, '"2"', "table-6")
    again = await client.post(f"/allocation-usages/{one['id']}/move", json={"unitId": "table-6"})
    assert (again.status_code, again.json()) == (200, moved.json())
    done = await client.post(f"/allocation-usages/{one['id']}/complete")
    assert (done.status_code, done.json()["status"], done.json()["endedAt"]) == (
        200,
        "SUCCESS",
        "2026-01-05T07:30:00Z",
    )
    gone = await client.post(f"/allocation-usages/{two['id']}/cancel", json={"reason": "too noisy"})
    assert (gone.status_code, gone.json()["status"], gone.headers["etag"]) == (200, "CANCELLED", '"2"')
    late = await client.post(f"/allocation-usages/{two['id']}/complete", json={})
    assert (late.status_code, late.json()["illegalTransition"]) == (
        409,
        {"status": "CANCELLED", "action": "complete"},
    )
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order


async def test_the_list_shows_who_sits_where_now_unless_asked_for_the_past(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    usages = await seated(client, order["id"], "table-1", "table-2", zoneId="garden")
    await seated(client, order["id"], "room-1", zoneId="hall", type="ROOM")
    await client.post(f"/allocation-usages/{usages[0]['id']}/complete")

    assert await listed(client) == ["room-1", "table-2"]
    assert await listed(client, zoneId="garden") == ["table-2"]
    assert await listed(client, unitId="room-1", zoneId="hall") == ["room-1"]
    assert await listed(client, status="SUCCESS") == ["table-1"]
    first = await client.get("/allocation-usages", params={"limit": 1})
    assert (first.headers["x-feed-seq"], [u["unitId"] for u in first.json()["items"]]) == ("5", ["room-1"])
    rest = await client.get("/allocation-usages", params={"limit": 1, "cursor": first.json()["nextCursor"]})
    assert ([u["unitId"] for u in rest.json()["items"]], rest.json()["nextCursor"]) == (["table-2"], None)
    assert (await client.get("/allocation-usages", headers=MINH)).json()["items"] == []


async def test_a_table_in_use_is_a_conflict_and_all_or_none_is_taken(client: httpx.AsyncClient) -> None:
    first, second = await opened(client), await opened(client)
    await seated(client, first["id"], "table-4")
    (other,) = await seated(client, second["id"], "table-9")

    taken = await client.post(f"/sale-orders/{second['id']}/allocations", json={"unitIds": ["table-3", "table-4"]})
    moved = await client.post(f"/allocation-usages/{other['id']}/move", json={"unitId": "table-4"})

    for refusal in (taken, moved):
        assert (refusal.status_code, refusal.json()["code"], refusal.json()["unitId"]) == (
            409,
            "unit-in-use",
            "table-4",
        )
    assert await listed(client) == ["table-9", "table-4"]


async def test_paying_in_full_frees_the_tables_and_no_more_are_given(client: httpx.AsyncClient) -> None:
    order = await checked_out(client)
    await seated(client, order["id"], "table-4")
    await client.post("/webhooks/payment", json=payment(order["id"], 130_000))

    assert await listed(client) == []
    assert await listed(client, status="SUCCESS") == ["table-4"]
    late = await client.post(f"/sale-orders/{order['id']}/allocations", json={"unitIds": ["table-4"]})
    assert (late.status_code, late.json()["illegalTransition"]) == (
        409,
        {"status": "COMPLETED", "action": "allocate"},
    )


async def test_a_checkout_keeps_the_tables_as_they_were(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    (usage,) = await seated(client, order["id"], "table-4", zoneId="garden")

    checked = await client.post(f"/sale-orders/{order['id']}/checkout")

    kept = {name: value for name, value in usage.items() if name not in ("merchantId", "saleOrderId")}
    assert checked.json()["snapshots"]["allocations"] == [kept]


async def test_a_repeated_request_takes_a_table_once(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    path, body = f"/sale-orders/{order['id']}/allocations", {"unitIds": ["table-4"]}
    headers = {"idempotency-key": "k-1"}

    first = await client.post(path, json=body, headers=headers)
    second = await client.post(path, json=body, headers=headers)
    other = await client.post(path, json={"unitIds": ["table-5"]}, headers=headers)
    plain = await client.post(path, json=body)

    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (plain.status_code, plain.json()["code"]) == (409, "unit-in-use")
    end = f"/allocation-usages/{first.json()['usages'][0]['id']}/complete"
    ended = [await client.post(end, headers={"idempotency-key": "k-2"}) for _ in range(2)]
    assert [answer.status_code for answer in ended] == [200, 200]
    assert ended[0].json() == ended[1].json()


async def test_if_match_names_the_orders_version_when_seating_and_the_usages_afterwards(
    client: httpx.AsyncClient,
) -> None:
    order = await opened(client)
    path, body = f"/sale-orders/{order['id']}/allocations", {"unitIds": ["table-4"]}

    stale = await client.post(path, json=body, headers={"if-match": '"2"'})
    good = await client.post(path, json=body, headers={"if-match": '"1"'})
    usage = good.json()["usages"][0]
    move, to = f"/allocation-usages/{usage['id']}/move", {"unitId": "table-5"}
    moved = await client.post(move, json=to, headers={"if-match": '"1"'})
    old = [
        await client.post(f"/allocation-usages/{usage['id']}/{doing}", json=said, headers={"if-match": '"1"'})
        for doing, said in (("move", to), ("complete", {}), ("cancel", {}))
    ]

    assert (stale.status_code, good.status_code, moved.status_code) == (412, 201, 200)
    assert [(answer.status_code, answer.json()["actualVersion"]) for answer in old] == [(412, 2)] * 3


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 400, "/unitIds"),
        ({"unitIds": []}, 400, "/unitIds"),
        ({"unitIds": [f"table-{n}" for n in range(51)]}, 400, "/unitIds"),
        ({"unitIds": "table-4"}, 400, "/unitIds"),
        ({"unitIds": [4]}, 400, "/unitIds/0"),
        ({"unitIds": ["table-4", ""]}, 400, "/unitIds/1"),
        ({"unitIds": ["x" * 501]}, 400, "/unitIds/0"),
        ({"unitIds": ["a\u0000b"]}, 400, "/unitIds/0"),
        ({"unitIds": ["table-4"], "color": "red"}, 400, "/color"),
        ({"unitIds": ["table-4"], "zoneId": 7}, 400, "/zoneId"),
        ({"unitIds": ["table-4"], "reservedTo": "tomorrow"}, 400, "/reservedTo"),
        ({"unitIds": ["table-4"], "reservedTo": "2026-01-05T09:00:00"}, 400, "/reservedTo"),
        ({"unitIds": ["table-4"], "reservedTo": "2026-01-05T07:30:00Z"}, 422, "/reservedTo"),
        ({"unitIds": ["table-4"], "reservedTo": "2026-01-05T08:30:00+07:00"}, 422, "/reservedTo"),
        ({"unitIds": ["table-4", "table-5", "table-4"]}, 422, "/unitIds/2"),
    ],
)
async def test_a_bad_wish_is_refused_where_it_is_bad(
    client: httpx.AsyncClient, shop: InMemorySale, body: dict[str, Any], status: int, told: str
) -> None:
    order = await opened(client)

    answer = await client.post(f"/sale-orders/{order['id']}/allocations", json=body)

    assert answer.status_code == status
    assert told in [error["pointer"] for error in answer.json()["errors"]]
    assert await listed(client) == []
    assert len(shop.store.feeds) == 1


async def test_an_order_has_so_many_tables_in_its_life_and_its_money_is_never_refused_for_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seating, "MAX_UNITS_EVER", 3)
    order = await checked_out(client)
    path = f"/sale-orders/{order['id']}/allocations"
    for name in ("table-1", "table-2"):
        (usage,) = (await client.post(path, json={"unitIds": [name]})).json()["usages"]
        await client.post(f"/allocation-usages/{usage['id']}/complete")

    refused = await client.post(path, json={"unitIds": ["table-3", "table-4"]})
    taken = await client.post(path, json={"unitIds": ["table-5"]})
    full = await client.post(path, json={"unitIds": ["table-6"]})

    assert [answer.status_code for answer in (refused, taken, full)] == [422, 201, 422]
    assert (refused.json()["code"], refused.json()["limit"]) == ("too-many-units", 3)
    assert refused.json()["detail"] == "An order has at most 3 units in its life."
    (usage,) = taken.json()["usages"]
    assert (await client.post(f"/allocation-usages/{usage['id']}/move", json={"unitId": "table-7"})).status_code == 200
    paid = await client.post("/webhooks/payment", json=payment(order["id"], 130_000))
    assert paid.json() == {"outcome": "applied"}
    assert await listed(client) == []


async def test_fifty_units_with_the_longest_names_are_taken_at_once(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    names = [f"{n:02}" + "🪑" * 498 for n in range(50)]

    assert [usage["unitId"] for usage in await seated(client, order["id"], *names)] == names


@pytest.mark.parametrize("doing", ["complete", "cancel", "move"])
async def test_a_usage_that_is_unknown_anothers_or_no_id_at_all_is_not_found(
    client: httpx.AsyncClient, doing: str
) -> None:
    order = await opened(client)
    (usage,) = await seated(client, order["id"], "table-4")
    body = {"unitId": "table-5"} if doing == "move" else {}

    answers = [
        await client.post(f"/allocation-usages/{usage_id}/{doing}", json=body, headers=headers)
        for usage_id, headers in ((STRANGER, {}), ("x", {}), (order["id"], {}), (usage["id"], MINH))
    ]
    answers.append(await client.post(f"/sale-orders/{order['id']}/allocations", json={"unitIds": ["t"]}, headers=MINH))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not-found")] * 5
    assert await listed(client) == ["table-4"]


@pytest.mark.parametrize(
    ("doing", "body"),
    [
        ("complete", b'{"reason": "?"}'),
        ("cancel", b'{"reason": ""}'),
        ("cancel", b'{"reason": 4}'),
        ("move", b"{}"),
        ("move", b'{"unitId": null}'),
        ("move", b'{"unitId": "table-5", "zoneId": "hall"}'),
        ("move", b"[]"),
        ("complete", b"\xff"),
    ],
)
async def test_no_bad_body_changes_a_usage(client: httpx.AsyncClient, doing: str, body: bytes) -> None:
    order = await opened(client)
    (usage,) = await seated(client, order["id"], "table-4")

    answer = await client.post(f"/allocation-usages/{usage['id']}/{doing}", content=body)

    assert answer.status_code == 400
    assert (await client.get("/allocation-usages")).json()["items"] == [usage]


@pytest.mark.parametrize(
    "query",
    ["?status=GONE", "?status=active", "?limit=0", "?limit=201", "?cursor=x", "?tableId=4", "?zoneId=a&zoneId=b"],
)
async def test_a_bad_question_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/allocation-usages{query}")).status_code == 400
