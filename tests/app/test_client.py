"""The client at everything real: an evening at one table, over a network, told to Kafka."""

from decimal import Decimal
from typing import Any

from live import Live
from sale_adapters.client import Product, SaleClient
from sale_adapters.wire import json
from sale_domain.usage_lifecycle import UsageStatus

TWO_PHO = Product(item_id="variant-pho", quantity=2)


async def test_guests_are_seated_fed_and_pay_through_the_client(sale: Live) -> None:
    async def token() -> str:
        return sale.token(roles=["admin"])

    async with SaleClient(sale.stage.http, token=token, merchant_id="merchant-1") as client:
        order = await client.create_order(sale_channel_id="channel-vnd", items=[TWO_PHO], key="table-9/1")
        assert await client.create_order(sale_channel_id="channel-vnd", items=[TWO_PHO], key="table-9/1") == order
        (usage,) = await client.allocate(order.id, [f"table-of-{order.id}"])
        (ticket,) = await client.send(order.id)
        assert ticket.units == (usage.unit_id,)
        for act in (client.cook_item, client.finish_item, client.serve_item):
            ticket = await act(ticket.items[0].id, if_match=ticket.version)
        assert ticket.status == "COMPLETED"
        order = await client.check_out(order.id, expected_total=(await client.preview_prices(order.id)).total)
        assert (order.status, order.total, order.items[0].sent_quantity) == ("PROCESSING", Decimal(130_000), Decimal(2))
        assert "applied" in sale.pay(order.id, 130_000)
        assert (await client.order(order.id)).status == "COMPLETED"
        left = client.usages(unit_id=usage.unit_id, status=UsageStatus.SUCCESS)
        assert [each.id async for each in left] == [usage.id]
        assert [row.action for row in await client.order_history(order.id)][-1] == "ORDER_PAYMENT_UPDATED"
    (record,) = sale.records(order.id, count=1)
    event: Any = json.read(record.value)
    assert event["payment"]["paid"] == 130_000
