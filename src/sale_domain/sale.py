"""Sale: every command and query in one list, the table of contents of the service."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from sale_domain.context import Context
from sale_domain.cooking import Portion
from sale_domain.ids import KitchenItemId, KitchenTicketId, LineId, OrderId, UnitId, UsageId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.ledger import PaymentFact
from sale_domain.lines import Keep
from sale_domain.payments import PaymentOutcome
from sale_domain.permissions import Permission, Principal, is_allowed
from sale_domain.port_errors import Forbidden
from sale_domain.ports.allocations import UsageFilter, UsagePage
from sale_domain.ports.answers import AnswerKey, StoredAnswer
from sale_domain.ports.kitchen import TicketFilter, TicketPage, TicketView
from sale_domain.ports.orders import History, OrderFilter, OrderPage
from sale_domain.seating import Units
from sale_domain.stations import Station, Stations
from sale_domain.use_cases import checkout, cooking, ordering, seating, settlement, sweeping
from sale_domain.use_cases.checkout import CheckoutRequest, Preview
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.ordering import ItemRequest, NewOrder
from sale_domain.use_cases.parts import Parts
from sale_domain.use_cases.seating import Expired
from sale_domain.use_cases.settlement import Delivery
from sale_domain.use_cases.sweeping import Swept
from sale_domain.views import OrderView


@attrs.frozen
class Sale:
    """The order service, whatever is plugged into its ports.

    Every method may raise `StoreUnavailable` or `SisterUnavailable`; those that name an order raise `NotFound`.
    """

    parts: Parts

    # --- callers -----------------------------------------------------------------------------------------------

    async def authenticate(self, token: str) -> Principal:
        """Return whom a token speaks for (C8)."""
        return await self.parts.tokens.verify(token)

    async def authorize(self, principal: Principal, permission: Permission) -> None:
        """Check that one of the principal's roles allows what none denies (C9).

        Raises:
            Forbidden: no role allows it, or one denies it.
        """
        if principal.bypasses_policies:
            return
        roles: Iterable[str] = sorted(principal.roles)
        effects = await concurrently(self.parts.policies.effect(role, permission) for role in roles)
        if not is_allowed(effects):
            raise Forbidden(reason=f"The token's roles do not allow {permission.value}.")

    # --- orders ------------------------------------------------------------------------------------------------

    async def create_order(self, context: Context, new: NewOrder) -> OrderView:
        """Open an order."""
        return await ordering.create_order(self.parts, context, new)

    async def order(self, context: Context, order_id: OrderId) -> OrderView:
        """Read an order."""
        return await self.parts.orders.find(order_id, merchant_id=context.merchant_id)

    async def orders(self, context: Context, which: OrderFilter, *, after: OrderId | None, limit: int) -> OrderPage:
        """Read a page of orders, newest first."""
        return await self.parts.orders.find_many(which, merchant_id=context.merchant_id, after=after, limit=limit)

    async def order_history(self, context: Context, order_id: OrderId) -> History:
        """Read what happened to an order."""
        return await self.parts.orders.history(order_id, merchant_id=context.merchant_id)

    async def add_item(self, context: Context, order_id: OrderId, item: ItemRequest) -> OrderView:
        """Add an item to a DRAFT."""
        return await ordering.add_item(self.parts, context, order_id, item)

    async def change_item(
        self,
        context: Context,
        order_id: OrderId,
        line_id: LineId,
        *,
        quantity: Decimal | None = None,
        note: str | Keep | None = Keep.KEEP,
    ) -> OrderView:
        """Change a line's quantity or note."""
        return await ordering.change_item(self.parts, context, order_id, line_id, quantity=quantity, note=note)

    async def remove_item(self, context: Context, order_id: OrderId, line_id: LineId) -> OrderView:
        """Remove a line."""
        return await ordering.remove_item(self.parts, context, order_id, line_id)

    async def remove_all_items(self, context: Context, order_id: OrderId) -> OrderView:
        """Remove every line, or none."""
        return await ordering.remove_all_items(self.parts, context, order_id)

    async def preview_prices(self, context: Context, order_id: OrderId) -> Preview:
        """Ask what an order's lines cost now; nothing is written."""
        return await checkout.preview(self.parts, context, order_id)

    async def check_out(self, context: Context, order_id: OrderId, request: CheckoutRequest) -> OrderView:
        """Freeze prices and snapshots."""
        return await checkout.check_out(self.parts, context, order_id, request)

    async def revert(self, context: Context, order_id: OrderId, *, reason: str | None) -> OrderView:
        """Take a checkout back."""
        return await ordering.revert(self.parts, context, order_id, reason=reason)

    async def cancel(self, context: Context, order_id: OrderId, *, reason: str) -> OrderView:
        """Give an order up."""
        return await ordering.cancel(self.parts, context, order_id, reason=reason)

    # --- payments ----------------------------------------------------------------------------------------------

    async def receive_payment(self, delivery: Delivery, fact: PaymentFact) -> PaymentOutcome:
        """Count a payment fact for its order, once (C1)."""
        return await settlement.receive_payment(self.parts, delivery, fact)

    async def log_delivery(self, delivery: Delivery, *, outcome: str) -> None:
        """Keep a webhook body that is no payment of ours in the raw log."""
        await settlement.log_delivery(self.parts, delivery, outcome=outcome)

    async def unallocated(self, context: Context, *, after: OrderId | None, limit: int) -> OrderPage:
        """Read a page of the orders that have received more money than they could use, newest first."""
        return await self.orders(context, OrderFilter(unallocated=True), after=after, limit=limit)

    async def sweep_parked(self, buckets: range, *, since: datetime) -> Swept:
        """Apply the payments parked since then whose order is there by now; a command of the relay's lease holder."""
        return await sweeping.sweep_parked(self.parts, buckets, since=since)

    # --- the kitchen -------------------------------------------------------------------------------------------

    async def send(self, context: Context, order_id: OrderId, wanted: Sequence[Portion]) -> OrderView:
        """Send an order's lines to the kitchen, all that is unsent when none is named."""
        return await cooking.send(self.parts, context, order_id, wanted)

    async def ticket(self, context: Context, ticket_id: KitchenTicketId) -> TicketView:
        """Read a kitchen ticket."""
        return await self.parts.tickets.find(ticket_id, merchant_id=context.merchant_id)

    async def tickets(
        self, context: Context, which: TicketFilter, *, after: KitchenTicketId | None, limit: int
    ) -> TicketPage:
        """Read a page of kitchen tickets, oldest first."""
        return await self.parts.tickets.find_many(which, merchant_id=context.merchant_id, after=after, limit=limit)

    async def act_on_kitchen_item(
        self, context: Context, item_id: KitchenItemId, action: KitchenItemAction, *, reason: str | None = None
    ) -> OrderView:
        """Cook, finish, serve, recall or void a sent item (C15)."""
        return await cooking.act(self.parts, context, item_id, action, reason=reason)

    async def void_ticket(self, context: Context, ticket_id: KitchenTicketId, *, reason: str) -> OrderView:
        """Void every item of a ticket that can be voided."""
        return await cooking.void(self.parts, context, ticket_id, reason=reason)

    async def rush_ticket(self, context: Context, ticket_id: KitchenTicketId) -> OrderView:
        """Put a ticket before all others."""
        return await cooking.rush(self.parts, context, ticket_id)

    async def stations(self, context: Context) -> Stations:
        """Read the merchant's kitchen stations and what is cooked where."""
        return await self.parts.stations.find(context.merchant_id)

    async def replace_stations(self, context: Context, stations: tuple[Station, ...]) -> Stations:
        """Set all of the merchant's kitchen stations at once."""
        return await cooking.replace_stations(self.parts, context, stations)

    # --- tables ------------------------------------------------------------------------------------------------

    async def allocate(self, context: Context, order_id: OrderId, units: Units) -> OrderView:
        """Take units for an order, all or none; the view's `touched` names the new usages."""
        return await seating.allocate(self.parts, context, order_id, units)

    async def complete_usage(self, context: Context, usage_id: UsageId) -> OrderView:
        """End a usage well: the guests have left."""
        return await seating.complete(self.parts, context, usage_id)

    async def cancel_usage(self, context: Context, usage_id: UsageId, *, reason: str | None) -> OrderView:
        """Give a usage up."""
        return await seating.cancel(self.parts, context, usage_id, reason=reason)

    async def move_usage(self, context: Context, usage_id: UsageId, *, unit_id: UnitId) -> OrderView:
        """Take another unit instead."""
        return await seating.move(self.parts, context, usage_id, unit_id=unit_id)

    async def usages(self, context: Context, which: UsageFilter, *, after: UsageId | None, limit: int) -> UsagePage:
        """Read a page of usages, newest first."""
        return await self.parts.usages.find_many(which, merchant_id=context.merchant_id, after=after, limit=limit)

    async def sweep_expired(self, buckets: range) -> Expired:
        """End the usages whose time has come; a command of the relay's lease holder."""
        return await seating.sweep_expired(self.parts, buckets)

    # --- repeated requests -------------------------------------------------------------------------------------

    async def kept_answer(self, key: AnswerKey, *, fingerprint: bytes) -> StoredAnswer | None:
        """Return what an equal request was told before (Idempotency-Key)."""
        return await self.parts.answers.find(key, fingerprint=fingerprint)

    async def keep_answer(self, key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer) -> StoredAnswer:
        """Keep a refusal for equal requests; return the answer that was kept first."""
        return await self.parts.answers.keep(key, fingerprint=fingerprint, answer=answer)
