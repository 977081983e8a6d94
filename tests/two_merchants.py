"""Two merchants at one service over a real PostgreSQL, and a witness of what a request asks the database."""

import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx
import psycopg
import pytest

from sale_adapters.postgres.trips import Query, Trips
from sale_adapters.web.path_names import PATH_NAMES
from stack import served

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MINH = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2"}


@attrs.frozen(kw_only=True)
class TwoMerchants:
    """Lan of merchant-1, who asks, and what Minh of merchant-2 has.

    Attributes:
        lan: Speaks for Lan.
        ids: The id of a thing of Minh's for every path parameter.
        own: The same of Lan's.
        words: What Minh's things are called: none of it is for Lan.
        unit: A table that both have.
        sent: Every statement's SQL since the last look, a list a round trip.
    """

    lan: httpx.AsyncClient
    ids: Mapping[str, str]
    own: Mapping[str, str]
    words: frozenset[str]
    sent: list[list[bytes]]
    unit: str
    tables_url: str

    def look(self) -> list[list[bytes]]:
        """Return what was sent to the database, and begin anew."""
        seen = [*self.sent]
        self.sent.clear()
        return seen

    async def everything(self, *, but: str = "") -> str:
        """Return every row of every table as text, but those of one table."""
        async with await psycopg.AsyncConnection.connect(self.tables_url) as connection:
            names = await connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            )
            found = []
            for (name,) in await names.fetchall():
                if name != but:
                    rows = await connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')  # noqa: S608 - a table's own name
                    found.append(f"{name}: {await rows.fetchall()}")
        return "\n".join(found)


def unborn(identifier: str) -> str:
    """Return an id that nobody has, of the same shape and in the same bucket."""
    return "".join(secrets.choice(ALPHABET[:8]) for _ in identifier[:-2]) + identifier[-2:]


@asynccontextmanager
async def two_merchants(tables_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[TwoMerchants]:
    """Serve both, each with an order that has a line, a table, and a ticket in the kitchen."""
    sent: list[list[bytes]] = []
    send = Trips._sent

    async def witnessed(self: Trips, queries: tuple[Query, ...]) -> Any:  # noqa: ANN401 - psycopg's results
        sent.append([query.statement.sql for query in queries])
        return await send(self, queries)

    monkeypatch.setattr(Trips, "_sent", witnessed)
    unit = f"table-{secrets.token_hex(4)}"
    async with served(tables_url) as lan:
        own = await _things(lan, dict(lan.headers), channel="channel-vnd", note="ít hành", unit=unit)
        ids = await _things(lan, MINH, channel="channel-2", note="bí mật của Minh", unit=unit)
        assert ids.keys() == PATH_NAMES.keys(), "each has one of every kind of thing that a path names: see _things"
        sent.clear()
        words = frozenset({"merchant-2", "channel-2", "bí mật", "user-minh", *ids.values()})
        yield TwoMerchants(lan=lan, ids=ids, own=own, words=words, sent=sent, unit=unit, tables_url=tables_url)


async def _things(
    client: httpx.AsyncClient, headers: Mapping[str, str], *, channel: str, note: str, unit: str
) -> dict[str, str]:
    async def post(path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        answer = await client.post(path, content=json.dumps(body), headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    items = [{"itemId": "variant-pho", "quantity": 2, "note": note}]
    order = await post("/sale-orders", {"saleChannelId": channel, "items": items})
    usages = await post(f"/sale-orders/{order['id']}/allocations", {"unitIds": [unit], "zoneId": note})
    sent = await post(f"/sale-orders/{order['id']}/kitchen-tickets", {})
    (ticket,) = sent["tickets"]
    return {
        "orderId": order["id"],
        "itemId": order["items"][0]["id"],
        "usageId": usages["usages"][0]["id"],
        "ticketId": ticket["id"],
        "ticketItemId": ticket["items"][0]["id"],
    }
