"""Orders at rest: one transaction a command, the order row locked before anything of it is read (C22)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Flag, auto
from typing import Literal, Protocol

import attrs

from sale_domain.feed import FeedEntry
from sale_domain.ids import CustomerId, MerchantId, OrderId, SaleChannelId
from sale_domain.ledger import PaymentFact
from sale_domain.messages import Message
from sale_domain.order_change import Change
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.payments import PaymentOutcome
from sale_domain.ports.answers import Once
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.views import OrderView


@attrs.frozen(kw_only=True)
class ReceivedWebhook:
    """A webhook body, verbatim, for the raw log.

    Attributes:
        id: Our own id; it ends in the bucket that the row lives in.
        outcome: What was answered; `refused` where the body was no event that can be read.
    """

    id: str
    received_at: datetime
    event_type: str | None
    body: bytes
    outcome: str


@attrs.frozen(kw_only=True)
class Decision:
    """What a command has decided, to be written in one transaction.

    Attributes:
        messages: Rows for the outbox.
        webhook: A row for the raw log; it is written also when the change is empty.
        outcome: What a payment did.
        unparked: The parked fact that this was about; it waits no longer, also when the change is empty.
    """

    change: Change
    messages: tuple[Message, ...] = ()
    webhook: ReceivedWebhook | None = None
    outcome: PaymentOutcome | None = None
    unparked: PaymentFact | None = None

    def view(self, *, snapshot: CheckoutSnapshot | None) -> OrderView:
        """Return what readers see of it, once it is written."""
        touched = frozenset(entry.thing_id for entry in self.change.entries)
        return OrderView(order=self.change.order, snapshot=snapshot, touched=touched)


Decide = Callable[[Order], Decision]
"""A pure function of the locked order; it may run again when the transaction is retried, and refuses by raising."""


class Need(Flag):
    """What a command needs of an order beside its lines and its ledger, which every command gets.

    What was not asked for is not read; using it all the same is a bug that asserts. What the kitchen has of each line
    stands on the line (`Line.sent_quantity`).
    """

    KITCHEN = auto()
    """Its tickets."""
    ACTIVE_USAGES = auto()
    """Where its guests are: those of its usages that its end would end."""
    SEATING = auto()
    """All its usages."""
    SNAPSHOT = auto()
    """What its newest checkout has frozen, for the view."""


LINES = Need(0)
"""Nothing but the order itself, its lines and its ledger."""
EVERYTHING = Need.KITCHEN | Need.SEATING | Need.SNAPSHOT
"""All that belongs to an order."""


@attrs.frozen(kw_only=True)
class Committed:
    """What a transaction has left behind."""

    view: OrderView
    decision: Decision


@attrs.frozen(kw_only=True)
class OrderFilter:
    """Which orders a list shows; None means all. Times are inclusive below and exclusive above.

    Attributes:
        unallocated: Only those that have received more than they could use.
    """

    status: OrderStatus | None = None
    sale_channel_id: SaleChannelId | None = None
    customer_id: CustomerId | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    unallocated: Literal[True] | None = None


@attrs.frozen(kw_only=True)
class OrderPage:
    """Orders, newest first; `next_after` is where the next page begins, None on the last."""

    orders: tuple[Order, ...]
    next_after: OrderId | None
    feed_seq: int


@attrs.frozen(kw_only=True)
class NumberedEntry:
    """A history entry with the merchant's feed number."""

    n: int
    entry: FeedEntry


@attrs.frozen(kw_only=True)
class History:
    """An order's own entries, oldest first."""

    entries: tuple[NumberedEntry, ...]
    feed_seq: int


class Orders(Protocol):
    """Orders at rest. Every method may raise `StoreUnavailable`; reads and changes are scoped to the merchant."""

    async def create(self, decision: Decision, *, once: Once | None) -> OrderView:
        """Write a new order.

        Raises:
            AlreadyAnswered, KeyInUse, KeyReused: as `change`.
        """

    async def change(
        self,
        order_id: OrderId,
        decide: Decide,
        *,
        merchant_id: MerchantId | None,
        needs: Need = EVERYTHING,
        once: Once | None = None,
    ) -> Committed:
        """Lock the order, let `decide` look at it, and write what it decided: all of it or nothing.

        `merchant_id` says whose order it must be; None is for those who name no merchant: mq-pay and the sweeps. What
        `decide` sees, and the view, has what the caller `needs`; orders that are only read come without kitchen and
        seating.

        Raises:
            AlreadyAnswered: an equal request has had its effect.
            KeyInUse: an equal request is still running and the lock time-out has passed.
            KeyReused: the key came with another body.
            NotFound: there is no such order.
            SaleError: whatever `decide` raises; nothing is written.
            UnitInUse: another order of the merchant has a unit that this one was to get.
        """

    async def find(self, order_id: OrderId, *, merchant_id: MerchantId) -> OrderView:
        """Read an order, without its kitchen and its seating.

        Raises:
            NotFound: there is none.
        """

    async def find_many(
        self, which: OrderFilter, *, merchant_id: MerchantId, after: OrderId | None, limit: int
    ) -> OrderPage:
        """Read a page of orders, newest first, without their kitchen and their seating."""

    async def history(self, order_id: OrderId, *, merchant_id: MerchantId) -> History:
        """Read what happened to an order.

        Raises:
            NotFound: there is no such order.
        """


@attrs.frozen(kw_only=True)
class ParkedFact:
    """A payment fact that waits for its order, and the delivery that brought it first."""

    fact: PaymentFact
    webhook_id: str
    parked_at: datetime


class Inbox(Protocol):
    """Payment events that have no order yet, and every webhook body. Every method may raise `StoreUnavailable`."""

    async def log(self, webhook: ReceivedWebhook) -> None:
        """Keep a body in the raw log, and do nothing else."""

    async def park(self, fact: PaymentFact, *, webhook: ReceivedWebhook) -> None:
        """Keep a fact, once, until its order is there, and the body in the raw log."""

    async def arrived(self, buckets: range, *, since: datetime, after: str = "", limit: int) -> tuple[ParkedFact, ...]:
        """Read parked facts whose order is there by now, oldest first: those behind `since` and webhook `after`."""

    async def waiting(self, buckets: range, *, until: datetime, limit: int) -> tuple[ParkedFact, ...]:
        """Read the facts that were parked before a time and wait still, for whatever reason; oldest first."""

    async def webhook(self, webhook_id: str) -> ReceivedWebhook:
        """Read one body of the raw log.

        Raises:
            NotFound: it is not there, or not any more.
        """

    async def webhooks_naming(self, order_id: OrderId, *, within: timedelta, limit: int) -> tuple[ReceivedWebhook, ...]:
        """Read the bodies that name the order and came within so long of its making, oldest first; refused ones too.

        Raises:
            NotFound: the id is none of ours, so nothing can be filed under it.
        """
