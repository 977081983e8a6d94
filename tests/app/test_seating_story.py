"""An evening at the tables over HTTP and PostgreSQL, told by chance: what is seen of it is what a small model says."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import httpx
import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ordering_over_http import TWO_PHO, payment
from sale_adapters.memory import ManualClock
from sale_adapters.postgres import Database, PostgresAllocationUsages, PostgresInbox, PostgresOrders
from sale_adapters.system import UlidIds
from sale_domain.ids import BUCKETS
from sale_domain.use_cases.parts import StoreParts
from sale_domain.use_cases.seating import sweep_expired
from seating_model import Entry, SeatingModel
from stack import served

TABLES = st.sampled_from(["table-1", "table-2", "table-3"])
ORDERS = st.integers(0, 1)
PLACES = st.integers(0, 99)
DUE = st.none() | st.integers(-1, 30)

_evenings = count(1)


class SeatingStory(RuleBasedStateMachine):
    """Two orders, three tables, a waiter, mq-pay and the relay's sweep."""

    database_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.service = AsyncExitStack()
        self.clock = ManualClock()
        self.database: Database = self._entered(Database(self.database_url, connections=1))
        self.client: httpx.AsyncClient = self._entered(served(self.database_url, connections=1, clock=self.clock))
        self.outside = psycopg.connect(self.database_url, autocommit=True)
        self.house = f"house-{next(_evenings)}-"
        self.model = SeatingModel()
        self.orders: list[str] = []
        self.usages: list[str] = []
        self.keys = 0

    def teardown(self) -> None:
        for usage in list(self.model.taken.values()):
            self._ask(f"/allocation-usages/{self.usages[usage]}/complete", {}, expected=200)
        self.loop.run(self.service.aclose())
        self.loop.close()
        self.outside.close()

    @initialize()
    def open(self) -> None:
        for _ in range(2):
            self.orders.append(self._ask("/sale-orders", TWO_PHO, expected=201)["id"])
            self.model.open()

    @rule(order=ORDERS, names=st.lists(TABLES, min_size=1, max_size=3), due=DUE, repeats=st.integers(1, 2))
    def allocate(self, order: int, names: list[str], due: int | None, repeats: int) -> None:
        until = None if due is None else self.model.minute + due
        body: dict[str, Any] = {"unitIds": [self.house + name for name in names]}
        if until is not None:
            body["reservedTo"] = f"2026-01-05T{7 + (30 + until) // 60:02}:{(30 + until) % 60:02}:00Z"
        expected = self.model.allocate(order, names, until)
        self.keys += 1
        for _ in range(repeats):
            path, key = f"/sale-orders/{self.orders[order]}/allocations", f"{self.house}{self.keys}"
            answer = self._ask(path, body, expected=expected, key=key)
        if expected == 201:
            assert [usage["unitId"] for usage in answer["usages"]] == body["unitIds"]
            self.usages += [usage["id"] for usage in answer["usages"]]

    @precondition(lambda self: self.usages)
    @rule(place=PLACES, end=st.sampled_from([("complete", "SUCCESS"), ("cancel", "CANCELLED")]))
    def end(self, place: int, end: tuple[str, str]) -> None:
        n = place % len(self.usages)
        self._ask(f"/allocation-usages/{self.usages[n]}/{end[0]}", {}, expected=self.model.end(n, end[1]))

    @precondition(lambda self: self.usages)
    @rule(place=PLACES, to=TABLES)
    def move(self, place: int, to: str) -> None:
        n = place % len(self.usages)
        path, body = f"/allocation-usages/{self.usages[n]}/move", {"unitId": self.house + to}
        self._ask(path, body, expected=self.model.move(n, to))

    @precondition(lambda self: self.usages)
    @rule(place=PLACES)
    def move_with_a_stale_version(self, place: int) -> None:
        n = place % len(self.usages)
        headers = {"if-match": f'"{self.model.usages[n].version + 1}"'}
        path, body = f"/allocation-usages/{self.usages[n]}/move", {"unitId": self.house + "table-1"}
        assert self.loop.run(self._sent("POST", path, body, headers)).status_code == 412

    @rule(passed=st.integers(1, 20))
    def wait_and_sweep(self, passed: int) -> None:
        self.model.minute += passed
        self.clock.advance(60 * passed)
        self.model.expire()
        parts = StoreParts(
            orders=PostgresOrders(self.database),
            inbox=PostgresInbox(self.database),
            usages=PostgresAllocationUsages(self.database),
            clock=self.clock,
            ids=UlidIds(),
        )
        assert self.loop.run(sweep_expired(parts, range(BUCKETS))).failed == ()

    @rule(order=ORDERS)
    def check_out(self, order: int) -> None:
        self._ask(f"/sale-orders/{self.orders[order]}/checkout", {}, expected=self.model.check_out(order))

    @rule(order=ORDERS, amount=st.sampled_from([5_000, 130_000]))
    def pay(self, order: int, amount: int) -> None:
        self.keys += 1
        self._ask("/webhooks/payment", payment(self.orders[order], amount, uid=f"attempt-{self.keys}"), expected=200)
        self.model.pay(order, amount)

    @rule(order=ORDERS, really=st.sampled_from([True, False, False, False]))
    def cancel_order(self, order: int, *, really: bool) -> None:
        if really:
            path, body = f"/sale-orders/{self.orders[order]}/cancel", {"reason": "a storm"}
            self._ask(path, body, expected=self.model.cancel(order))

    @invariant()
    def the_floor_agrees(self) -> None:
        answer = self.loop.run(self._sent("GET", "/allocation-usages?limit=200", None, {}))
        mine = [usage for usage in answer.json()["items"] if usage["id"] in self.usages]
        seen = {usage["unitId"].removeprefix(self.house): self.usages.index(usage["id"]) for usage in mine}
        assert len(seen) == len(mine), "a unit has at most one ACTIVE usage"
        assert seen == self.model.taken
        for order_id, order in zip(self.orders, self.model.orders, strict=True):
            found = self.loop.run(self._sent("GET", f"/sale-orders/{order_id}", None, {})).json()
            assert (found["status"], found["version"]) == (order.status, order.version)

    @invariant()
    def the_rows_agree(self) -> None:
        rows = self.outside.execute(
            "SELECT id, unit_id, status, version FROM allocation_usages WHERE order_id = ANY(%s)", (self.orders,)
        )
        seen = {usage_id: (unit.removeprefix(self.house), *rest) for usage_id, unit, *rest in rows}
        expected = [(usage.unit, usage.status, usage.version) for usage in self.model.usages]
        assert seen == dict(zip(self.usages, expected, strict=True))

    @invariant()
    def every_transition_was_told_once(self) -> None:
        rows = self.outside.execute(
            "SELECT thing_id, action, from_status, status, version, data ->> 'unitId' FROM history "
            "WHERE order_id = ANY(%s) AND thing_id <> order_id ORDER BY n",
            (self.orders,),
        )
        told = [
            Entry(self.usages.index(usage_id), action, came_from, to, version, unit.removeprefix(self.house))
            for usage_id, action, came_from, to, version, unit in rows
        ]
        assert sorted(told, key=_by_usage) == sorted(self.model.told, key=_by_usage)

    def _entered(self, context: Any) -> Any:  # noqa: ANN401 - whatever it manages
        return self.loop.run(self.service.enter_async_context(context))

    def _ask(self, path: str, body: object, *, expected: int, key: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        answer = self.loop.run(self._sent("POST", path, body, {"idempotency-key": key} if key else {}))
        assert answer.status_code == expected, f"{path}: {answer.text}"
        return answer.json()

    async def _sent(self, method: str, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=headers)


def _by_usage(entry: Entry) -> tuple[int, int]:
    return entry.usage, entry.version


def test_every_evening_at_the_tables_goes_as_the_model_says(tables_url: str) -> None:
    told = type("ToldEvening", (SeatingStory,), {"database_url": tables_url})
    run_state_machine_as_test(
        told,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
