"""The client itself: one method for each route."""

from sale_adapters.client.kitchen import KitchenCalls
from sale_adapters.client.orders import OrderCalls
from sale_adapters.client.tables import TableCalls


class SaleClient(OrderCalls, KitchenCalls, TableCalls):
    """Sale over HTTP, on behalf of one merchant; methods are named as those of `sale_domain.sale.Sale`.

        async with SaleClient("http://127.0.0.1:31030", token=token, merchant_id="merchant-1") as sale:
            order = await sale.create_order(sale_channel_id="channel-vnd", items=[Product(item_id="variant-pho")])

    Every command takes `if_match`, the version that was seen. A POST takes a `key` of the caller's too, for commands
    that he may repeat himself; without one each call makes its own, and keeps it over its retries.

    Raises:
        ClientError: a call came to nothing; every method may raise it.
        ValueError: an argument that no request can carry, such as an empty key or a token with a line break; it is
            raised before anything is sent.
    """
