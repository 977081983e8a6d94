"""Check out: ask the sisters outside the lock, then lock, compare the version, and freeze (C16, C22, C23)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from sale_domain.announcements import check_events_fit, messages
from sale_domain.context import Context
from sale_domain.documents import JsonObject
from sale_domain.ids import EventId, ItemId, LineId, OrderId, bucket_of
from sale_domain.lines import Line
from sale_domain.money import Currency, Money
from sale_domain.order_errors import EmptyOrder, ExchangeRateNotNeeded, ExchangeRateRequired, OrderChanged, PriceChanged
from sale_domain.order_lifecycle import OrderAction
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision, Need
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote
from sale_domain.snapshots import CatalogItem, CheckoutSnapshot, ItemSnapshot, SaleChannel
from sale_domain.use_cases.concurrently import concurrently
from sale_domain.use_cases.ordering import own_channel
from sale_domain.use_cases.parts import Parts
from sale_domain.views import OrderView

RESTARTS = 5
"""How often a checkout starts over because the order changed while the sisters were asked."""


@attrs.frozen(kw_only=True)
class CheckoutRequest:
    """What the caller says at checkout.

    Attributes:
        expected_total: What the guest has seen; another total is refused.
        exchange_rate: Units of the channel's currency per unit of the order's (C24).
    """

    expected_total: Decimal | None = None
    exchange_rate: Decimal | None = None


@attrs.frozen(kw_only=True)
class Preview:
    """What the lines would cost now; nothing is written."""

    order: Order
    quote: Quote


@attrs.frozen(kw_only=True)
class _Findings:
    quote: Quote
    pricing_v2: JsonObject
    channel: SaleChannel
    items: Mapping[ItemId, ItemSnapshot]


class _Moved(Exception):
    """The order is not the one that was priced."""


async def preview(parts: Parts, context: Context, order_id: OrderId) -> Preview:
    """Ask what an order's lines cost now.

    Raises:
        EmptyOrder: there is nothing to price.
    """
    order = (await parts.orders.find(order_id, merchant_id=context.merchant_id)).order
    if not order.basket.lines:
        raise EmptyOrder
    quote = await parts.pricing.calculate(_pricing_request(order))
    return Preview(order=order, quote=quote.checked(order.basket, order.currency))


async def check_out(parts: Parts, context: Context, order_id: OrderId, request: CheckoutRequest) -> OrderView:
    """Freeze an order's prices and snapshots.

    Raises:
        EmptyOrder: there is nothing to check out.
        ExchangeRateRequired: the order is in another currency than its channel.
        OrderChanged: the order did not stand still.
        OrderTooLarge: its events would not fit into Kafka.
        PriceChanged: pricing says another total than the caller expects.
    """
    for _ in range(RESTARTS):
        order = (await parts.orders.find(order_id, merchant_id=context.merchant_id)).order
        context.check_version(order.version)
        order.ensure(OrderAction.CHECK_OUT)
        if not order.basket.lines:
            raise EmptyOrder
        findings = await _ask_the_sisters(parts, context, order)
        _check_total(findings.quote, request, order.currency)
        try:
            return await _freeze(parts, context, order, findings, request)
        except _Moved:
            continue
    raise OrderChanged


async def _ask_the_sisters(parts: Parts, context: Context, order: Order) -> _Findings:
    asked = _pricing_request(order)
    item_ids = dict.fromkeys(line.item_id for line in order.basket.lines if line.item_id is not None)
    answers: list[Any] = await concurrently(
        [
            parts.pricing.calculate(asked),
            parts.pricing.calculate_v2(asked),
            own_channel(parts, order.sale_channel_id, context.merchant_id),
            *(_item_snapshot(parts, item_id) for item_id in item_ids),
        ]
    )
    quote, pricing_v2, channel, *items = answers
    return _Findings(
        quote=quote.checked(order.basket, order.currency),
        pricing_v2=pricing_v2,
        channel=channel,
        items=dict(zip(item_ids, items, strict=True)),
    )


async def _item_snapshot(parts: Parts, item_id: ItemId) -> ItemSnapshot:
    item: CatalogItem = await parts.catalog.item(item_id)
    return ItemSnapshot(
        product_variant=item.product_variant,
        product_info=item.product_info,
        category=None if item.category_id is None else await parts.catalog.category(item.category_id),
        stock_id=item.stock_id,
        recipe_id=item.recipe_id,
    )


async def _freeze(
    parts: Parts, context: Context, priced: Order, findings: _Findings, request: CheckoutRequest
) -> OrderView:
    rate = _exchange_rate(findings.channel, priced.currency, request.exchange_rate)

    def decide(order: Order) -> Decision:
        context.check_version(order.version)
        if order.version != priced.version:
            raise _Moved
        at = parts.clock.now()
        snapshot = _snapshot(order, findings, exchange_rate=rate, at=at)
        change = order.check_out(findings.quote, snapshot, at=at, by=context.user_id)
        check_events_fit(change.order, event_id=EventId(parts.ids.new(bucket_of(order.id))))
        told = messages(change, new_id=parts.ids.new, traceparent=context.traceparent)
        return Decision(change=change, messages=told)

    # The seating is frozen (C23), and money that was early may end it.
    committed = await parts.orders.change(
        priced.id, decide, merchant_id=context.merchant_id, needs=Need.SEATING, once=context.once
    )
    return committed.view


def _pricing_request(order: Order) -> PricingRequest:
    return PricingRequest(currency=order.currency, sale_channel_id=order.sale_channel_id, lines=order.basket.lines)


def _check_total(quote: Quote, request: CheckoutRequest, currency: Currency) -> None:
    if request.expected_total is not None and request.expected_total != quote.totals.total.amount:
        raise PriceChanged(expected=Money(request.expected_total, currency), actual=quote.totals.total)


def _exchange_rate(channel: SaleChannel, currency: Currency, rate: Decimal | None) -> Decimal | None:
    if channel.currency == currency:
        if rate is not None and rate != 1:
            raise ExchangeRateNotNeeded(currency=currency)
        return None
    if rate is None:
        raise ExchangeRateRequired(order_currency=currency, channel_currency=channel.currency)
    return rate


def _snapshot(order: Order, findings: _Findings, *, exchange_rate: Decimal | None, at: datetime) -> CheckoutSnapshot:
    def with_fare(line: Line, item: ItemSnapshot) -> ItemSnapshot:
        quoted = findings.quote.lines[line.id]
        return attrs.evolve(item, fare_id=quoted.fare_id, fare_provider=quoted.fare_provider)

    items: dict[LineId, ItemSnapshot] = {
        line.id: with_fare(line, findings.items[line.item_id])
        for line in order.basket.lines
        if line.item_id is not None
    }
    return CheckoutSnapshot(
        checkout=order.checkouts + 1,
        at=at,
        pricing_v1=findings.quote.document,
        pricing_v2=findings.pricing_v2,
        sale_channel=findings.channel.document,
        items=items,
        allocations=tuple(usage.document() for usage in order.seating.usages),
        exchange_rate=exchange_rate,
    )
