"""A merchant's kitchen stations over HTTP: how they are kept, and what may be sent where (contract §9)."""

import httpx
import pytest

from cooking_over_http import PHO_AND_TEA, STATIONS, asked
from ordering_over_http import opened

MINH = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2"}


async def test_nothing_is_sent_to_a_station_that_the_merchant_has_not(client: httpx.AsyncClient) -> None:
    await client.put("/kitchen-stations", json=STATIONS)
    order = await opened(client, PHO_AND_TEA)
    portions = [{"saleOrderItemId": line["id"], "quantity": 1, "stationId": "bar"} for line in order["items"]]
    portions[1]["stationId"] = "roof"
    path = f"/sale-orders/{order['id']}/kitchen-tickets"

    refused = await asked(client, path, {"items": portions}, status=422)

    assert (refused["code"], [error["pointer"] for error in refused["errors"]]) == (
        "not-sendable",
        ["/items/1/stationId"],
    )
    assert (await client.get(f"/sale-orders/{order['id']}")).json() == order
    (ticket,) = (await asked(client, path, {"items": portions[:1]}, status=201))["tickets"]
    assert ticket["stationId"] == "bar"


async def test_stations_are_set_at_once_with_a_version_of_their_own(client: httpx.AsyncClient) -> None:
    none = await client.get("/kitchen-stations")
    assert (none.json(), none.headers["etag"]) == ({"stations": []}, '"0"')

    first = await client.put("/kitchen-stations", json=STATIONS, headers={"if-match": '"0"'})
    same = await client.put("/kitchen-stations", json=STATIONS)
    stale = await client.put("/kitchen-stations", json={"stations": []}, headers={"if-match": '"0"'})

    assert (first.status_code, first.json(), first.headers["etag"]) == (200, STATIONS, '"1"')
    assert (same.headers["etag"], stale.status_code) == ('"1"', 412)
    seen = await client.get("/kitchen-stations")
    assert (seen.json(), seen.headers["etag"]) == (STATIONS, '"1"')
    assert (await client.get("/kitchen-stations", headers=MINH)).json() == {"stations": []}


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 400, "/stations"),
        ({"stations": [{"id": "a"}]}, 400, "/stations/0/name"),
        ({"stations": [{"id": "\u200b", "name": "A"}]}, 400, "/stations/0/id"),
        ({"stations": [{"id": "a", "name": "A", "itemIds": [7]}]}, 400, "/stations/0/itemIds/0"),
        ({"stations": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]}, 422, "/stations/1/id"),
        (
            {"stations": [{"id": "a", "name": "A", "itemIds": ["x"]}, {"id": "b", "name": "B", "itemIds": ["x"]}]},
            422,
            "/stations/1/itemIds/0",
        ),
    ],
)
async def test_stations_that_say_nothing_or_two_things_are_refused(
    client: httpx.AsyncClient, body: object, status: int, pointer: str
) -> None:
    answer = await client.put("/kitchen-stations", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    assert (await client.get("/kitchen-stations")).headers["etag"] == '"0"'
