"""What can be asked of orders and their money."""

from collections.abc import Sequence
from datetime import datetime

from sale_adapters.client.answers import Pages
from sale_adapters.client.arguments import place
from sale_adapters.client.listing import ListCalls
from sale_adapters.client.requests import Item, Number, exact, form_of, said
from sale_adapters.wire.order_history import HistoryBody, HistoryRowBody
from sale_adapters.wire.order_preview import PreviewBody
from sale_adapters.wire.orders import OrderBody, OrderListBody
from sale_adapters.wire.unallocated import UnallocatedBody, UnallocatedListBody
from sale_domain.lines import Keep
from sale_domain.order_lifecycle import OrderStatus

_ORDERS = "sale-orders"


class OrderCalls(ListCalls):
    """Every command and query on orders; those that change one return it as it is then."""

    async def create_order(
        self,
        *,
        sale_channel_id: str,
        currency: str | None = None,
        customer_id: str | None = None,
        note: str | None = None,
        items: Sequence[Item] = (),
        key: str | None = None,
    ) -> OrderBody:
        """Open an order; the currency is the channel's unless given."""
        body = said(
            sale_channel_id=sale_channel_id, currency=currency, customer_id=customer_id, note=note, items=tuple(items)
        )
        return (await self._post(place(_ORDERS), body, key=key)).read(OrderBody)

    async def order(self, order_id: str) -> OrderBody:
        """Read an order."""
        return (await self._get(place(_ORDERS, order_id))).read(OrderBody)

    def orders(
        self,
        *,
        status: OrderStatus | None = None,
        sale_channel_id: str | None = None,
        customer_id: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        page_size: int | None = None,
    ) -> Pages[OrderBody]:
        """List orders, newest first."""
        query = said(
            status=status,
            sale_channel_id=sale_channel_id,
            customer_id=customer_id,
            created_from=created_from,
            created_to=created_to,
            limit=page_size,
        )
        return self._pages(place(_ORDERS), query, OrderListBody)

    async def order_history(self, order_id: str) -> tuple[HistoryRowBody, ...]:
        """Read what happened to an order, oldest first."""
        return (await self._get(place(_ORDERS, order_id, "history"))).read(HistoryBody).items

    async def add_item(
        self, order_id: str, item: Item, *, key: str | None = None, if_match: int | None = None
    ) -> OrderBody:
        """Add an item to a DRAFT."""
        path = place(_ORDERS, order_id, "items")
        return (await self._post(path, form_of(item), key=key, if_match=if_match)).read(OrderBody)

    async def change_item(
        self,
        order_id: str,
        line_id: str,
        *,
        quantity: Number | None = None,
        note: str | Keep | None = Keep.KEEP,
        if_match: int | None = None,
    ) -> OrderBody:
        """Change a line's quantity (0 removes it) or note (None empties it)."""
        body = said(quantity=None if quantity is None else exact(quantity))
        if not isinstance(note, Keep):
            body["note"] = note
        path = place(_ORDERS, order_id, "items", line_id)
        return (await self._change("PATCH", path, body, if_match=if_match)).read(OrderBody)

    async def remove_item(self, order_id: str, line_id: str, *, if_match: int | None = None) -> OrderBody:
        """Remove a line, a combo's lead with its children."""
        path = place(_ORDERS, order_id, "items", line_id)
        return (await self._change("DELETE", path, if_match=if_match)).read(OrderBody)

    async def remove_all_items(self, order_id: str, *, if_match: int | None = None) -> OrderBody:
        """Remove every line, or none."""
        path = place(_ORDERS, order_id, "items")
        return (await self._change("DELETE", path, if_match=if_match)).read(OrderBody)

    async def preview_prices(self, order_id: str) -> PreviewBody:
        """Ask what an order would cost now; nothing is written."""
        return (await self._get(place(_ORDERS, order_id, "pricing-preview"))).read(PreviewBody)

    async def check_out(
        self,
        order_id: str,
        *,
        expected_total: Number | None = None,
        exchange_rate: Number | None = None,
        key: str | None = None,
        if_match: int | None = None,
    ) -> OrderBody:
        """Freeze prices and snapshots; a total that the guest has not seen is a Conflict, `price-changed`."""
        body = said(
            expected_total=None if expected_total is None else exact(expected_total),
            exchange_rate=None if exchange_rate is None else exact(exchange_rate),
        )
        path = place(_ORDERS, order_id, "checkout")
        return (await self._post(path, body, key=key, if_match=if_match)).read(OrderBody)

    async def revert(
        self, order_id: str, *, reason: str | None = None, key: str | None = None, if_match: int | None = None
    ) -> OrderBody:
        """Take an unpaid checkout back."""
        path = place(_ORDERS, order_id, "revert")
        return (await self._post(path, said(reason=reason), key=key, if_match=if_match)).read(OrderBody)

    async def cancel(
        self, order_id: str, *, reason: str, key: str | None = None, if_match: int | None = None
    ) -> OrderBody:
        """Give an order up."""
        path = place(_ORDERS, order_id, "cancel")
        return (await self._post(path, said(reason=reason), key=key, if_match=if_match)).read(OrderBody)

    def unallocated(self, *, page_size: int | None = None) -> Pages[UnallocatedBody]:
        """List the orders that have received more money than they could use, newest first."""
        return self._pages(place("unallocated"), said(limit=page_size), UnallocatedListBody)
