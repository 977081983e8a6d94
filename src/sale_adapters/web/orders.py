"""What can be asked of sale orders over HTTP."""

from functools import partial

from sale_adapters.web.calls import Call, if_match
from sale_adapters.web.replies import feed_seq, order_reply, reply
from sale_adapters.wire.bodies import (
    CancelBody,
    ChangeItemBody,
    CheckoutBody,
    NewOrderBody,
    OrderQuery,
    RevertBody,
    read_item,
)
from sale_adapters.wire.order_history import history_body
from sale_adapters.wire.order_preview import preview_body
from sale_adapters.wire.orders import order_list_body
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.ids import LineId, OrderId
from sale_domain.ports.answers import StoredAnswer
from sale_domain.views import OrderView


async def create(call: Call) -> StoredAnswer:
    """Open an order.

    Raises:
        InvalidInput: If-Match names a version, and what is about to be made has none.
    """
    if if_match(call.request) is not None:
        raise InvalidInput.at("/headers/if-match", "must not name a version: a new order has none")
    new = call.parsed(NewOrderBody).request()
    place = call.request.url.path

    def created(view: OrderView) -> StoredAnswer:
        return order_reply(view, status=201, headers=(("location", f"{place}/{view.order.id}"),))

    return created(await call.sale.create_order(call.changing(created), new))


async def find(call: Call) -> StoredAnswer:
    """List orders, newest first."""
    query = call.query(OrderQuery)
    page = await call.sale.orders(call.reading(), query.filter(), after=query.cursor, limit=query.limit)
    return reply(order_list_body(page), headers=feed_seq(page.feed_seq))


async def find_by_id(call: Call) -> StoredAnswer:
    """Show an order."""
    return order_reply(await call.sale.order(call.reading(), call.named(OrderId)))


async def history(call: Call) -> StoredAnswer:
    """Show what happened to an order."""
    told = await call.sale.order_history(call.reading(), call.named(OrderId))
    return reply(history_body(told), headers=feed_seq(told.feed_seq))


async def add_item(call: Call) -> StoredAnswer:
    """Add an item."""
    item = read_item(call.body)
    added = partial(order_reply, status=201)
    return added(await call.sale.add_item(call.changing(added), call.named(OrderId), item))


async def change_item(call: Call) -> StoredAnswer:
    """Change a line."""
    wanted = call.parsed(ChangeItemBody)
    context = call.changing(order_reply)
    view = await call.sale.change_item(
        context, call.named(OrderId), call.named(LineId), quantity=wanted.quantity, note=wanted.note
    )
    return order_reply(view)


async def remove_item(call: Call) -> StoredAnswer:
    """Remove a line."""
    return order_reply(await call.sale.remove_item(call.changing(order_reply), call.named(OrderId), call.named(LineId)))


async def remove_all_items(call: Call) -> StoredAnswer:
    """Remove every line."""
    return order_reply(await call.sale.remove_all_items(call.changing(order_reply), call.named(OrderId)))


async def preview_prices(call: Call) -> StoredAnswer:
    """Show what an order would cost now."""
    return reply(preview_body(await call.sale.preview_prices(call.reading(), call.named(OrderId))))


async def check_out(call: Call) -> StoredAnswer:
    """Freeze prices."""
    request = call.parsed(CheckoutBody).request()
    return order_reply(await call.sale.check_out(call.changing(order_reply), call.named(OrderId), request))


async def revert(call: Call) -> StoredAnswer:
    """Take a checkout back."""
    reason = call.parsed(RevertBody).reason
    return order_reply(await call.sale.revert(call.changing(order_reply), call.named(OrderId), reason=reason))


async def cancel(call: Call) -> StoredAnswer:
    """Give an order up."""
    reason = call.parsed(CancelBody).reason
    return order_reply(await call.sale.cancel(call.changing(order_reply), call.named(OrderId), reason=reason))
