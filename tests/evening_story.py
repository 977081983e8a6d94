"""A whole evening, told by chance to any shop: orders, kitchen, tables and money at once, ending as a model says."""

from collections import Counter
from typing import Any, NamedTuple, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from house_model import ModelHouse, UsageEntry
from kitchen_model import NEXT, KitchenEvent, folded
from order_model import PRICES, Entry, Event, Fact, ModelOrder

ORDERS = st.integers(0, 1)
ITEMS = st.sampled_from(sorted(PRICES))
QUANTITIES = st.integers(1, 3)
NOTES = st.sampled_from([None, "no onion"])
PLACES = st.integers(0, 9)
TABLES = st.sampled_from(["table-1", "table-2", "table-3"])
TAPS = st.sampled_from(["cook", "cook", "finish", "finish", "serve", "recall", "void"])
# A dish's usual ways, which single taps would seldom go to their end.
WAYS = st.sampled_from(
    [
        ["cook", "finish"],
        ["cook", "finish", "serve"],
        ["cook", "finish", "recall"],
        ["cook", "finish", "recall", "finish", "serve"],
        ["cook", "finish", "void"],
    ]
)
AMOUNTS = st.sampled_from([1, 5_000, 30_000, 200_000])
ATTEMPTS = st.builds(
    Fact,
    st.sampled_from(["success", "success", "success", "failed"]),
    st.sampled_from(["at-1", "at-2", "at-3"]),
    st.sampled_from([None, "tx-1", "tx-2"]),
    AMOUNTS,
)
SETTLED = st.builds(Fact, st.just("settled"), st.none(), st.sampled_from(["tx-1", "tx-2"]), AMOUNTS)


STEPS = {(before, after) for (before, _), after in NEXT.items()}


class SeenLine(NamedTuple):
    """A line, and what the kitchen has of it."""

    item: str
    note: str | None
    quantity: int
    sent: int


class SeenItem(NamedTuple):
    """A kitchen item; the kitchen's items of an order are numbered from 0."""

    number: int
    item: str
    note: str | None
    quantity: int
    status: str


class SeenTicket(NamedTuple):
    """A ticket; `told` are the versions that history tells of."""

    status: str
    version: int
    told: list[int]
    rush: bool
    order_cancelled: bool
    items: list[SeenItem]


class SeenOrder(NamedTuple):
    """All that can be seen of an order."""

    status: str
    version: int
    total: int | None
    received: int
    paid: int
    lines: list[SeenLine]
    history: list[Entry]
    events: list[Event | KitchenEvent]
    tickets: list[SeenTicket]


class SeenUsage(NamedTuple):
    """An order's use of a unit."""

    unit: str
    status: str
    version: int


class Shop(Protocol):
    """What an evening is told to. Orders, usages, and the items and tickets of an order are counted from 0.

    Every command returns the HTTP status code that it gets, or would get.
    """

    def open(self, items: list[tuple[str, int]]) -> None: ...
    def add(self, order: int, item: str, quantity: int, note: str | None) -> int: ...
    def change(self, order: int, place: int, quantity: int) -> int: ...
    def clear(self, order: int) -> int: ...
    def check_out(self, order: int) -> int: ...
    def revert(self, order: int) -> int: ...
    def cancel(self, order: int) -> int: ...
    def send(self, order: int, place: int | None, quantity: int) -> int: ...
    def tap(self, order: int, item: int, action: str) -> int: ...
    def rush(self, order: int, ticket: int) -> int: ...
    def void(self, order: int, ticket: int) -> int: ...
    def allocate(self, order: int, units: list[str], due: int | None) -> int: ...
    def end(self, usage: int, action: str) -> int: ...
    def move(self, usage: int, unit: str) -> int: ...
    def pay(self, order: int, fact: Fact) -> str: ...
    def wait_and_sweep(self, passed: int) -> None: ...
    def seen(self, order: int) -> SeenOrder: ...
    def usages(self) -> list[SeenUsage]: ...
    def usages_told(self) -> list[UsageEntry]: ...
    def close(self) -> None: ...


class EveningStory(RuleBasedStateMachine):
    """Two orders and three tables; waiters, cooks, a cashier, mq-pay and the relay's sweep."""

    shop: Shop

    def __init__(self) -> None:
        super().__init__()
        self.house = ModelHouse()
        self.touched = 0

    @initialize(baskets=st.tuples(*[st.lists(st.tuples(ITEMS, QUANTITIES), max_size=2)] * 2))
    def open(self, baskets: tuple[list[tuple[str, int]], ...]) -> None:
        for items in baskets:
            self.shop.open(items)
            self.house.orders.append(ModelOrder())
            self.house.orders[-1].create(items)

    def teardown(self) -> None:
        """Close the shop: whatever is on the stove or at a table, give the orders up, and look at everything again."""
        try:
            for n, order in enumerate(self.house.orders):
                self.agreed(n, self.shop.cancel(n), order.cancel())
                self.everything_is_as_the_model_says()
            self.the_floor_is_as_the_model_says()
        finally:
            self.shop.close()

    @rule(n=ORDERS, item=ITEMS, quantity=QUANTITIES, note=NOTES)
    def add(self, n: int, item: str, quantity: int, note: str | None) -> None:
        self.agreed(n, self.shop.add(n, item, quantity, note), self.house.orders[n].add(item, quantity, note))

    @rule(n=ORDERS, place=PLACES, quantity=st.integers(0, 4))
    def change(self, n: int, place: int, quantity: int) -> None:
        if lines := self.house.orders[n].lines:
            place %= len(lines)
            self.agreed(n, self.shop.change(n, place, quantity), self.house.orders[n].change(place, quantity))

    @rule(n=ORDERS)
    def clear(self, n: int) -> None:
        self.agreed(n, self.shop.clear(n), self.house.orders[n].clear())

    @rule(n=ORDERS)
    def check_out(self, n: int) -> None:
        self.agreed(n, self.shop.check_out(n), self.house.orders[n].check_out())

    @rule(n=ORDERS)
    def revert(self, n: int) -> None:
        self.agreed(n, self.shop.revert(n), self.house.orders[n].revert())

    @rule(n=ORDERS)
    def cancel(self, n: int) -> None:
        if self.house.orders[n].version > 6:
            self.agreed(n, self.shop.cancel(n), self.house.orders[n].cancel())

    @rule(n=ORDERS)
    def send_everything(self, n: int) -> None:
        self.agreed(n, self.shop.send(n, None, 0), self.house.orders[n].send())

    @rule(n=ORDERS, place=PLACES, quantity=QUANTITIES)
    def send_a_portion(self, n: int, place: int, quantity: int) -> None:
        if lines := self.house.orders[n].lines:
            place %= len(lines)
            self.agreed(n, self.shop.send(n, place, quantity), self.house.orders[n].send(place, quantity))

    @rule(n=ORDERS, place=PLACES, actions=WAYS | st.lists(TAPS, min_size=1, max_size=2))
    def tap(self, n: int, place: int, actions: list[str]) -> None:
        if items := self.house.orders[n].kitchen.items:
            number = len(items) - 1 - place % len(items)
            for action in actions:
                self.agreed(n, self.shop.tap(n, number, action), self.house.orders[n].act(number, action))

    @rule(n=ORDERS, place=PLACES, rush=st.booleans())
    def void_or_rush_a_ticket(self, n: int, place: int, *, rush: bool) -> None:
        if tickets := self.house.orders[n].kitchen.tickets:
            place %= len(tickets)
            if rush:
                self.agreed(n, self.shop.rush(n, place), self.house.orders[n].kitchen.rush(place))
            else:
                self.agreed(n, self.shop.void(n, place), self.house.orders[n].void_ticket(place))

    @rule(n=ORDERS, fact=ATTEMPTS | SETTLED)
    def pay(self, n: int, fact: Fact) -> None:
        self.hear(n, fact)

    @rule(n=ORDERS, percent=st.sampled_from([30, 100]))
    def pay_what_is_left(self, n: int, percent: int) -> None:
        order = self.house.orders[n]
        if order.total:
            amount = max(1, (order.total - order.received) * percent // 100)
            self.hear(n, Fact("success", f"rest-{len(order.facts)}", None, amount))

    @rule(n=ORDERS, chance=st.randoms(use_true_random=False))
    def mq_pay_repeats_everything_in_another_order(self, n: int, chance: Any) -> None:  # noqa: ANN401 - hypothesis' own random
        facts = list(self.house.orders[n].facts)
        chance.shuffle(facts)
        for fact in facts:
            self.hear(n, fact)

    @rule(n=ORDERS, names=st.lists(TABLES, min_size=1, max_size=2), due=st.none() | st.integers(-1, 30))
    def allocate(self, n: int, names: list[str], due: int | None) -> None:
        until = None if due is None else self.house.minute + due
        self.agreed(n, self.shop.allocate(n, names, until), self.house.allocate(n, names, until))

    @precondition(lambda self: self.house.usages)
    @rule(place=PLACES, end=st.sampled_from([("complete", "SUCCESS"), ("cancel", "CANCELLED")]))
    def end(self, place: int, end: tuple[str, str]) -> None:
        usage = self.newest(place)
        self.agreed(self.house.usages[usage].order, self.shop.end(usage, end[0]), self.house.end(usage, end[1]))

    @precondition(lambda self: self.house.usages)
    @rule(place=PLACES, to=TABLES)
    def move(self, place: int, to: str) -> None:
        usage = self.newest(place)
        self.agreed(self.house.usages[usage].order, self.shop.move(usage, to), self.house.move(usage, to))

    @precondition(lambda self: self.house.usages)
    @rule(passed=st.integers(1, 20))
    def wait_and_sweep(self, passed: int) -> None:
        self.house.minute += passed
        self.house.expire()
        self.shop.wait_and_sweep(passed)

    def newest(self, place: int) -> int:
        """Return a usage, the newest ones first: they are likely to be ACTIVE."""
        return len(self.house.usages) - 1 - place % len(self.house.usages)

    def hear(self, n: int, fact: Fact) -> None:
        outcome = self.shop.pay(n, fact)
        assert outcome == self.house.orders[n].hear(fact)
        self.agreed(n, 200, 200)

    def agreed(self, order: int, code: int, expected: int) -> None:
        """Hold that a command got what it had to get, and go on with the order that it was about."""
        assert code == expected
        self.house.follow(order)
        self.touched = order

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        if self.house.orders:
            seen = self.shop.seen(self.touched)
            assert seen == expected_of(self.house.orders[self.touched])
            keeps_its_promises(seen)

    @invariant()
    def the_floor_is_as_the_model_says(self) -> None:
        if not self.house.orders:
            return
        seen = self.shop.usages()
        assert seen == [SeenUsage(usage.unit, usage.status, usage.version) for usage in self.house.usages]
        active = [usage.unit for usage in seen if usage.status == "ACTIVE"]
        assert len(active) == len(set(active)), "a unit has at most one ACTIVE usage"
        assert sorted(self.shop.usages_told(), key=_by_usage) == sorted(self.house.told, key=_by_usage)


def expected_of(order: ModelOrder) -> SeenOrder:
    """Return what must be seen of an order."""
    kitchen = order.kitchen
    return SeenOrder(
        status=order.status,
        version=order.version,
        total=order.total,
        received=order.received,
        paid=order.paid,
        lines=[SeenLine(line.item, line.note, line.quantity, kitchen.sent(line)) for line in order.lines],
        history=order.history,
        events=order.events,
        tickets=[
            SeenTicket(
                status=ticket.status,
                version=ticket.version,
                told=list(range(1, ticket.version + 1)),
                rush=ticket.rush,
                order_cancelled=ticket.order_cancelled,
                items=[
                    SeenItem(item.number, item.line.item, item.line.note, item.quantity, item.status)
                    for item in ticket.items
                ],
            )
            for ticket in kitchen.tickets
        ],
    )


def keeps_its_promises(seen: SeenOrder) -> None:
    """Hold what is promised of every order, whatever the model thinks."""
    cooked = Counter[tuple[str, str | None]]()
    for item in (item for ticket in seen.tickets for item in ticket.items if item.status != "VOIDED"):
        cooked[item.item, item.note] += item.quantity
    # What is sent and not voided, counted in the kitchen, is what the lines say of it, and never exceeds them.
    assert cooked == +Counter({(line.item, line.note): line.sent for line in seen.lines})
    assert all(line.sent <= line.quantity for line in seen.lines)
    assert all(ticket.status == folded([item.status for item in ticket.items]) for ticket in seen.tickets)
    assert 0 <= seen.paid <= min(seen.received, seen.total or 0)
    payments = [event for event in seen.events if isinstance(event, Event)]
    told = [entry.transition for entry in seen.history if entry.transition is not None]
    assert [event.transition for event in payments] == told == [1, 2][: len(payments)]
    moves = [event for event in seen.events if isinstance(event, KitchenEvent)]
    for item in (item for ticket in seen.tickets for item in ticket.items):
        path = [event for event in moves if event.item == item.number]
        # Each event goes on where the last one ended, from PENDING to where the item is now.
        assert [event.previous for event in path] == ["PENDING", *(event.status for event in path)][: len(path)]
        assert all((event.previous, event.status) in STEPS for event in path)
        assert item.status == (path[-1].status if path else "PENDING")


def _by_usage(entry: UsageEntry) -> tuple[int, int]:
    return entry.usage, entry.version
