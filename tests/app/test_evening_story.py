"""A whole evening over HTTP and PostgreSQL, told by chance to two replicas: it ends as a small model says."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import attrs
import httpx
import psycopg
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from evening_story import EveningStory, SeenItem, SeenLine, SeenOrder, SeenTicket, SeenUsage
from house_model import UsageEntry
from kitchen_model import KitchenEvent
from order_model import Entry, Event, Fact
from sale_adapters.memory import ManualClock
from sale_adapters.postgres import Database, PostgresAllocationUsages, PostgresInbox, PostgresOrders
from sale_adapters.system import UlidIds
from sale_adapters.wire import json
from sale_domain.ids import BUCKETS
from sale_domain.use_cases.parts import StoreParts
from sale_domain.use_cases.seating import sweep_expired
from stack import served

T = TypeVar("T")

_evenings = count(1)


@attrs.frozen
class House:
    """What all evenings share: a database, two replicas that serve it, the relay's sweep, and a look from outside."""

    loop: asyncio.Runner
    clock: ManualClock
    replicas: tuple[httpx.AsyncClient, ...]
    sweep: StoreParts
    outside: psycopg.Connection[Any]

    def run(self, work: Awaitable[T]) -> T:
        """Do something asynchronous now."""

        async def done() -> T:
            return await work

        return self.loop.run(done())


@contextmanager
def a_house(database_url: str) -> Iterator[House]:
    with asyncio.Runner() as loop, psycopg.connect(database_url, autocommit=True) as outside:
        stack, clock = AsyncExitStack(), ManualClock()

        async def built() -> House:
            database = await stack.enter_async_context(Database(database_url, connections=1))
            replicas = [
                await stack.enter_async_context(served(database_url, connections=1, clock=clock)) for _ in range(2)
            ]
            sweep = StoreParts(
                orders=PostgresOrders(database),
                inbox=PostgresInbox(database),
                usages=PostgresAllocationUsages(database),
                clock=clock,
                ids=UlidIds(),
            )
            return House(loop, clock, tuple(replicas), sweep, outside)

        try:
            yield loop.run(built())
        finally:
            loop.run(stack.aclose())


class HttpShop:
    """Every command as a request: now to one replica, now to the other, and often twice with the same key."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.name = f"evening-{next(_evenings)}-"
        self.opened_at = house.clock.now()
        self.orders: list[str] = []
        self.tickets: list[list[str]] = []
        self.items: list[list[str]] = []
        self.usage_ids: list[str] = []
        self.commands = self.requests = 0

    def open(self, items: list[tuple[str, int]]) -> None:
        wanted = [{"itemId": item, "quantity": quantity} for item, quantity in items]
        code, order = self._post("/sale-orders", {"saleChannelId": "channel-vnd", "items": wanted})
        assert code == 201
        self.orders.append(order["id"])
        self.tickets.append([])
        self.items.append([])

    def add(self, order: int, item: str, quantity: int, note: str | None) -> int:
        body = {"itemId": item, "quantity": quantity, **({"note": note} if note else {})}
        return self._post(f"{self._path(order)}/items", body)[0]

    def change(self, order: int, place: int, quantity: int) -> int:
        path = f"{self._path(order)}/items/{self._line_id(order, place)}"
        if quantity:
            return self._changed("PATCH", path, {"quantity": quantity})[0]
        return self._changed("DELETE", path, None)[0]

    def clear(self, order: int) -> int:
        return self._changed("DELETE", f"{self._path(order)}/items", None)[0]

    def check_out(self, order: int) -> int:
        return self._post(f"{self._path(order)}/checkout")[0]

    def revert(self, order: int) -> int:
        return self._post(f"{self._path(order)}/revert")[0]

    def cancel(self, order: int) -> int:
        return self._post(f"{self._path(order)}/cancel", {"reason": "a storm"})[0]

    def send(self, order: int, place: int | None, quantity: int) -> int:
        body: dict[str, Any] = {}
        if place is not None:
            body["items"] = [{"saleOrderItemId": self._line_id(order, place), "quantity": quantity}]
        code, answer = self._post(f"{self._path(order)}/kitchen-tickets", body)
        for ticket in answer["tickets"] if code == 201 else ():
            self.tickets[order].append(ticket["id"])
            self.items[order] += [item["id"] for item in ticket["items"]]
        return code

    def tap(self, order: int, item: int, action: str) -> int:
        body = {"reason": "dropped"} if action == "void" else {}
        return self._post(f"/kitchen-ticket-items/{self.items[order][item]}/{action}", body)[0]

    def rush(self, order: int, ticket: int) -> int:
        return self._post(f"/kitchen-tickets/{self.tickets[order][ticket]}/rush")[0]

    def void(self, order: int, ticket: int) -> int:
        return self._post(f"/kitchen-tickets/{self.tickets[order][ticket]}/void", {"reason": "a mouse"})[0]

    def allocate(self, order: int, units: list[str], due: int | None) -> int:
        body: dict[str, Any] = {"unitIds": [self.name + unit for unit in units]}
        if due is not None:
            body["reservedTo"] = (self.opened_at + timedelta(minutes=due)).isoformat()
        code, answer = self._post(f"{self._path(order)}/allocations", body)
        if code == 201:
            assert [usage["unitId"] for usage in answer["usages"]] == body["unitIds"]
            self.usage_ids += [usage["id"] for usage in answer["usages"]]
        return code

    def end(self, usage: int, action: str) -> int:
        return self._post(f"/allocation-usages/{self.usage_ids[usage]}/{action}")[0]

    def move(self, usage: int, unit: str) -> int:
        return self._post(f"/allocation-usages/{self.usage_ids[usage]}/move", {"unitId": self.name + unit})[0]

    def pay(self, order: int, fact: Fact) -> str:
        code, answer = self._asked("POST", "/webhooks/payment", _webhook(self.orders[order], fact))
        assert code == 200
        return str(answer["outcome"])

    def wait_and_sweep(self, passed: int) -> None:
        self.house.clock.advance(60 * passed)
        assert self.house.run(sweep_expired(self.house.sweep, range(BUCKETS))).failed == ()

    def seen(self, order: int) -> SeenOrder:
        _, seen = self._asked("GET", self._path(order))
        assert seen["unallocated"] == seen["received"] - seen["paid"]
        assert seen["isFullyPaid"] is (seen["status"] == "COMPLETED")
        return SeenOrder(
            status=seen["status"],
            version=seen["version"],
            total=seen["total"],
            received=seen["received"],
            paid=seen["paid"],
            lines=[
                SeenLine(line["itemId"], line["note"], line["quantity"], line["sentQuantity"]) for line in seen["items"]
            ],
            history=self._history(order),
            events=self._events(order),
            tickets=self._tickets(order),
        )

    def usages(self) -> list[SeenUsage]:
        rows = self.house.outside.execute(
            "SELECT id, unit_id, status, version FROM allocation_usages WHERE order_id = ANY(%s)", (self.orders,)
        )
        known = {usage_id: SeenUsage(unit.removeprefix(self.name), *rest) for usage_id, unit, *rest in rows}
        seen = [known.pop(usage_id) for usage_id in self.usage_ids]
        assert not known
        _, floor = self._asked("GET", "/allocation-usages?limit=200")
        active = {usage["id"] for usage in floor["items"]} & set(self.usage_ids)
        assert active == {
            usage_id for usage_id, usage in zip(self.usage_ids, seen, strict=True) if usage.status == "ACTIVE"
        }
        return seen

    def usages_told(self) -> list[UsageEntry]:
        rows = self.house.outside.execute(
            "SELECT thing_id, action, from_status, status, version, data ->> 'unitId' FROM history"
            " WHERE order_id = ANY(%s) AND thing_id = ANY(%s)",
            (self.orders, self.usage_ids),
        )
        return [
            UsageEntry(self.usage_ids.index(usage_id), action, came_from, to, version, unit.removeprefix(self.name))
            for usage_id, action, came_from, to, version, unit in rows
        ]

    def close(self) -> None:
        """Leave no table taken for the next evening."""
        for usage_id in self.usage_ids:
            self._asked("POST", f"/allocation-usages/{usage_id}/complete", {})

    def _path(self, order: int) -> str:
        return f"/sale-orders/{self.orders[order]}"

    def _line_id(self, order: int, place: int) -> str:
        return str(self._asked("GET", self._path(order))[1]["items"][place]["id"])

    def _history(self, order: int) -> list[Entry]:
        rows = self._asked("GET", f"{self._path(order)}/history")[1]["items"]
        assert [row["n"] for row in rows] == sorted({row["n"] for row in rows})
        return [Entry(row["action"], row.get("from"), row["to"], row["version"], row.get("transition")) for row in rows]

    def _events(self, order: int) -> list[Event | KitchenEvent]:
        rows = self.house.outside.execute(
            "SELECT seq, payload FROM outbox WHERE order_id = %s ORDER BY seq", (self.orders[order],)
        ).fetchall()
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        return [self._event(order, json.read(payload.encode())) for _, payload in rows]

    def _event(self, order: int, told: Any) -> Event | KitchenEvent:  # noqa: ANN401 - any JSON
        if "kitchenTicketItemId" in told:
            item = self.items[order].index(told["kitchenTicketItemId"])
            return KitchenEvent(item, told["previousStatus"], told["status"])
        uids = frozenset(attempt["uid"] for attempt in told["payment"]["attempts"])
        before, after = told["previousSaleOrderStatus"], told["saleOrderStatus"]
        return Event(told["transition"], before, after, told["payment"]["paid"], uids)

    def _tickets(self, order: int) -> list[SeenTicket]:
        told = self.house.outside.execute(
            "SELECT thing_id, version FROM history WHERE order_id = %s ORDER BY n", (self.orders[order],)
        ).fetchall()
        found = []
        for ticket_id in self.tickets[order]:
            _, ticket = self._asked("GET", f"/kitchen-tickets/{ticket_id}")
            items = [
                SeenItem(
                    self.items[order].index(each["id"]), each["itemId"], each["note"], each["quantity"], each["status"]
                )
                for each in ticket["items"]
            ]
            versions = [version for thing_id, version in told if thing_id == ticket_id]
            flags = ticket["rush"], ticket["orderCancelled"]
            found.append(SeenTicket(ticket["status"], ticket["version"], versions, *flags, items))
        return found

    def _post(self, path: str, body: object = None) -> tuple[int, Any]:
        """Post with a key of its own; every second time the answer gets lost, and another replica is asked again."""
        headers = {"idempotency-key": f"{self.name}{self.commands}"}
        code, answer = self._changed("POST", path, body or {}, headers)
        if self.commands % 2:
            assert self._asked("POST", path, body or {}, headers) == (code, answer)
        return code, answer

    def _changed(self, method: str, path: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Change something; every fifth time somebody tries it before who has seen another version."""
        self.commands += 1
        stale = 412
        if self.commands % 5 == 0:
            stale, _ = self._asked(method, path, body, {"if-match": '"999"'})
        code, answer = self._asked(method, path, body, headers or {})
        assert stale == 412 or code >= 400
        return code, answer

    def _asked(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        self.requests += 1
        replica = self.house.replicas[self.requests % 2]
        answer = self.house.run(replica.request(method, path, json=body, headers=headers or {}))
        assert answer.status_code < 500, f"{method} {path}: {answer.text}"
        form = json.read(answer.content)
        if isinstance(form, dict):
            form.pop("requestId", None)
        return answer.status_code, form


def _webhook(order_id: str, fact: Fact) -> dict[str, Any]:
    source = {"sourceType": "SaleOrder", "sourceId": order_id}
    payload: dict[str, Any] = {"timestamp": "2026-01-05T07:30:00Z"}
    if fact.transaction:
        figures = {"total": fact.amount, "paid": fact.amount}
        payload["transaction"] = {"id": fact.transaction, "uid": fact.transaction, "status": "?", **figures, **source}
    if fact.attempt:
        payload["attempt"] = {
            "id": fact.attempt,
            "uid": fact.attempt,
            "status": "?",
            "amount": fact.amount,
            "paymentProvider": "CASH",
            "metadata": {"source": {"id": order_id, "uid": order_id, "type": "SaleOrder"}},
        }
    event_type = "mq-pay:transaction.settled" if fact.kind == "settled" else f"mq-pay:attempt.{fact.kind}"
    return {"eventType": event_type, "timestamp": 1767598200000, "payload": payload}


def test_every_evening_over_http_on_postgresql_goes_as_the_model_says(tables_url: str) -> None:
    with a_house(tables_url) as house:

        class EveningOverHttp(EveningStory):
            def __init__(self) -> None:
                super().__init__()
                self.shop = HttpShop(house)

        run_state_machine_as_test(
            EveningOverHttp,
            settings=settings(
                max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
