"""Open an order, fill it, look at it, take it back, give it up."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import attrs

from sale_domain.announcements import messages
from sale_domain.context import Context
from sale_domain.ids import CustomerId, ItemId, LineId, MerchantId, OrderId, SaleChannelId, merchant_bucket
from sale_domain.lines import PRODUCT_VARIANT, Component, Keep, NewCustom, NewItem, NewProduct
from sale_domain.money import Currency
from sale_domain.order_change import Change
from sale_domain.order_errors import UnknownSaleChannel
from sale_domain.orders import Order
from sale_domain.ports.orders import EVERYTHING, LINES, Decision, Need
from sale_domain.snapshots import SaleChannel
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.parts import Parts
from sale_domain.views import OrderView


@attrs.frozen(kw_only=True)
class ComponentRequest:
    """A part of a combo; the quantity is given for one combo."""

    item_id: ItemId
    quantity: Decimal


@attrs.frozen(kw_only=True)
class ProductRequest:
    """A catalogue item to add; with components it is a combo."""

    item_id: ItemId
    item_type: str = PRODUCT_VARIANT
    quantity: Decimal = Decimal(1)
    note: str | None = None
    components: tuple[ComponentRequest, ...] = ()


@attrs.frozen(kw_only=True)
class CustomRequest:
    """An item to add that is in no catalogue; its price is in the order's currency."""

    name: str
    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    note: str | None = None


ItemRequest = ProductRequest | CustomRequest
"""What a caller can ask to be added."""


@attrs.frozen(kw_only=True)
class NewOrder:
    """An order to open; the currency is the channel's unless said otherwise."""

    sale_channel_id: SaleChannelId
    currency: Currency | None = None
    customer_id: CustomerId | None = None
    note: str | None = None
    items: tuple[ItemRequest, ...] = ()


async def create_order(parts: Parts, context: Context, new: NewOrder) -> OrderView:
    """Open an order, with its first items in it."""
    channel = await own_channel(parts, new.sale_channel_id, context.merchant_id)
    currency = new.currency or channel.currency
    bucket = merchant_bucket(context.merchant_id)
    items = await concurrently(_described(parts, item, bucket=bucket) for item in new.items)
    order_id, now = OrderId(parts.ids.new(bucket)), parts.clock.now()
    order = Order(
        id=order_id,
        number=f"{now:%Y%m%d%H%M%S}-{order_id}",
        merchant_id=context.merchant_id,
        sale_channel_id=channel.id,
        customer_id=new.customer_id,
        currency=currency,
        note=new.note,
        created_at=now,
        created_by=context.user_id,
        updated_at=now,
    )
    return await parts.orders.create(Decision(change=order.created(items=tuple(items))), once=context.once)


async def add_item(parts: Parts, context: Context, order_id: OrderId, item: ItemRequest) -> OrderView:
    """Add an item to a DRAFT."""
    described = await _described(parts, item, bucket=merchant_bucket(context.merchant_id))
    return await changed(
        parts, context, order_id, lambda order, at: order.add_item(described, at=at, by=context.user_id)
    )


async def change_item(
    parts: Parts,
    context: Context,
    order_id: OrderId,
    line_id: LineId,
    *,
    quantity: Decimal | None = None,
    note: str | Keep | None = Keep.KEEP,
) -> OrderView:
    """Change a line's quantity, where 0 removes it, or its note, where None empties it."""

    def change(order: Order, at: datetime) -> Change:
        return order.change_item(line_id, quantity=quantity, note=note, at=at, by=context.user_id)

    return await changed(parts, context, order_id, change)


async def remove_item(parts: Parts, context: Context, order_id: OrderId, line_id: LineId) -> OrderView:
    """Remove a line, a combo's lead with its children."""
    return await changed(
        parts, context, order_id, lambda order, at: order.remove_item(line_id, at=at, by=context.user_id)
    )


async def remove_all_items(parts: Parts, context: Context, order_id: OrderId) -> OrderView:
    """Remove every line, or none."""
    return await changed(parts, context, order_id, lambda order, at: order.remove_all_items(at=at, by=context.user_id))


async def revert(parts: Parts, context: Context, order_id: OrderId, *, reason: str | None) -> OrderView:
    """Take a checkout back."""
    return await changed(
        parts, context, order_id, lambda order, at: order.revert(reason=reason, at=at, by=context.user_id)
    )


async def cancel(parts: Parts, context: Context, order_id: OrderId, *, reason: str) -> OrderView:
    """Give an order up."""
    return await changed(
        parts,
        context,
        order_id,
        lambda order, at: order.cancel(reason=reason, at=at, by=context.user_id),
        needs=EVERYTHING,
    )


async def own_channel(parts: Parts, sale_channel_id: SaleChannelId, merchant_id: MerchantId) -> SaleChannel:
    """Read a sale channel of the merchant; another merchant's does not exist.

    Raises:
        UnknownSaleChannel: there is none.
    """
    channel = await parts.catalog.sale_channel(sale_channel_id)
    if channel.merchant_id != merchant_id:
        raise UnknownSaleChannel(sale_channel_id=sale_channel_id)
    return channel


async def changed(
    parts: Parts,
    context: Context,
    order_id: OrderId,
    change: Callable[[Order, datetime], Change],
    *,
    needs: Need = LINES,
    version: Callable[[Order], int] = lambda order: order.version,
) -> OrderView:
    """Change a locked order and tell of it; `version` is that of the thing which the caller has seen."""

    def decide(order: Order) -> Decision:
        context.check_version(version(order))
        done = change(order, parts.clock.now())
        return Decision(change=done, messages=messages(done, new_id=parts.ids.new, traceparent=context.traceparent))

    committed = await parts.orders.change(
        order_id, decide, merchant_id=context.merchant_id, needs=needs, once=context.once
    )
    return committed.view


async def _described(parts: Parts, item: ItemRequest, *, bucket: int) -> NewItem:
    if isinstance(item, CustomRequest):
        return NewCustom(
            id=LineId(parts.ids.new(bucket)),
            name=item.name,
            unit_price=item.unit_price,
            quantity=item.quantity,
            note=item.note,
        )
    wanted = (item.item_id, *(component.item_id for component in item.components))
    found = await concurrently(parts.catalog.item(item_id) for item_id in wanted)
    name, *part_names = (each.name for each in found)
    return NewProduct(
        id=LineId(parts.ids.new(bucket)),
        item_type=item.item_type,
        item_id=item.item_id,
        name=name,
        quantity=item.quantity,
        note=item.note,
        components=tuple(
            Component(id=LineId(parts.ids.new(bucket)), item_id=part.item_id, name=name, quantity=part.quantity)
            for part, name in zip(item.components, part_names, strict=True)
        ),
    )
