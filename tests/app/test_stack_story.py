"""Any story, told over HTTP to a Sale on a real PostgreSQL, ends as a small model says (contract §5, §6)."""

import asyncio
from contextlib import AsyncExitStack
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

from kitchen_model import KitchenEvent
from order_model import PRICES, Entry, Event, Fact, ModelOrder
from sale_adapters.wire import json
from stack import served

ITEMS = st.sampled_from(sorted(PRICES))
QUANTITIES = st.integers(1, 3)
NOTES = st.sampled_from([None, "no onion"])
AMOUNTS = st.sampled_from([1, 5_000, 30_000, 65_000, 200_000])
ATTEMPTS = st.builds(
    Fact,
    st.sampled_from(["success", "success", "success", "failed"]),
    st.sampled_from(["at-1", "at-2", "at-3"]),
    st.sampled_from([None, "tx-1", "tx-2"]),
    AMOUNTS,
)
SETTLED = st.builds(Fact, st.just("settled"), st.none(), st.sampled_from(["tx-1", "tx-2"]), AMOUNTS)
PLACES = st.integers(0, 9)


class Story(RuleBasedStateMachine):
    """One order, told about in all ways at once: by a cashier and by mq-pay."""

    database_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.service = AsyncExitStack()
        self.client: httpx.AsyncClient = self._started()
        self.model = ModelOrder()
        self.path = self.id = ""
        self.keys = 0
        self.tickets: list[str] = []
        self.items: list[str] = []
        self.outside = psycopg.connect(self.database_url, autocommit=True)

    def teardown(self) -> None:
        self.loop.run(self.service.aclose())
        self.loop.close()
        self.outside.close()

    @initialize(items=st.lists(st.tuples(ITEMS, QUANTITIES), max_size=2))
    def open(self, items: list[tuple[str, int]]) -> None:
        body = {"saleChannelId": "channel-vnd", "items": [{"itemId": i, "quantity": q} for i, q in items]}
        order = self._ask("POST", "/sale-orders", body, expected=201)
        self.id = str(order["id"])
        self.path = f"/sale-orders/{self.id}"
        self.model.create(items)

    @rule(item=ITEMS, quantity=QUANTITIES, note=NOTES, repeats=st.integers(1, 2))
    def add(self, item: str, quantity: int, note: str | None, repeats: int) -> None:
        body = {"itemId": item, "quantity": quantity, **({"note": note} if note else {})}
        expected = self.model.add(item, quantity, note)
        self.keys += 1
        for _ in range(repeats):
            self._ask("POST", f"{self.path}/items", body, expected=expected, key=f"{self.id}-{self.keys}")

    @precondition(lambda self: self.model.lines)
    @rule(place=PLACES, quantity=st.integers(0, 4))
    def change(self, place: int, quantity: int) -> None:
        place %= len(self.model.lines)
        line_id = self._line_id(place)
        expected = self.model.change(place, quantity)
        self._ask("PATCH", f"{self.path}/items/{line_id}", {"quantity": quantity}, expected=expected)

    @precondition(lambda self: self.model.lines)
    @rule(place=PLACES)
    def remove(self, place: int) -> None:
        place %= len(self.model.lines)
        line_id = self._line_id(place)
        self._ask("DELETE", f"{self.path}/items/{line_id}", expected=self.model.change(place, 0))

    @rule()
    def clear(self) -> None:
        self._ask("DELETE", f"{self.path}/items", expected=self.model.clear())

    @rule()
    def check_out(self) -> None:
        self._ask("POST", f"{self.path}/checkout", {}, expected=self.model.check_out())

    @rule()
    def revert(self) -> None:
        self._ask("POST", f"{self.path}/revert", {}, expected=self.model.revert())

    @rule(place=st.none() | PLACES, quantity=QUANTITIES, repeats=st.integers(1, 2))
    def send(self, place: int | None, quantity: int, repeats: int) -> None:
        if place is not None and not self.model.lines:
            return
        place = None if place is None else place % len(self.model.lines)
        portion = {} if place is None else {"saleOrderItemId": self._line_id(place), "quantity": quantity}
        expected = self.model.send(place, quantity)
        self.keys += 1
        for _ in range(repeats):
            path, body = f"{self.path}/kitchen-tickets", {"items": [portion]} if portion else {}
            answer = self._ask("POST", path, body, expected=expected, key=f"{self.id}-{self.keys}")
        if expected == 201:
            (ticket,) = answer["tickets"]
            self.tickets.append(ticket["id"])
            self.items += [item["id"] for item in ticket["items"]]

    @precondition(lambda self: self.items)
    @rule(place=PLACES, action=st.sampled_from(["cook", "cook", "finish", "finish", "serve", "recall", "void"]))
    def tap(self, place: int, action: str) -> None:
        place = len(self.items) - 1 - place % len(self.items)
        expected = self.model.act(place, action)
        body = {"reason": "dropped"} if action == "void" else {}
        self._ask("POST", f"/kitchen-ticket-items/{self.items[place]}/{action}", body, expected=expected)

    @precondition(lambda self: self.tickets)
    @rule(place=PLACES, rush=st.booleans())
    def void_or_rush_a_ticket(self, place: int, *, rush: bool) -> None:
        place %= len(self.tickets)
        path = f"/kitchen-tickets/{self.tickets[place]}"
        if rush:
            self._ask("POST", f"{path}/rush", {}, expected=self.model.kitchen.rush(place))
        else:
            self._ask("POST", f"{path}/void", {"reason": "a mouse"}, expected=self.model.void_ticket(place))

    @precondition(lambda self: self.model.version > 4)
    @rule()
    def cancel(self) -> None:
        self._ask("POST", f"{self.path}/cancel", {"reason": "the guest has left"}, expected=self.model.cancel())

    @rule(fact=ATTEMPTS | SETTLED)
    def pay(self, fact: Fact) -> None:
        self._tell(fact)

    @precondition(lambda self: self.model.total)
    @rule(first=st.integers(1, 99), name=st.sampled_from(["at-8", "at-9"]))
    def pay_a_part(self, first: int, name: str) -> None:
        assert self.model.total is not None
        self._tell(Fact("success", name, None, self.model.total * first // 100))

    @precondition(lambda self: self.model.total)
    @rule()
    def pay_the_rest(self) -> None:
        assert self.model.total is not None
        rest = max(1, self.model.total - self.model.received)
        self._tell(Fact("success", f"rest-{len(self.model.facts)}", None, rest))

    @precondition(lambda self: self.model.facts)
    @rule(chance=st.randoms(use_true_random=False))
    def mq_pay_repeats_everything_in_another_order(self, chance: Any) -> None:  # noqa: ANN401 - hypothesis' own random
        facts = list(self.model.facts)
        chance.shuffle(facts)
        for fact in facts:
            self._tell(fact)

    @rule(data=st.sampled_from(["checkout", "cancel", "revert"]))
    def ask_with_a_stale_version(self, data: str) -> None:
        body = {"reason": "stale"} if data == "cancel" else {}
        headers = {"if-match": f'"{self.model.version + 1}"'}
        answer = self.loop.run(self._sent("POST", f"{self.path}/{data}", body, headers))
        assert answer.status_code in (409, 412), answer.text

    @rule()
    def restart(self) -> None:
        self.loop.run(self.service.aclose())
        self.client = self._started()

    @invariant()
    def http_agrees(self) -> None:
        if not self.id:
            return
        order = self._ask("GET", self.path)
        model = self.model
        seen = [(line["itemId"], line["note"], line["quantity"], line["sentQuantity"]) for line in order["items"]]
        assert seen == [(each.item, each.note, each.quantity, model.kitchen.sent(each)) for each in model.lines]
        assert (order["status"], order["version"]) == (model.status, model.version)
        assert order["total"] == model.total
        assert (order["received"], order["paid"]) == (model.received, model.paid)
        assert order["unallocated"] == model.received - model.paid
        assert order["isFullyPaid"] is (model.status == "COMPLETED")

    @invariant()
    def history_agrees(self) -> None:
        if not self.id:
            return
        rows = self._ask("GET", f"{self.path}/history")["items"]
        told = [Entry(row["action"], row.get("from"), row["to"], row["version"], row.get("transition")) for row in rows]
        assert told == self.model.history
        assert [row["n"] for row in rows] == sorted({row["n"] for row in rows})

    @invariant()
    def outbox_agrees(self) -> None:
        rows = self.outside.execute(
            "SELECT seq, payload FROM outbox WHERE order_id = %s ORDER BY seq", (self.id,)
        ).fetchall()
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        assert [self._event(payload) for _, payload in rows] == self.model.events

    @invariant()
    def the_kitchen_agrees(self) -> None:
        for ticket_id, model in zip(self.tickets, self.model.kitchen.tickets, strict=True):
            ticket = self._ask("GET", f"/kitchen-tickets/{ticket_id}")
            assert (ticket["status"], ticket["version"]) == (model.status, model.version)
            assert (ticket["rush"], ticket["orderCancelled"]) == (model.rush, model.order_cancelled)
            seen = [(item["id"], item["quantity"], item["status"]) for item in ticket["items"]]
            assert seen == [(self.items[item.number], item.quantity, item.status) for item in model.items]

    def _event(self, payload: str) -> Event | KitchenEvent:
        told: Any = json.read(payload.encode())
        if "kitchenTicketItemId" in told:
            return KitchenEvent(self.items.index(told["kitchenTicketItemId"]), told["previousStatus"], told["status"])
        return Event(
            told["transition"],
            told["previousSaleOrderStatus"],
            told["saleOrderStatus"],
            told["payment"]["paid"],
            frozenset(attempt["uid"] for attempt in told["payment"]["attempts"]),
        )

    def _tell(self, fact: Fact) -> None:
        answer = self._ask("POST", "/webhooks/payment", _webhook(self.id, fact))
        assert answer["outcome"] == self.model.hear(fact)

    def _line_id(self, place: int) -> str:
        return str(self._ask("GET", self.path)["items"][place]["id"])

    def _started(self) -> httpx.AsyncClient:
        return self.loop.run(self.service.enter_async_context(served(self.database_url, connections=1)))

    def _ask(self, method: str, path: str, body: object = None, *, expected: int = 200, key: str | None = None) -> Any:  # noqa: ANN401 - any JSON
        answer = self.loop.run(self._sent(method, path, body, {"idempotency-key": key} if key else {}))
        assert answer.status_code == expected, f"{method} {path}: {answer.text}"
        return json.read(answer.content)

    async def _sent(self, method: str, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=headers)


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


def test_every_story_over_http_on_postgresql_goes_as_the_model_says(tables_url: str) -> None:
    told = type("ToldStory", (Story,), {"database_url": tables_url})
    run_state_machine_as_test(
        told,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
