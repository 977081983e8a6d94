"""A whole evening between a waiter, a cashier and a cook, told by chance; it ends as a small model says."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kitchen_model import KitchenEvent
from kitchen_world import kitchen_id, portion
from order_model import Event, Fact, ModelOrder
from sale_domain import cooking
from sale_domain.announcements import messages
from sale_domain.cooking import Menu, Preparation
from sale_domain.errors import Conflict, SaleError
from sale_domain.events import FeedEntry, KitchenItemStatusChanged, Message, PaymentSuccess, Topic
from sale_domain.ids import ItemId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.lines import NewProduct
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.stations import Stations
from shop import check_out, minutes, opened, paid_attempt, product

ITEMS = st.sampled_from(["pho", "tra-da", "banh-mi"])
NOTES = st.sampled_from([None, "no onion"])
QUANTITIES = st.integers(1, 3)
PLACES = st.integers(0, 9)
MINUTES = st.integers(0, 60)
SELDOM = st.sampled_from([False] * 9 + [True])
ACTIONS = st.sampled_from([KitchenItemAction.COOK] * 3 + list(KitchenItemAction))
ONE_TICKET = Menu(
    stations=Stations(),
    preparations={ItemId(f"variant-{item}"): Preparation() for item in ("pho", "tra-da", "banh-mi")},
)


class KitchenStory(RuleBasedStateMachine):
    """One order; clocks differ a little between the replicas that write it."""

    order: Order

    def __init__(self) -> None:
        super().__init__()
        self.model = ModelOrder()
        self.entries: list[FeedEntry] = []
        self.messages: list[Message] = []
        self.numbers = 0

    @initialize(item=ITEMS, quantity=QUANTITIES)
    def open(self, item: str, quantity: int) -> None:
        self.model.create([(f"variant-{item}", quantity)])
        self.take(opened(product(item, quantity)))

    def take(self, change: Change) -> None:
        self.order = change.order
        self.entries += change.entries
        self.messages += messages(change, new_id=kitchen_id)

    def attempt(self, command: Callable[[Order], Change]) -> int:
        """Return the status code that a command would get; a refusal leaves everything as it was."""
        before = self.order
        try:
            self.take(command(before))
        except SaleError as refusal:
            assert self.order is before
            return 409 if isinstance(refusal, Conflict) else 422
        return 200

    @rule(item=ITEMS, quantity=QUANTITIES, note=NOTES, at=MINUTES)
    def add(self, item: str, quantity: int, note: str | None, at: int) -> None:
        new: NewProduct = product(item, quantity, note=note)
        expected = self.model.add(f"variant-{item}", quantity, note)
        added = self.attempt(lambda o: o.add_item(new, at=minutes(at), by="lan"))
        assert added == (200 if expected == 201 else expected)

    @precondition(lambda self: self.model.lines)
    @rule(place=PLACES, quantity=st.integers(0, 4), at=MINUTES)
    def change(self, place: int, quantity: int, at: int) -> None:
        place %= len(self.model.lines)
        line, expected = self.order.basket.lines[place].id, self.model.change(place, quantity)
        wanted = Decimal(quantity)
        changed = self.attempt(lambda o: o.change_item(line, quantity=wanted, at=minutes(at), by="lan"))
        assert changed == expected

    @rule(at=MINUTES)
    def clear(self, at: int) -> None:
        assert self.attempt(lambda o: o.remove_all_items(at=minutes(at), by="lan")) == self.model.clear()

    @rule(place=st.none() | PLACES, quantity=QUANTITIES, at=MINUTES)
    def send(self, place: int | None, quantity: int, at: int) -> None:
        if place is not None and not self.model.lines:
            return
        place = None if place is None else place % len(self.model.lines)
        wanted = () if place is None else (portion(self.order.basket.lines[place].id, quantity),)
        expected = self.model.send(place, quantity)
        sent = self.attempt(lambda o: cooking.send(o, wanted, ONE_TICKET, new_id=kitchen_id, at=minutes(at), by="lan"))
        assert sent == (200 if expected == 201 else expected)

    @precondition(lambda self: self.model.kitchen.items)
    @rule(place=PLACES, actions=st.lists(ACTIONS, min_size=1, max_size=3), at=MINUTES)
    def tap(self, place: int, actions: list[KitchenItemAction], at: int) -> None:
        for action in actions:
            self.tap_once(place, action, at)

    def tap_once(self, place: int, action: KitchenItemAction, at: int) -> None:
        place = len(self.model.kitchen.items) - 1 - place % len(self.model.kitchen.items)
        item = self.order.kitchen.items[place].id
        expected = self.model.act(place, action.value)
        tapped = self.attempt(lambda o: cooking.act(o, item, action, reason="dropped", at=minutes(at), by="minh"))
        assert tapped == expected

    @precondition(lambda self: self.model.kitchen.tickets)
    @rule(place=PLACES, at=MINUTES, rush=st.booleans())
    def void_or_rush_a_ticket(self, place: int, at: int, *, rush: bool) -> None:
        place %= len(self.model.kitchen.tickets)
        ticket = self.order.kitchen.tickets[place].id
        if rush:
            expected = self.model.kitchen.rush(place)
            assert self.attempt(lambda o: cooking.rush(o, ticket, at=minutes(at), by="lan")) == expected
        else:
            expected = self.model.void_ticket(place)
            voided = self.attempt(lambda o: cooking.void(o, ticket, reason="a mouse", at=minutes(at), by="lan"))
            assert voided == expected

    @rule(at=MINUTES, really=SELDOM)
    def check_out(self, at: int, *, really: bool) -> None:
        if not really:
            return
        assert self.attempt(lambda o: check_out(o, at=minutes(at))) == self.model.check_out()

    @rule(at=MINUTES)
    def revert(self, at: int) -> None:
        assert self.attempt(lambda o: o.revert(reason=None, at=minutes(at), by="lan")) == self.model.revert()

    @precondition(lambda self: self.model.kitchen.tickets)
    @rule(at=MINUTES, really=SELDOM)
    def cancel(self, at: int, *, really: bool) -> None:
        if really:
            self.give_up(at)

    def teardown(self) -> None:
        """Close the shop: give the order up, whatever the kitchen has begun with, and look at everything once more."""
        if self.entries:
            self.give_up(61)
            self.the_kitchen_is_as_the_model_says()
            self.every_transition_has_exactly_one_event_and_they_are_numbered_without_a_gap()

    def give_up(self, at: int) -> None:
        assert self.attempt(lambda o: o.cancel(reason="a storm", at=minutes(at), by="lan")) == self.model.cancel()

    @rule(amount=st.sampled_from([1, 1, 5_000, 500_000]), at=MINUTES)
    def pay(self, amount: int, at: int) -> None:
        self.numbers += 1
        self.model.hear(Fact("success", f"at-{self.numbers}", None, amount))
        self.take(self.order.record_payment(paid_attempt(f"at-{self.numbers}", amount), at=minutes(at))[1])

    @invariant()
    def the_kitchen_is_as_the_model_says(self) -> None:
        kitchen, model = self.order.kitchen, self.model.kitchen
        assert [(t.status.value, t.version, t.rush, t.order_cancelled) for t in kitchen.tickets] == [
            (t.status, t.version, t.rush, t.order_cancelled) for t in model.tickets
        ]
        assert [(item.status.value, int(item.quantity)) for item in kitchen.items] == [
            (item.status, item.quantity) for item in model.items
        ]

    @invariant()
    def no_more_is_sent_than_is_ordered(self) -> None:
        for line, model in zip(self.order.basket.lines, self.model.lines, strict=True):
            assert (int(line.quantity), int(line.sent_quantity)) == (model.quantity, self.model.kitchen.sent(model))
            assert 0 <= line.sent_quantity <= line.quantity

    @invariant()
    def every_transition_has_exactly_one_event_and_they_are_numbered_without_a_gap(self) -> None:
        places = {item.id: n for n, item in enumerate(self.order.kitchen.items)}
        told: list[Event | KitchenEvent] = []
        for message in self.messages:
            match message.payload:
                case KitchenItemStatusChanged() as event:
                    place = places[event.kitchen_ticket_item_id]
                    told.append(KitchenEvent(place, event.previous_status, event.status))
                case PaymentSuccess() as event:
                    uids = frozenset(attempt.uid for attempt in event.payment.attempts)
                    paid = int(event.payment.paid)
                    told.append(
                        Event(event.transition, event.previous_sale_order_status, event.sale_order_status, paid, uids)
                    )
        assert told == self.model.events
        assert [message.seq for message in self.messages] == list(range(1, self.order.events + 1))
        times = [message.occurred_at for message in self.messages]
        assert times == sorted(times)
        assert sum(item.moves for item in self.order.kitchen.items) + self.order.transition == self.order.events

    @invariant()
    def every_thing_has_one_entry_a_version(self) -> None:
        versions: dict[str, list[int]] = {}
        for entry in self.entries:
            versions.setdefault(entry.thing_id, []).append(entry.version)
            if entry.topic is Topic.KITCHEN_TICKET:
                assert entry.data is not None
                assert entry.data["saleOrderId"] == self.order.id
                assert "stationId" in entry.data
        expected: dict[str, list[int]] = {self.order.id: list(range(1, self.order.version + 1))}
        for ticket in self.order.kitchen.tickets:
            expected[ticket.id] = list(range(1, ticket.version + 1))
        assert versions == expected


TestKitchenStory = KitchenStory.TestCase
TestKitchenStory.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
