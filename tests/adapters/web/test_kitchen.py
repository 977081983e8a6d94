"""The kitchen over HTTP: what is sent, seen, moved on and refused (contract §9)."""

import asyncio
from typing import Any

import httpx
import pytest

from cooking_over_http import PHO_AND_TEA, STATIONS, asked, item_path, sent
from ordering_over_http import checked_out, opened
from sale_app.composition import InMemorySale
from sale_domain.events import KitchenItemStatusChanged
from sale_domain.ids import ItemId
from sale_domain.port_errors import SisterUnavailable

STRANGER = "01KE6YB4M0000000000000000126"
MINH = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2"}
ITEM_ACTIONS = ("cook", "finish", "serve", "recall", "void")


async def test_an_order_is_sent_to_its_stations_and_its_tickets_are_shown(client: httpx.AsyncClient) -> None:
    assert (await client.put("/kitchen-stations", json=STATIONS)).status_code == 200

    order, (stove, bar) = await sent(client)

    assert (stove["stationId"], bar["stationId"]) == ("stove", "bar")
    assert {name: stove[name] for name in ("saleOrderId", "orderNumber", "status", "rush", "orderCancelled")} == {
        "saleOrderId": order["id"],
        "orderNumber": order["orderNumber"],
        "status": "PENDING",
        "rush": False,
        "orderCancelled": False,
    }
    (bowls,) = stove["items"]
    assert (bowls["saleOrderItemId"], bowls["name"], bowls["quantity"], bowls["note"], bowls["recipeId"]) == (
        order["items"][0]["id"],
        "Phở bò tái",
        2,
        "no onion",
        "recipe-pho",
    )
    shown = await client.get(f"/kitchen-tickets/{stove['id']}")
    assert (shown.json(), shown.headers["etag"], shown.headers["x-feed-seq"]) == (stove, '"1"', "4")
    after = (await client.get(f"/sale-orders/{order['id']}")).json()
    assert (after["version"], [line["sentQuantity"] for line in after["items"]]) == (2, [2, 1])
    history = (await client.get(f"/sale-orders/{order['id']}/history")).json()["items"]
    assert [row["action"] for row in history] == ["ORDER_CREATED", "ORDER_UPDATED"]


async def test_without_rules_there_is_one_ticket_without_a_station(client: httpx.AsyncClient) -> None:
    _, (ticket,) = await sent(client)
    assert (ticket["stationId"], len(ticket["items"])) == (None, 2)


async def test_chosen_portions_keep_what_was_said_of_them(client: httpx.AsyncClient) -> None:
    order = await opened(client, PHO_AND_TEA)
    line = order["items"][0]["id"]
    portion = {"saleOrderItemId": line, "quantity": "0.5", "stationId": "roof", "course": "main", "note": "hot"}

    answer = await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", {"items": [portion]}, status=201)

    (ticket,) = answer["tickets"]
    (item,) = ticket["items"]
    assert ticket["stationId"] == "roof"
    assert (item["quantity"], item["course"], item["note"]) == (0.5, "main", "no onion · hot")


async def test_a_list_that_names_nothing_sends_all_that_is_unsent(client: httpx.AsyncClient) -> None:
    order = await opened(client, PHO_AND_TEA)
    path = f"/sale-orders/{order['id']}/kitchen-tickets"

    (ticket,) = (await asked(client, path, {"items": []}, status=201))["tickets"]

    assert [item["quantity"] for item in ticket["items"]] == [2, 1]
    assert (await asked(client, path, {"items": []}, status=409))["code"] == "nothing-to-send"


async def test_a_dish_goes_through_the_kitchen_and_kafka_hears_of_each_step(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    order, (ticket,) = await sent(client)
    for action, item_status, status in (
        ("cook", "COOKING", "PROCESSING"),
        ("finish", "READY", "PROCESSING"),
        ("recall", "COOKING", "PROCESSING"),
        ("finish", "READY", "PROCESSING"),
        ("serve", "SERVED", "PROCESSING"),
    ):
        ticket = await asked(client, item_path(ticket, action))
        assert (ticket["items"][0]["status"], ticket["status"]) == (item_status, status)
        assert ticket["items"][0]["changedBy"] == "user-lan"
    ticket = await asked(client, item_path(ticket, "void", place=1), {"reason": "dropped"})
    assert (ticket["status"], ticket["version"], ticket["items"][1]["reason"]) == ("COMPLETED", 7, "dropped")
    events = [message.payload for message in shop.store.messages]
    assert [e.status for e in events if isinstance(e, KitchenItemStatusChanged)] == [
        "COOKING",
        "READY",
        "COOKING",
        "READY",
        "SERVED",
        "VOIDED",
    ]
    assert [message.seq for message in shop.store.messages] == [1, 2, 3, 4, 5, 6]
    after = (await client.get(f"/sale-orders/{order['id']}")).json()
    assert (after["version"], [line["sentQuantity"] for line in after["items"]]) == (3, [2, 0])


async def test_a_ticket_is_rushed_and_voided(client: httpx.AsyncClient) -> None:
    order, (ticket,) = await sent(client)
    path = f"/kitchen-tickets/{ticket['id']}"

    rushed = await asked(client, f"{path}/rush")
    again = await asked(client, f"{path}/rush", {})
    voided = await asked(client, f"{path}/void", {"reason": "a mouse"})

    assert (rushed["rush"], rushed["version"], again["version"]) == (True, 2, 2)
    assert (voided["status"], {item["reason"] for item in voided["items"]}) == ("VOIDED", {"a mouse"})
    (resent,) = (await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", status=201))["tickets"]
    assert [item["quantity"] for item in resent["items"]] == [2, 1]


async def test_a_cancelled_order_voids_what_is_pending_and_tells_the_cook(client: httpx.AsyncClient) -> None:
    order, (ticket,) = await sent(client)
    await asked(client, item_path(ticket, "cook"))

    await asked(client, f"/sale-orders/{order['id']}/cancel", {"reason": "the guests have left"})

    seen = (await client.get(f"/kitchen-tickets/{ticket['id']}")).json()
    assert (seen["orderCancelled"], seen["status"], seen["version"]) == (True, "PROCESSING", 3)
    assert [(item["status"], item["reason"]) for item in seen["items"]] == [
        ("COOKING", None),
        ("VOIDED", "the guests have left"),
    ]
    await asked(client, item_path(ticket, "finish"))
    refused = await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", status=409)
    assert refused["illegalTransition"] == {"status": "CANCELLED", "action": "send"}


async def test_a_checked_out_order_is_sent_by_its_snapshot_without_asking_commerce(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    await client.put("/kitchen-stations", json=STATIONS)
    order = await checked_out(client)
    shop.catalog.fail_with = SisterUnavailable(sister="commerce", reason="down")

    answer = await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", status=201)

    (ticket,) = answer["tickets"]
    assert (ticket["stationId"], ticket["items"][0]["recipeId"]) == ("stove", "recipe-pho")


async def test_a_draft_is_not_sent_while_nobody_can_tell_how_it_is_made(
    client: httpx.AsyncClient, shop: InMemorySale
) -> None:
    order = await opened(client, PHO_AND_TEA)
    path = f"/sale-orders/{order['id']}/kitchen-tickets"
    shop.catalog.fail_with = SisterUnavailable(sister="commerce", reason="down")
    assert (await asked(client, path, status=503))["code"] == "sister-unavailable"
    shop.catalog.fail_with = None
    del shop.catalog.items[ItemId("variant-pho")]
    assert (await asked(client, path, status=422))["code"] == "unknown-item"
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order


async def test_tickets_are_listed_oldest_first_by_station_and_status_page_by_page(client: httpx.AsyncClient) -> None:
    await client.put("/kitchen-stations", json=STATIONS)
    tickets = [ticket for _ in range(3) for ticket in (await sent(client))[1]]
    await asked(client, item_path(tickets[0], "cook"))

    async def listed(**query: str) -> list[str]:
        ids: list[str] = []
        page: dict[str, Any] = {"nextCursor": None}
        while not ids or page["nextCursor"]:
            more = {"cursor": page["nextCursor"]} if page["nextCursor"] else {}
            answer = await client.get("/kitchen-tickets", params={**query, "limit": "2", **more})
            assert answer.headers["x-feed-seq"] == "13"
            page = answer.json()
            ids += [ticket["id"] for ticket in page["items"]]
        return ids

    by_age = sorted(ticket["id"] for ticket in tickets)
    stove = sorted(ticket["id"] for ticket in tickets if ticket["stationId"] == "stove")
    assert await listed() == by_age
    assert await listed(stationId="stove") == stove
    assert await listed(status="PROCESSING") == [tickets[0]["id"]]
    assert await listed(status="PENDING,PROCESSING") == by_age
    assert await listed(status="PENDING", stationId="stove") == stove[1:]
    other = await client.get("/kitchen-tickets", headers=MINH)
    assert other.json() == {"items": [], "nextCursor": None}


async def test_an_equal_request_has_its_effect_once(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    order = await opened(client, PHO_AND_TEA)
    path, key = f"/sale-orders/{order['id']}/kitchen-tickets", {"idempotency-key": "till-4-0001"}

    answers = await asyncio.gather(*(client.post(path, headers=key) for _ in range(4)))

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    ticket = answers[0].json()["tickets"][0]
    taps = [await client.post(item_path(ticket, "cook"), headers=key) for _ in range(2)]
    assert [tap.status_code for tap in taps] == [200, 200]
    assert [tap.headers["etag"] for tap in taps] == ['"2"', '"2"']
    assert len(shop.store.messages) == 1


async def test_two_devices_that_send_at_the_same_moment_make_one_ticket(client: httpx.AsyncClient) -> None:
    order = await opened(client, PHO_AND_TEA)
    path = f"/sale-orders/{order['id']}/kitchen-tickets"

    answers = await asyncio.gather(*(client.post(path) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert "nothing-to-send" in [answer.json().get("code") for answer in answers]
    assert len((await client.get("/kitchen-tickets")).json()["items"]) == 1


async def test_if_match_names_the_ticket_for_taps_and_the_order_for_sending(client: httpx.AsyncClient) -> None:
    order = await opened(client, PHO_AND_TEA)
    path = f"/sale-orders/{order['id']}/kitchen-tickets"
    assert (await client.post(path, headers={"if-match": '"2"'})).status_code == 412
    ticket = (await client.post(path, headers={"if-match": '"1"'})).json()["tickets"][0]

    for stale in (item_path(ticket, "cook"), f"/kitchen-tickets/{ticket['id']}/rush"):
        assert (await client.post(stale, headers={"if-match": '"2"'})).status_code == 412
    cooked = await client.post(item_path(ticket, "cook"), headers={"if-match": '"1"'})
    assert (cooked.status_code, cooked.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize(
    ("item", "status", "told"),
    [
        ({"quantity": 0}, 400, "/items/0/quantity"),
        ({"quantity": -1}, 400, "/items/0/quantity"),
        ({"quantity": "0.00001"}, 400, "/items/0/quantity"),
        ({"quantity": True}, 400, "/items/0/quantity"),
        ({"course": ""}, 400, "/items/0/course"),
        ({"colour": 1}, 400, "/items/0/colour"),
        ({"stationId": "\u0000"}, 400, "/items/0/stationId"),
        ({"stationId": " "}, 400, "/items/0/stationId"),
        ({"saleOrderItemId": "\u200b"}, 400, "/items/0/saleOrderItemId"),
        ({"quantity": 3}, 409, "more-than-ordered"),
        ({"quantity": 3}, 409, "/items/0/quantity"),
        ({"saleOrderItemId": STRANGER}, 422, "/items/0/saleOrderItemId"),
        ({"saleOrderItemId": "x"}, 422, "/items/0/saleOrderItemId"),
    ],
)
async def test_what_cannot_be_sent_is_refused_where_it_is_said(
    client: httpx.AsyncClient, item: dict[str, Any], status: int, told: str
) -> None:
    order = await opened(client, PHO_AND_TEA)
    portion = {"saleOrderItemId": order["items"][0]["id"], "quantity": 1, **item}

    problem = await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", {"items": [portion]}, status=status)

    assert told in [error["pointer"] for error in problem.get("errors", [])] or told == problem["code"]
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order


async def test_illegal_steps_are_refused_with_status_and_action_and_change_nothing(client: httpx.AsyncClient) -> None:
    _, (ticket,) = await sent(client)
    for action in ("finish", "serve", "recall"):
        problem = await asked(client, item_path(ticket, action), status=409)
        assert problem["illegalTransition"] == {"status": "PENDING", "action": action}
    await asked(client, f"/kitchen-tickets/{ticket['id']}/void", {"reason": "a mouse"})
    for action in ("rush", "void"):
        body = {"reason": "again"} if action == "void" else {}
        problem = await asked(client, f"/kitchen-tickets/{ticket['id']}/{action}", body, status=409)
        assert problem["illegalTransition"] == {"status": "VOIDED", "action": action}
    assert (await client.get(f"/kitchen-tickets/{ticket['id']}")).json()["version"] == 2


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        *({"reason": reason} for reason in ("", 7, " ", "\u200b", "\u3000 \u00a0", "\u3164", "\u2800", "\ufe0f")),
        {"reason": "x", "color": 1},
    ],
)
async def test_nothing_is_voided_without_a_reason(client: httpx.AsyncClient, body: object) -> None:
    _, (ticket,) = await sent(client)
    for path in (item_path(ticket, "void"), f"/kitchen-tickets/{ticket['id']}/void"):
        (error,) = (await asked(client, path, body, status=400))["errors"]
        assert error["pointer"] in {"/reason", "/color"}
    for path in (item_path(ticket, "cook"), f"/kitchen-tickets/{ticket['id']}/rush"):
        await asked(client, path, {"color": 1}, status=400)
    assert (await client.get(f"/kitchen-tickets/{ticket['id']}")).json() == ticket


@pytest.mark.parametrize("thing", [STRANGER, "x", "%00", "0" * 5_000])
async def test_what_is_unknown_or_no_id_at_all_is_not_found(client: httpx.AsyncClient, thing: str) -> None:
    paths = [f"/kitchen-ticket-items/{thing}/{action}" for action in ITEM_ACTIONS]
    for path in [*paths, f"/kitchen-tickets/{thing}/void", f"/kitchen-tickets/{thing}/rush"]:
        body = {"reason": "x"} if path.endswith("void") else {}
        assert (await asked(client, path, body, status=404))["code"] == "not-found"
    assert (await client.get(f"/kitchen-tickets/{thing}")).status_code == 404
    await asked(client, f"/sale-orders/{thing}/kitchen-tickets", status=404)


async def test_another_merchants_kitchen_is_not_there_exactly_as_one_that_never_was(client: httpx.AsyncClient) -> None:
    order, (ticket,) = await sent(client)
    me, id_ = {**MINH, "x-request-id": "r"}, ticket["items"][0]["id"]
    for path in (
        f"/kitchen-tickets/{ticket['id']}/rush",
        f"/kitchen-ticket-items/{id_}/cook",
        f"/sale-orders/{order['id']}/kitchen-tickets",
    ):
        unknown = path.replace(ticket["id"], STRANGER).replace(id_, STRANGER).replace(order["id"], STRANGER)
        foreign = await client.post(path, headers=me)
        assert (foreign.status_code, foreign.content) == (404, (await client.post(unknown, headers=me)).content)
    assert (await client.get(f"/kitchen-tickets/{ticket['id']}", headers=MINH)).status_code == 404
    assert (await client.get(f"/kitchen-tickets/{ticket['id']}")).json() == ticket


@pytest.mark.parametrize("query", ["status=COOKED", "status=", "status=PENDING,", "limit=0", "cursor=x", "color=1"])
async def test_a_list_that_nobody_can_make_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/kitchen-tickets?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/query/{query.partition('=')[0]}")
