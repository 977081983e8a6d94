"""A whole evening on the pure domain, told by chance: orders, kitchen, tables and money end as a small model says."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import cycle

import attrs
from hypothesis import settings

from evening_story import EveningStory, SeenItem, SeenLine, SeenOrder, SeenTicket, SeenUsage
from house_model import UsageEntry
from kitchen_model import KitchenEvent
from kitchen_world import kitchen_id, portion
from order_model import Entry, Event, Fact
from sale_domain import cooking
from sale_domain.allocation_errors import UnitInUse
from sale_domain.allocations import Told, Usage
from sale_domain.announcements import messages
from sale_domain.cooking import Menu, Preparation
from sale_domain.errors import Conflict, SaleError
from sale_domain.events import KitchenItemStatusChanged, PaymentSuccess
from sale_domain.feed import FeedEntry, Topic
from sale_domain.ids import ItemId, LineId, UnitId, UsageId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.ledger import FactType
from sale_domain.messages import Message
from sale_domain.order_change import Change
from sale_domain.orders import Order
from sale_domain.seating import change_usage, expire_due
from sale_domain.stations import Stations
from shop import PRICES, check_out, fact, minutes, opened, product
from tables import take

FACTS = {
    "success": FactType.ATTEMPT_SUCCESS,
    "failed": FactType.ATTEMPT_FAILED,
    "settled": FactType.TRANSACTION_SETTLED,
}
ONE_TICKET = Menu(stations=Stations(), preparations={ItemId(item): Preparation() for item in PRICES})


@attrs.define(kw_only=True)
class ToldOrder:
    """An order, and all that was told of it."""

    order: Order
    entries: list[FeedEntry] = attrs.field(factory=list)
    messages: list[Message] = attrs.field(factory=list)

    def of(self, thing_id: str) -> list[FeedEntry]:
        """Return what was told of one thing."""
        return [entry for entry in self.entries if entry.thing_id == thing_id]

    def seen_events(self) -> list[Event | KitchenEvent]:
        """Return what Kafka is told, which is numbered without a gap and never goes back in time."""
        assert [message.seq for message in self.messages] == list(range(1, self.order.events + 1))
        times = [message.occurred_at for message in self.messages]
        assert times == sorted(times)
        return list(map(self._event, self.messages))

    def _event(self, message: Message) -> Event | KitchenEvent:
        match message.payload:
            case KitchenItemStatusChanged() as told:
                places = {item.id: n for n, item in enumerate(self.order.kitchen.items)}
                return KitchenEvent(places[told.kitchen_ticket_item_id], told.previous_status, told.status)
            case PaymentSuccess() as told:
                uids = frozenset(attempt.uid for attempt in told.payment.attempts)
                before, after = told.previous_sale_order_status, told.sale_order_status
                return Event(told.transition, before, after, int(told.payment.paid), uids)


class DomainShop:
    """Every command as a pure function of its order; that no two orders share a table is seen to here."""

    def __init__(self) -> None:
        self.orders: list[ToldOrder] = []
        self.usage_ids: list[str] = []
        self.minute = 0
        # The clocks of the replicas that write an order differ a little.
        self.skew = cycle((0, 7, -5, 2, -1))

    def open(self, items: list[tuple[str, int]]) -> None:
        change = opened(*(product(_name(item), quantity) for item, quantity in items))
        self.orders.append(ToldOrder(order=change.order))
        self._take(self.orders[-1], change)

    def add(self, order: int, item: str, quantity: int, note: str | None) -> int:
        new = product(_name(item), quantity, note=note)
        return self._try(order, lambda o: o.add_item(new, at=self._roughly_now, by="lan"), good=201)

    def change(self, order: int, place: int, quantity: int) -> int:
        line = self._line(order, place)
        wanted = Decimal(quantity)
        return self._try(order, lambda o: o.change_item(line, quantity=wanted, at=self._roughly_now, by="lan"))

    def clear(self, order: int) -> int:
        return self._try(order, lambda o: o.remove_all_items(at=self._roughly_now, by="lan"))

    def check_out(self, order: int) -> int:
        return self._try(order, lambda o: check_out(o, at=self._roughly_now))

    def revert(self, order: int) -> int:
        return self._try(order, lambda o: o.revert(reason=None, at=self._roughly_now, by="lan"))

    def cancel(self, order: int) -> int:
        return self._try(order, lambda o: o.cancel(reason="a storm", at=self._roughly_now, by="lan"))

    def send(self, order: int, place: int | None, quantity: int) -> int:
        wanted = () if place is None else (portion(self._line(order, place), quantity),)

        def sent(o: Order) -> Change:
            return cooking.send(o, wanted, ONE_TICKET, new_id=kitchen_id, at=self._roughly_now, by="lan")

        return self._try(order, sent, good=201)

    def tap(self, order: int, item: int, action: str) -> int:
        item_id, act = self.orders[order].order.kitchen.items[item].id, KitchenItemAction(action)
        reason = "dropped" if act is KitchenItemAction.VOID else None
        return self._try(order, lambda o: cooking.act(o, item_id, act, reason=reason, at=self._roughly_now, by="minh"))

    def rush(self, order: int, ticket: int) -> int:
        ticket_id = self.orders[order].order.kitchen.tickets[ticket].id
        return self._try(order, lambda o: cooking.rush(o, ticket_id, at=self._roughly_now, by="lan"))

    def void(self, order: int, ticket: int) -> int:
        ticket_id = self.orders[order].order.kitchen.tickets[ticket].id
        return self._try(order, lambda o: cooking.void(o, ticket_id, reason="a mouse", at=self._roughly_now, by="lan"))

    def allocate(self, order: int, units: list[str], due: int | None) -> int:
        def taken(o: Order) -> Change:
            return take(o, *units, at=self._now, reserved_to=None if due is None else minutes(due))

        return self._try(order, self._alone(taken, units, order), good=201)

    def end(self, usage: int, action: str) -> int:
        acts: dict[str, Callable[[Usage], Told]] = {
            "complete": lambda u: u.complete(at=self._now, by="lan"),
            "cancel": lambda u: u.cancel(reason="rain", at=self._now, by="lan"),
        }
        usage_id, order = self._usage(usage)
        return self._try(order, lambda o: change_usage(o, usage_id, acts[action]))

    def move(self, usage: int, unit: str) -> int:
        usage_id, order = self._usage(usage)

        def moved(o: Order) -> Change:
            return change_usage(o, usage_id, lambda u: u.move(UnitId(unit), at=self._now, by="lan"))

        return self._try(order, self._alone(moved, [unit], order))

    def pay(self, order: int, told: Fact) -> str:
        new = fact(FACTS[told.kind], told.amount, attempt=told.attempt, transaction=told.transaction)
        outcome, change = self.orders[order].order.record_payment(new, at=self._roughly_now)
        self._take(self.orders[order], change)
        return outcome.value

    def wait_and_sweep(self, passed: int) -> None:
        self.minute += passed
        for order in range(len(self.orders)):
            assert self._try(order, lambda o: expire_due(o, at=self._now, by="sale-sweep")) == 200

    def seen(self, order: int) -> SeenOrder:
        told = self.orders[order]
        seen = told.order
        return SeenOrder(
            status=seen.status.value,
            version=seen.version,
            total=None if seen.totals is None else int(seen.totals.total.amount),
            received=int(seen.received.amount),
            paid=int(seen.paid.amount),
            lines=[
                SeenLine(str(line.item_id), line.note, int(line.quantity), int(line.sent_quantity))
                for line in seen.basket.lines
            ],
            history=[
                Entry(each.action.value, each.from_status, each.status, each.version, each.transition)
                for each in told.of(seen.id)
            ],
            events=told.seen_events(),
            tickets=list(_tickets(told)),
        )

    def usages(self) -> list[SeenUsage]:
        known = {usage.id: usage for told in self.orders for usage in told.order.seating.usages}
        found = [known[UsageId(usage_id)] for usage_id in self.usage_ids]
        return [SeenUsage(usage.unit_id, usage.status.value, usage.version) for usage in found]

    def usages_told(self) -> list[UsageEntry]:
        return [
            UsageEntry(
                self.usage_ids.index(entry.thing_id),
                entry.action.value,
                entry.from_status,
                entry.status,
                entry.version,
                str((entry.data or {})["unitId"]),
            )
            for told in self.orders
            for entry in told.entries
            if entry.topic is Topic.ALLOCATION_USAGE
        ]

    def close(self) -> None:
        """End; nothing is left open."""

    @property
    def _now(self) -> datetime:
        return minutes(self.minute)

    @property
    def _roughly_now(self) -> datetime:
        return minutes(self.minute + next(self.skew))

    def _line(self, order: int, place: int) -> LineId:
        return self.orders[order].order.basket.lines[place].id

    def _usage(self, n: int) -> tuple[UsageId, int]:
        usage_id = UsageId(self.usage_ids[n])
        (order,) = (place for place, told in enumerate(self.orders) if told.of(usage_id))
        return usage_id, order

    def _alone(self, command: Callable[[Order], Change], units: list[str], order: int) -> Callable[[Order], Change]:
        """Return the command with the store's part in it: no other order has one of the units."""
        others = [told.order for place, told in enumerate(self.orders) if place != order]
        taken = {usage.unit_id for other in others for usage in other.seating.usages if usage.is_active}

        def alone(o: Order) -> Change:
            change = command(o)
            for unit in units:
                if unit in taken and change.entries:
                    raise UnitInUse(unit_id=unit)
            return change

        return alone

    def _try(self, order: int, command: Callable[[Order], Change], *, good: int = 200) -> int:
        """Return the status code that a command would get; a refusal leaves everything as it was."""
        told = self.orders[order]
        try:
            self._take(told, command(told.order))
        except SaleError as refusal:
            return 409 if isinstance(refusal, Conflict) else 422
        return good

    def _take(self, told: ToldOrder, change: Change) -> None:
        told.order = change.order
        told.entries += change.entries
        told.messages += messages(change, new_id=kitchen_id)
        usages = [entry for entry in change.entries if entry.topic is Topic.ALLOCATION_USAGE]
        self.usage_ids += [entry.thing_id for entry in usages if entry.from_status is None]


def _name(item: str) -> str:
    return item.removeprefix("variant-")


def _tickets(told: ToldOrder) -> Iterable[SeenTicket]:
    numbers = {item.id: n for n, item in enumerate(told.order.kitchen.items)}
    for ticket in told.order.kitchen.tickets:
        yield SeenTicket(
            status=ticket.status.value,
            version=ticket.version,
            told=[entry.version for entry in told.of(ticket.id)],
            rush=ticket.rush,
            order_cancelled=ticket.order_cancelled,
            items=[
                SeenItem(numbers[item.id], str(item.item_id), item.note, int(item.quantity), item.status.value)
                for item in ticket.items
            ],
        )


class EveningInTheDomain(EveningStory):
    """The evening, with nothing between it and the heart."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = DomainShop()


TestEveningInTheDomain = EveningInTheDomain.TestCase
TestEveningInTheDomain.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
