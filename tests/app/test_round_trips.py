"""What each route costs in round trips to PostgreSQL, counted on the wire; one more fails (architecture §5).

The table in docs/explanation/performance.md is this test's: after a change that is meant, copy it from the failure.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from cooking_over_http import PHO_AND_TEA, STATIONS
from ordering_over_http import payment
from sale_adapters.web.operations import OPERATIONS
from stack import served
from wire_tap import WireTap

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"
MOST = 2
ASKED = [each for each in OPERATIONS if not each.name.startswith("operating.")]
"""All but what operators and documents are for: those are read once, or every few seconds."""

Trip = list[str]
Transaction = list[Trip]


@attrs.define(kw_only=True)
class Till:
    """A cashier whose requests are counted, by what they ask for."""

    http: httpx.AsyncClient
    tap: WireTap
    costs: dict[str, list[Trip]] = attrs.Factory(dict)

    async def ask(self, name: str, path: str, body: object = None, *, key: str | None = None, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
        """Ask for an operation, and note what it says to PostgreSQL."""
        (operation,) = (each for each in OPERATIONS if each.name == name)
        before = len(self._said())
        headers = {} if key is None else {"idempotency-key": key}
        answer = await self.http.request(operation.method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        keyed = "" if key is None else ", with an Idempotency-Key"
        self.costs[f"`{operation.method} {operation.path}`{keyed}"] = self._said()[before:]
        return answer.json() if "json" in answer.headers["content-type"] else None

    def _said(self) -> list[Trip]:
        (client,) = self.tap.clients
        return client.trips


@pytest.fixture
async def till(tables_url: str) -> AsyncGenerator[Till]:
    """Yield a till over one connection, which is there already."""
    async with WireTap(tables_url) as tap, served(tap.url, connections=1) as client:
        (await client.get("/sale-orders")).raise_for_status()
        yield Till(http=client, tap=tap)


async def test_every_route_takes_as_many_round_trips_as_the_documentation_says(till: Till) -> None:
    await _ordered(till)
    await _cooked(till)
    await _seated(till)
    await _look_around(till)
    costs = till.costs

    assert {name.partition(",")[0] for name in costs} == {f"`{each.method} {each.path}`" for each in ASKED}
    for name, trips in costs.items():
        for transaction in _transactions(trips):
            assert len(transaction) <= MOST, name
            assert transaction[-1][-1] == "COMMIT", f"{name} begins what nothing ends"
    table = _table(costs)
    assert table in PAGE.read_text(), f"docs/explanation/performance.md has another table than this:\n\n{table}"


async def _look_around(till: Till) -> None:
    for name in ("orders.find", "payments.unallocated", "kitchen.find", "allocations.find"):
        (operation,) = (each for each in OPERATIONS if each.name == name)
        await till.ask(name, operation.path)


async def _ordered(till: Till) -> None:
    """Sell two phở and a tea, change one's mind in every way, and pay in two parts."""
    order = await till.ask("orders.create", "/sale-orders", PHO_AND_TEA, status=201)
    path = f"/sale-orders/{order['id']}"
    items, first = f"{path}/items", order["items"][0]["id"]
    await till.ask("orders.add_item", items, {"itemId": "variant-banh-mi"}, status=201)
    await till.ask("orders.add_item", items, {"itemId": "variant-tra-da"}, key="till-4-0001", status=201)
    await till.ask("orders.change_item", f"{items}/{first}", {"quantity": 3})
    await till.ask("orders.remove_item", f"{items}/{first}")
    await till.ask("orders.preview_prices", f"{path}/pricing-preview")
    await till.ask("orders.check_out", f"{path}/checkout", {})
    await till.ask("orders.revert", f"{path}/revert", {"reason": "one more bowl"})
    await till.ask("orders.find_by_id", path)
    await till.ask("orders.history", f"{path}/history")
    await till.ask("orders.remove_all_items", items)
    await till.ask("orders.cancel", f"{path}/cancel", {"reason": "the guests have left"})
    another = await till.ask("orders.create", "/sale-orders", PHO_AND_TEA, status=201)
    await till.ask("orders.check_out", f"/sale-orders/{another['id']}/checkout", {})
    await till.ask("payments.receive", "/webhooks/payment", payment(another["id"], 1_000))


async def _cooked(till: Till) -> None:
    await till.ask("kitchen.stations", "/kitchen-stations")
    await till.ask("kitchen.replace_stations", "/kitchen-stations", STATIONS)
    order = await till.ask("orders.create", "/sale-orders", PHO_AND_TEA, status=201)
    path = f"/sale-orders/{order['id']}/kitchen-tickets"
    soup, tea = (await till.ask("kitchen.send", path, {}, status=201))["tickets"]
    for action in ("cook", "finish", "recall"):
        await till.ask(f"kitchen.{action}", f"/kitchen-ticket-items/{soup['items'][0]['id']}/{action}", {})
    await till.ask("kitchen.finish", f"/kitchen-ticket-items/{soup['items'][0]['id']}/finish", {})
    await till.ask("kitchen.serve", f"/kitchen-ticket-items/{soup['items'][0]['id']}/serve", {})
    await till.ask("kitchen.find_by_id", f"/kitchen-tickets/{tea['id']}")
    await till.ask("kitchen.rush", f"/kitchen-tickets/{tea['id']}/rush", {})
    await till.ask("kitchen.void_item", f"/kitchen-ticket-items/{tea['items'][0]['id']}/void", {"reason": "spilt"})
    more = await till.ask("orders.create", "/sale-orders", PHO_AND_TEA, status=201)
    tickets = await till.ask("kitchen.send", f"/sale-orders/{more['id']}/kitchen-tickets", {}, status=201)
    await till.ask("kitchen.void", f"/kitchen-tickets/{tickets['tickets'][0]['id']}/void", {"reason": "it fell"})


async def _seated(till: Till) -> None:
    order = await till.ask("orders.create", "/sale-orders", PHO_AND_TEA, status=201)
    wanted = {"unitIds": ["table-4", "table-5"]}
    taken = await till.ask("allocations.allocate", f"/sale-orders/{order['id']}/allocations", wanted, status=201)
    first, second = (f"/allocation-usages/{usage['id']}" for usage in taken["usages"])
    await till.ask("allocations.move", f"{first}/move", {"unitId": "table-6"})
    await till.ask("allocations.complete", f"{second}/complete", {})
    other = {"unitIds": ["table-7"]}
    taken = await till.ask("allocations.allocate", f"/sale-orders/{order['id']}/allocations", other, status=201)
    await till.ask("allocations.cancel", f"/allocation-usages/{taken['usages'][0]['id']}/cancel", {})


def _transactions(trips: Iterable[Trip]) -> list[Transaction]:
    """Return round trips by the transaction that each belongs to; what is in none is not among them."""
    number, found = 0, list[tuple[int, Trip]]()
    for trip in trips:
        number += any(said.startswith("BEGIN") for said in trip)
        found.append((number, trip))
    return [[trip for _, trip in group] for n, group in groupby(found, key=lambda each: each[0]) if n]


def _table(costs: dict[str, list[Trip]]) -> str:
    head = "| route | round trips | statements in each |\n| --- | --- | --- |\n"
    rows = (f"| {name} | {len(trips)} | {_statements(trips)} |\n" for name, trips in _in_order(costs))
    return head + "".join(rows)


def _in_order(costs: dict[str, list[Trip]]) -> list[tuple[str, list[Trip]]]:
    places = {f"`{each.method} {each.path}`": n for n, each in enumerate(OPERATIONS)}
    return sorted(costs.items(), key=lambda cost: (places[cost[0].partition(",")[0]], cost[0]))


def _statements(trips: Sequence[Trip]) -> str:
    """Return how many statements each trip has beside BEGIN and COMMIT; a semicolon stands between transactions."""
    told = [
        " + ".join(str(sum(not said.startswith(("BEGIN", "COMMIT")) for said in trip)) for trip in each)
        for each in _transactions(trips)
    ]
    return "; ".join(told)
