"""Any story that an order can live through, told by chance, with what must hold after every sentence."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sale_domain.announcements import messages
from sale_domain.errors import IllegalTransition, SaleError
from sale_domain.feed import FeedEntry
from sale_domain.ledger import FactType, Ledger, PaymentFact
from sale_domain.lines import LineMode, NewCustom, NewItem
from sale_domain.messages import Message
from sale_domain.money import Money
from sale_domain.order_change import Change
from sale_domain.order_errors import ComboChild, EmptyOrder
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from shop import (
    A_CHECK,
    PRICES,
    THIS_ORDER,
    VND,
    check_out,
    combo,
    custom,
    fact,
    minutes,
    opened,
    paid_event,
    pho,
    product,
    vnd,
)

QUANTITIES = st.sampled_from([Decimal(text) for text in ("1", "2", "3", "0.5")])
NOTES = st.sampled_from([None, "no onion", "extra hot"])
AMOUNTS = st.sampled_from([1, 5_000, 65_000, 130_000, 0])
MINUTES = st.integers(0, 60)
SELDOM = st.sampled_from([False] * 9 + [True])
PAID = (OrderStatus.PARTIAL, OrderStatus.COMPLETED)


@st.composite
def new_items(draw: st.DrawFn) -> NewItem:
    quantity, note = draw(QUANTITIES), draw(NOTES)
    kinds: list[NewItem] = [
        pho(quantity, note=note),
        product("tra-da", quantity, note=note),
        combo(quantity, note=note),
        custom(draw(AMOUNTS), quantity),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def payment_facts(draw: st.DrawFn) -> PaymentFact:
    """Draw what mq-pay tells: attempt n is of transaction n % 3, transaction 2 is a check's; seldom it is mistaken."""
    kind = draw(st.sampled_from([FactType.ATTEMPT_SUCCESS] * 4 + list(FactType)))
    number = draw(st.integers(0, 7))
    mistaken = draw(SELDOM) and draw(SELDOM)
    names_transaction = draw(st.booleans()) or not kind.is_attempt
    return fact(
        kind,
        draw(AMOUNTS),
        attempt=f"attempt-{number}" if kind.is_attempt else None,
        transaction=f"transaction-{(number + mistaken) % 3}" if names_transaction else None,
        source=A_CHECK if number % 3 == 2 else THIS_ORDER,
    )


class OrderStory(RuleBasedStateMachine):
    """One order; clocks differ a little between the replicas that write it."""

    order: Order

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[FeedEntry] = []
        self.events: list[Message] = []
        self.facts: list[PaymentFact] = []

    @initialize(items=st.lists(new_items(), min_size=1, max_size=3), is_checked_out=st.booleans())
    def open(self, items: list[NewItem], *, is_checked_out: bool) -> None:
        self.take(opened(*items), since=None)
        if is_checked_out:
            self.take(check_out(self.order), since=self.order)

    def edit(self, command: Callable[[Order], Change]) -> None:
        """Try what only a DRAFT allows."""
        was_draft = self.order.status is OrderStatus.DRAFT
        if self.attempt(command):
            assert was_draft
            assert self.order.status is OrderStatus.DRAFT

    def take(self, change: Change, *, since: Order | None) -> None:
        """Check what one change claims of itself, and go on from it."""
        after = change.order
        if not change.entries:
            assert after == since
            return
        assert after.version == (since.version if since else 0) + 1
        assert (change.entries[0].version, change.entries[0].status) == (after.version, after.status.value)
        assert change.entries[0].from_status == (since.status.value if since else None)
        if since is not None:
            assert after.updated_at >= since.updated_at
        moved = after.status in PAID and (since is None or after.status is not since.status)
        assert (change.transition is not None) == moved
        self.order = after
        self.entries.append(change.entries[0])
        self.events += messages(change, new_id=lambda _: f"event-{after.version}")

    def attempt(self, command: Callable[[Order], Change]) -> bool:
        """Do what a guest or a waiter may try at any time; a refusal leaves everything as it was."""
        before = self.order
        try:
            change = command(before)
        except SaleError:
            assert self.order == before
            return False
        self.take(change, since=before)
        return True

    @rule(item=new_items(), at=MINUTES)
    def add(self, item: NewItem, at: int) -> None:
        lines = len(self.order.basket.lines)
        self.edit(lambda order: order.add_item(item, at=minutes(at), by="lan"))
        if isinstance(item, NewCustom) and self.order.status is OrderStatus.DRAFT:
            assert len(self.order.basket.lines) == lines + 1

    @precondition(lambda self: self.order.basket.lines)
    @rule(data=st.data(), quantity=st.none() | st.just(Decimal(0)) | QUANTITIES, note=NOTES, at=MINUTES)
    def change_a_line(self, data: st.DataObject, quantity: Decimal | None, note: str | None, at: int) -> None:
        line = data.draw(st.sampled_from(self.order.basket.lines))

        def change(order: Order) -> Change:
            try:
                return order.change_item(line.id, quantity=quantity, note=note, at=minutes(at), by="minh")
            except ComboChild:
                assert line.is_child
                raise

        self.edit(change)

    @precondition(lambda self: self.order.basket.lines)
    @rule(data=st.data(), at=MINUTES)
    def remove_a_line(self, data: st.DataObject, at: int) -> None:
        line = data.draw(st.sampled_from(self.order.basket.lines))
        self.edit(lambda order: order.remove_item(line.id, at=minutes(at), by="minh"))

    @rule(at=MINUTES, really=SELDOM)
    def remove_everything(self, at: int, *, really: bool) -> None:
        if really:
            self.edit(lambda order: order.remove_all_items(at=minutes(at), by="minh"))

    @rule(price=st.sampled_from([65_000, 65_000, 65_000, 1, 0]), at=MINUTES)
    def check_out(self, price: int, at: int) -> None:
        prices = {**PRICES, "variant-pho": Decimal(price)}
        was_empty, was_draft = not self.order.basket.lines, self.order.status is OrderStatus.DRAFT

        def frozen(order: Order) -> Change:
            try:
                change = check_out(order, prices=prices, at=minutes(at))
            except EmptyOrder:
                assert was_empty
                raise
            except IllegalTransition:
                assert not was_draft
                raise
            assert change.snapshot is not None
            assert change.order.checkouts == change.snapshot.checkout == order.checkouts + 1
            return change

        if self.attempt(frozen):
            assert was_draft
            assert self.order.totals is not None

    @rule(at=MINUTES)
    def revert(self, at: int) -> None:
        before = self.order.status
        reverted = self.attempt(lambda order: order.revert(reason=None, at=minutes(at), by="minh"))
        assert reverted == (before is OrderStatus.PROCESSING)
        assert not reverted or self.order.status is OrderStatus.DRAFT

    @rule(at=MINUTES, really=SELDOM)
    def cancel(self, at: int, *, really: bool) -> None:
        if not really:
            return
        over = self.order.status in (OrderStatus.COMPLETED, OrderStatus.CANCELLED)
        cancelled = self.attempt(lambda order: order.cancel(reason="a storm", at=minutes(at), by="minh"))
        assert cancelled != over
        assert over or self.order.status is OrderStatus.CANCELLED

    @rule(told=payment_facts(), at=MINUTES)
    def hear_of_a_payment(self, told: PaymentFact, at: int) -> None:
        self.hear(told, at=at)

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), at=MINUTES)
    def hear_it_again(self, data: st.DataObject, at: int) -> None:
        told = data.draw(st.sampled_from(self.facts))
        before = self.order
        assert self.hear(told, at=at) is PaymentOutcome.ALREADY_APPLIED
        assert self.order is before

    def hear(self, told: PaymentFact, *, at: int) -> PaymentOutcome:
        before = self.order
        outcome, change = before.record_payment(told, at=minutes(at))
        self.take(change, since=before)
        self.facts.append(told)
        assert (outcome is PaymentOutcome.APPLIED) == (self.order.paid > before.paid)
        if outcome is PaymentOutcome.UNALLOCATED:
            assert self.order.received > before.received
        return outcome

    @rule(data=st.data())
    def hear_everything_in_another_order(self, data: st.DataObject) -> None:
        facts = data.draw(st.permutations(self.facts))
        ledger = Ledger()
        for told in facts:
            ledger = ledger.with_fact(told)
        assert ledger.received == self.order.received.amount
        assert {a.uid: a.amount for a in ledger.successes()} == {a.uid: a.amount for a in self.order.ledger.successes()}

    @invariant()
    def every_dong_is_paid_or_unallocated(self) -> None:
        order = self.order
        assert order.received == order.paid + order.unallocated
        assert vnd(0) <= order.paid <= order.received
        if order.totals is None or order.status is OrderStatus.CANCELLED:
            assert order.paid == vnd(0)
        else:
            assert order.paid <= order.totals.total

    @invariant()
    def the_total_is_the_sum_of_the_lines(self) -> None:
        order = self.order
        prices = [line.price for line in order.basket.lines]
        if order.totals is None:
            assert prices == [None] * len(prices)
            assert order.status in (OrderStatus.DRAFT, OrderStatus.CANCELLED)
        else:
            assert order.totals.total == Money.sum((price.total for price in prices if price), currency=VND)
            assert None not in prices

    @invariant()
    def completed_means_paid(self) -> None:
        order = self.order
        if order.ledger.conflicts() or order.totals is None:
            return
        if order.status is OrderStatus.COMPLETED:
            assert order.paid == order.totals.total
        if order.status is OrderStatus.PARTIAL:
            assert vnd(0) < order.paid < order.totals.total
        if order.status is OrderStatus.PROCESSING:
            assert order.paid == vnd(0) < order.totals.total

    @invariant()
    def one_history_entry_a_version(self) -> None:
        assert [entry.version for entry in self.entries] == list(range(1, self.order.version + 1))

    @invariant()
    def transitions_and_events_are_numbered_without_gaps(self) -> None:
        numbers = [entry.transition for entry in self.entries if entry.transition is not None]
        assert numbers == list(range(1, self.order.transition + 1))
        assert len(numbers) <= 2
        assert [event.transition for event in self.events] == numbers
        assert [event.seq for event in self.events] == numbers
        assert [paid_event(event).sale_order_status for event in self.events] in (
            [],
            ["PARTIAL"],
            ["COMPLETED"],
            ["PARTIAL", "COMPLETED"],
        )
        assert [event.occurred_at for event in self.events] == sorted(event.occurred_at for event in self.events)

    @invariant()
    def no_attempt_is_reported_twice(self) -> None:
        uids = [attempt.uid for event in self.events for attempt in paid_event(event).payment.attempts]
        assert len(uids) == len(set(uids))
        if self.order.status is OrderStatus.COMPLETED and not self.order.ledger.conflicts():
            reported = Ledger(self.order.ledger.facts[: self.order.reported_facts]).successes()
            assert set(uids) == {attempt.uid for attempt in reported}

    @invariant()
    def combos_stay_whole_and_products_do_not_lie_twice(self) -> None:
        lines = self.order.basket.lines
        by_id = {line.id: line for line in lines}
        assert len(by_id) == len(lines)
        for line in lines:
            assert line.quantity > 0
            if line.lead_id is not None:
                assert line.per_combo is not None
                assert line.quantity == line.per_combo * by_id[line.lead_id].quantity
        plain: list[Any] = [
            self.order.basket.merge_key(line) for line in lines if line.mode is LineMode.PRODUCT and not line.is_child
        ]
        assert len(plain) == len(set(plain))


TestOrderStory = OrderStory.TestCase
TestOrderStory.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
