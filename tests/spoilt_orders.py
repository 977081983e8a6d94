"""One order of a played evening with one thing spoilt, and what the reconciler says of it, without a database."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import attrs

import evening
import orders_world as world
from sale_adapters.memory import ManualClock, MemoryBooks, MemoryOrders, MemoryStore
from sale_domain.ids import merchant_bucket
from sale_domain.ledger import Ledger
from sale_domain.lines import LinePrice
from sale_domain.money import Money
from sale_domain.order_reconciliation import check_order
from sale_domain.orders import Order
from sale_domain.ports.orders import Decide, Decision
from sale_domain.ports.reconciling import BookedOrder
from sale_domain.reconciliation import Check

T = TypeVar("T", bound=attrs.AttrsInstance)
Spoil = Callable[[BookedOrder], BookedOrder]


def evolved(thing: T, **changed: object) -> T:
    return attrs.evolve(thing, **changed)  # type: ignore[misc]  # any field of any value


async def an(kind: str, *decisions: Decide) -> BookedOrder:
    """Return everything about one order of a played evening."""
    store = MemoryStore(clock=ManualClock())
    orders = MemoryOrders(store)
    played = await evening.play(orders)
    order_id = getattr(played, kind)
    for decide in decisions:
        await orders.change(order_id, decide, merchant_id=played.merchant_id)
    (booked,) = await MemoryBooks(store=store).booked(merchant_bucket(played.merchant_id), [order_id])
    return booked


def found(booked: BookedOrder, *, kept_since: timedelta = timedelta(0)) -> list[tuple[Check, str]]:
    findings = check_order(booked, kept_since=world.MORNING + kept_since)
    assert {finding.id for finding in findings if finding.check not in {Check.PAYLOAD, Check.TICKET}} <= {
        booked.order.id
    }
    return [(finding.check, finding.sentence) for finding in findings]


def order(**changed: object) -> Spoil:
    return lambda booked: evolved(booked, order=evolved(booked.order, **changed))


def booked(**changed: object) -> Spoil:
    return lambda whole: evolved(whole, **changed)


def row(part: str, index: int, **changed: object) -> Spoil:
    """Spoil one row: an event, a history entry."""

    def spoil(whole: BookedOrder) -> BookedOrder:
        rows = list(getattr(whole, part))
        rows[index] = evolved(rows[index], **changed)
        return evolved(whole, **{part: tuple(rows)})

    return spoil


def without(part: str, index: int) -> Spoil:
    def spoil(whole: BookedOrder) -> BookedOrder:
        rows = list(getattr(whole, part))
        del rows[index]
        return evolved(whole, **{part: tuple(rows)})

    return spoil


def told(index: int, **changed: object) -> Spoil:
    return lambda whole: row("events", index, told=evolved(whole.events[index].told, **changed))(whole)


def line(**changed: object) -> Spoil:
    def spoil(whole: BookedOrder) -> BookedOrder:
        first, *rest = whole.order.basket.lines
        return order(basket=evolved(whole.order.basket, lines=(evolved(first, **changed), *rest)))(whole)

    return spoil


def totals(**changed: int) -> Spoil:
    def spoil(whole: BookedOrder) -> BookedOrder:
        amounts = {name: Money(Decimal(amount), world.VND) for name, amount in changed.items()}
        assert whole.order.totals is not None
        return order(totals=evolved(whole.order.totals, **amounts))(whole)

    return spoil


def facts(*keep: int) -> Spoil:
    return lambda whole: order(ledger=Ledger(tuple(whole.order.ledger.facts[n] for n in keep)))(whole)


def item(index: int, **changed: object) -> Spoil:
    def spoil(whole: BookedOrder) -> BookedOrder:
        kitchen = whole.order.kitchen
        tickets = list(kitchen.tickets)
        (one,) = tickets[index].items
        tickets[index] = evolved(tickets[index], items=(evolved(one, **changed),))
        return order(kitchen=evolved(kitchen, tickets=tuple(tickets)))(whole)

    return spoil


def doubled(uid: str, amount: int) -> Decide:
    """Decide as the webhook does about an attempt that names another transaction than before."""
    return lambda order: world.paying(evolved(world.attempt(order.id, amount, uid=uid), transaction_uid="other"))(order)


def cancelled(order: Order) -> Decision:
    return Decision(change=order.cancel(reason="rain", at=order.updated_at, by="lan"))


FREE = LinePrice(**dict.fromkeys(("base_price", "unit_price", "discount", "tax", "total"), world.ZERO))
