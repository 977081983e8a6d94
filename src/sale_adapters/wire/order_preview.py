"""What an order would cost, as callers see it (contract §9)."""

from decimal import Decimal

import attrs

from sale_domain.lines import Line
from sale_domain.use_cases.checkout import Preview


@attrs.frozen(kw_only=True)
class PreviewLineBody:
    """What a line would cost now.

    Attributes:
        base_price: Of one, before discount and tax.
        unit_price: Of one, as it would be sold.
        discount: Of the whole line, as tax and total are.
        tax: Of the whole line.
        total: Of the whole line.
    """

    line_id: str
    base_price: Decimal
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


@attrs.frozen(kw_only=True)
class PreviewBody:
    """What an order would cost now; nothing was written.

    Attributes:
        currency: ISO 4217; all amounts are in it.
        subtotal: What pricing says now, as are discount, tax and total.
        discount: See subtotal.
        tax: See subtotal.
        total: What `expectedTotal` may name at checkout.
    """

    currency: str
    items: tuple[PreviewLineBody, ...]
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def preview_body(preview: Preview) -> PreviewBody:
    """Return what an order would cost, its lines in the order's own sequence."""
    totals = preview.quote.totals
    return PreviewBody(
        currency=preview.order.currency,
        items=tuple(_preview_line(line, preview) for line in preview.order.basket.lines),
        subtotal=totals.subtotal.amount,
        discount=totals.discount.amount,
        tax=totals.tax.amount,
        total=totals.total.amount,
    )


def _preview_line(line: Line, preview: Preview) -> PreviewLineBody:
    price = preview.quote.lines[line.id].price
    return PreviewLineBody(
        line_id=line.id,
        base_price=price.base_price.amount,
        unit_price=price.unit_price.amount,
        discount=price.discount.amount,
        tax=price.tax.amount,
        total=price.total.amount,
    )
