"""What tests of the kitchen over HTTP begin with: an order of two phở bò and an iced tea, sent to its stations."""

from typing import Any

import httpx

from ordering_over_http import opened

PHO_AND_TEA: dict[str, Any] = {
    "saleChannelId": "channel-vnd",
    "items": [
        {"itemId": "variant-pho", "quantity": 2, "note": "no onion"},
        {"itemId": "variant-tra-da", "quantity": 1},
    ],
}
STATIONS: dict[str, Any] = {
    "stations": [
        {"id": "stove", "name": "Bếp", "itemIds": [], "categoryIds": ["category-mon-chinh"]},
        {"id": "bar", "name": "Quầy nước", "itemIds": ["variant-tra-da"], "categoryIds": []},
    ]
}


async def asked(client: httpx.AsyncClient, path: str, body: object = None, *, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
    """Post, expect a status, and return what was answered."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def sent(client: httpx.AsyncClient) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Open an order, send all of it, and return it as opened, with its tickets."""
    order = await opened(client, PHO_AND_TEA)
    answer = await asked(client, f"/sale-orders/{order['id']}/kitchen-tickets", status=201)
    tickets: list[dict[str, Any]] = answer["tickets"]
    return order, tickets


def item_path(ticket: dict[str, Any], action: str, *, place: int = 0) -> str:
    """Return where an action on a ticket's item is posted to."""
    return f"/kitchen-ticket-items/{ticket['items'][place]['id']}/{action}"
