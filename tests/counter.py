"""What a waiter does at a shop that lives in memory: order, pay, and look at everything that is kept."""

from decimal import Decimal
from typing import Any

from sale_app.composition import InMemorySale
from sale_domain.context import Context
from sale_domain.ids import ItemId, MerchantId, SaleChannelId, UserId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.payments import PaymentOutcome
from sale_domain.use_cases.ordering import ComponentRequest, CustomRequest, NewOrder, ProductRequest
from sale_domain.use_cases.settlement import Delivery
from sale_domain.views import OrderView

LAN = Context(merchant_id=MerchantId("merchant-1"), user_id=UserId("lan"), traceparent="00-trace-1")
STRANGER = Context(merchant_id=MerchantId("merchant-2"), user_id=UserId("mai"))
AT_THE_SHOP = SaleChannelId("channel-vnd")
AT_THE_AIRPORT = SaleChannelId("channel-usd")


def item(name: str, quantity: int | str = 1, *, note: str | None = None, **parts: int) -> ProductRequest:
    return ProductRequest(
        item_id=ItemId(f"variant-{name}"),
        quantity=Decimal(quantity),
        note=note,
        components=tuple(
            ComponentRequest(item_id=ItemId(f"variant-{part.replace('_', '-')}"), quantity=Decimal(each))
            for part, each in parts.items()
        ),
    )


async def opened(shop: InMemorySale, *items: ProductRequest | CustomRequest) -> OrderView:
    return await shop.sale.create_order(LAN, NewOrder(sale_channel_id=AT_THE_SHOP, items=items))


async def pay(
    shop: InMemorySale, order_id: str, uid: str, amount: int, *, source: SourceType = SourceType.SALE_ORDER
) -> PaymentOutcome:
    """Deliver what mq-pay tells when an attempt has succeeded."""
    told = PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=source, id=order_id),
        amount=Decimal(amount),
        attempt_uid=uid,
        payment_provider="vnpay",
        at=shop.clock.now(),
    )
    body = f'{{"attempt": "{uid}"}}'.encode()
    return await shop.sale.receive_payment(Delivery(body=body, event_type=told.type.value), told)


def everything(shop: InMemorySale) -> dict[str, Any]:
    """Return all that the database holds, to be compared."""
    store = shop.store
    return {
        "orders": dict(store.orders),
        "snapshots": {order_id: list(kept) for order_id, kept in store.snapshots.items()},
        "feeds": {merchant: list(feed) for merchant, feed in store.feeds.items() if feed},
        "messages": list(store.messages),
        "rows": dict(store.outbox.rows),
        "webhooks": list(store.webhooks),
        "parked": dict(store.parked),
    }
