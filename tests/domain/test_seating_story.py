"""An evening at the tables on the pure domain, told by chance: what is seen of it is what a small model says."""

from collections.abc import Callable
from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sale_domain.allocation_errors import ReservationOver, UnitInUse, UnitNamedTwice
from sale_domain.allocations import Told, Usage
from sale_domain.errors import IllegalTransition, SaleError
from sale_domain.events import FeedEntry, Topic
from sale_domain.ids import UnitId
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.seating import change_usage, expire_due
from seating_model import Entry, SeatingModel
from shop import check_out, draft, minutes, paid_attempt, pho
from tables import take

TABLES = ("table-1", "table-2", "table-3", "table-4")
DUE = st.none() | st.integers(-1, 30)
CODES = {IllegalTransition: 409, UnitInUse: 409, ReservationOver: 422, UnitNamedTwice: 422}
Doing = Callable[[Usage], Told]


class SeatingStory(RuleBasedStateMachine):
    """Two orders and four tables; that two orders do not share a table is the store's part, so here nobody tries."""

    def __init__(self) -> None:
        super().__init__()
        self.model = SeatingModel()
        self.orders: list[Order] = []
        self.usage_ids: list[str] = []
        self.told: list[FeedEntry] = []

    @initialize()
    def open(self) -> None:
        for _ in range(2):
            self.orders.append(draft(pho(2)))
            self.model.open()

    @rule(order=st.integers(0, 1), names=st.lists(st.sampled_from(TABLES), min_size=1, max_size=3), due=DUE)
    def allocate(self, order: int, names: list[str], due: int | None) -> None:
        theirs = {unit for unit, n in self.model.taken.items() if self.model.usages[n].order != order}
        names = [name for name in names if name not in theirs]
        if not names:
            return
        until = None if due is None else self.model.minute + due
        at, reserved_to = self.now, None if until is None else minutes(until)
        expected = self.model.allocate(order, names, until)
        code = self.attempt(order, lambda o: take(o, *names, at=at, reserved_to=reserved_to))
        assert (code or 201) == expected

    @precondition(lambda self: self.usage_ids)
    @rule(place=st.integers(0, 99), doing=st.sampled_from(["complete", "cancel"]))
    def end(self, place: int, doing: str) -> None:
        at = self.now
        acts: dict[str, tuple[str, Doing]] = {
            "complete": ("SUCCESS", lambda usage: usage.complete(at=at, by="lan")),
            "cancel": ("CANCELLED", lambda usage: usage.cancel(reason="rain", at=at, by="lan")),
        }
        status, act = acts[doing]
        n = place % len(self.usage_ids)
        assert (self.act(n, act) or 200) == self.model.end(n, status)

    @precondition(lambda self: self.usage_ids)
    @rule(place=st.integers(0, 99), to=st.sampled_from(TABLES))
    def move(self, place: int, to: str) -> None:
        n, at = place % len(self.usage_ids), self.now
        holder = self.model.taken.get(to)
        if holder is not None and self.model.usages[holder].order != self.model.usages[n].order:
            return
        expected = self.model.move(n, to)
        assert (self.act(n, lambda usage: usage.move(UnitId(to), at=at, by="lan")) or 200) == expected

    @rule(passed=st.integers(1, 20))
    def wait_and_sweep(self, passed: int) -> None:
        self.model.minute += passed
        self.model.expire()
        for order in range(2):
            assert self.attempt(order, lambda o: expire_due(o, at=self.now, by="sale-sweep")) is None

    @rule(order=st.integers(0, 1))
    def check_out(self, order: int) -> None:
        code = self.attempt(order, lambda o: check_out(o, at=self.now))
        assert (code or 200) == self.model.check_out(order)

    @rule(order=st.integers(0, 1), amount=st.sampled_from([5_000, 130_000]))
    def pay(self, order: int, amount: int) -> None:
        before = self.orders[order]
        known = len(before.ledger.facts)
        _, change = before.record_payment(paid_attempt(f"attempt-{known}", amount), at=self.now)
        self.model.pay(order, amount)
        self.take(order, change)

    @rule(order=st.integers(0, 1), really=st.sampled_from([True, False, False, False]))
    def cancel_order(self, order: int, *, really: bool) -> None:
        if really:
            code = self.attempt(order, lambda o: o.cancel(reason="a storm", at=self.now, by="minh"))
            assert (code or 200) == self.model.cancel(order)

    @invariant()
    def the_domain_agrees(self) -> None:
        usages = {usage.id: usage for order in self.orders for usage in order.seating.usages}
        seen = [(usages[n].unit_id, usages[n].status.value, usages[n].version) for n in self.usage_ids]  # type: ignore[index]  # see NewType
        assert seen == [(usage.unit, usage.status, usage.version) for usage in self.model.usages]
        assert [(o.status.value, o.version) for o in self.orders] == [(o.status, o.version) for o in self.model.orders]

    @invariant()
    def a_unit_has_at_most_one_active_usage(self) -> None:
        active = [u.unit_id for order in self.orders for u in order.seating.usages if u.is_active]
        assert len(active) == len(set(active))
        for order in self.orders:
            if order.status in (OrderStatus.COMPLETED, OrderStatus.CANCELLED):
                assert not any(usage.is_active for usage in order.seating.usages)

    @invariant()
    def every_transition_has_exactly_one_entry(self) -> None:
        told = [
            Entry(
                self.usage_ids.index(entry.thing_id),
                entry.action.value,
                entry.from_status,
                entry.status,
                entry.version,
                str((entry.data or {})["unitId"]),
            )
            for entry in self.told
        ]
        assert sorted(told, key=_by_usage) == sorted(self.model.told, key=_by_usage)

    @property
    def now(self) -> datetime:
        return minutes(self.model.minute)

    def act(self, n: int, act: Doing) -> int | None:
        usage_id = self.usage_ids[n]
        return self.attempt(self.model.usages[n].order, lambda order: change_usage(order, usage_id, act))  # type: ignore[arg-type]  # see NewType

    def attempt(self, order: int, command: Callable[[Order], Change]) -> int | None:
        """Return the status code of a refusal, which leaves everything as it was."""
        try:
            change = command(self.orders[order])
        except SaleError as refusal:
            return CODES[type(refusal)]
        self.take(order, change)
        return None

    def take(self, order: int, change: Change) -> None:
        self.orders[order] = change.order
        mine = [entry for entry in change.entries if entry.topic is Topic.ALLOCATION_USAGE]
        self.usage_ids += [entry.thing_id for entry in mine if entry.from_status is None]
        self.told += mine


def _by_usage(entry: Entry) -> tuple[int, int]:
    return entry.usage, entry.version


TestSeatingStory = SeatingStory.TestCase
TestSeatingStory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
