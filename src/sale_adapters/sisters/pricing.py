"""Pricing over HTTP: v1 decides what is charged, v2 is kept for audit and tax (C7)."""

from sale_adapters.sisters.documents import Document, accepted, unusable
from sale_adapters.sisters.transport import Transport
from sale_adapters.wire import json
from sale_domain.documents import JsonObject
from sale_domain.ids import LineId
from sale_domain.lines import Line, LinePrice
from sale_domain.money import Currency, Money
from sale_domain.ports.sisters import PricingRequest
from sale_domain.quotes import Quote, QuotedLine, Totals

SISTER = "pricing"


class HttpPricing:
    """Keep the port `Pricing`; that the figures of an answer agree with each other is for `Quote.checked` to see."""

    def __init__(
        self,
        *,
        transport: Transport,
        calculate_path: str = "/simulation/calculate",
        calculate_v2_path: str = "/simulation-v2/calculate",
    ) -> None:
        """Ask the pricing that ``transport`` calls, with a service token; the paths are below its base URL."""
        self._transport = transport
        self._calculate_path = calculate_path
        self._calculate_v2_path = calculate_v2_path

    async def calculate(self, request: PricingRequest) -> Quote:
        """Ask what the lines cost (v1).

        Raises:
            SisterRefused: a 4xx, with pricing's reason.
            SisterUnavailable: pricing does not answer, or nonsense.
        """
        answer = await self._asked(self._calculate_path, request)
        lines = _by_line(answer, request)
        return Quote(
            lines={line_id: _quoted(line, request.currency) for line_id, line in lines.items()},
            totals=_totals(answer.object("totals"), request.currency),
            document=answer.fields,
        )

    async def calculate_v2(self, request: PricingRequest) -> JsonObject:
        """Ask for v2's snapshot of the order and of each line.

        Raises:
            SisterRefused: a 4xx, with pricing's reason.
            SisterUnavailable: pricing does not answer, or nonsense.
        """
        answer = await self._asked(self._calculate_v2_path, request)
        answer.object("order")
        for line in _by_line(answer, request).values():
            line.object("snapshot")
        return answer.fields

    async def _asked(self, path: str, request: PricingRequest) -> Document:
        return accepted(SISTER, await self._transport.call("POST", path, body=json.write(_question(request))))


def _question(request: PricingRequest) -> JsonObject:
    return {
        "currency": request.currency,
        "saleChannelId": request.sale_channel_id,
        "items": [_asked_line(line) for line in request.lines],
    }


def _asked_line(line: Line) -> JsonObject:
    asked = {
        "lineId": line.id,
        "itemType": line.item_type,
        "itemId": line.item_id,
        "mode": line.mode.value,
        "leadItemId": line.lead_id,
        "quantity": json.plain(line.quantity),
        "unitPrice": None if line.own_price is None else json.plain(line.own_price.amount),
    }
    return {name: value for name, value in asked.items() if value is not None}


def _by_line(answer: Document, request: PricingRequest) -> dict[LineId, Document]:
    items = answer.objects("items")
    by_line = {LineId(item.text("lineId")): item for item in items}
    if len(by_line) != len(items):
        raise unusable(SISTER, "it has a line twice")
    if by_line.keys() != {line.id for line in request.lines}:
        raise unusable(SISTER, "it does not have the lines that were asked for")
    return by_line


def _quoted(line: Document, currency: Currency) -> QuotedLine:
    return QuotedLine(
        price=LinePrice(
            base_price=_money(line, "basePrice", currency),
            unit_price=_money(line, "unitPrice", currency),
            discount=_money(line, "discount", currency),
            tax=_money(line, "tax", currency),
            total=_money(line, "total", currency),
        ),
        fare_id=line.text_or_none("fareId"),
        fare_provider=line.text_or_none("fareProvider"),
    )


def _totals(totals: Document, currency: Currency) -> Totals:
    return Totals(
        subtotal=_money(totals, "subtotal", currency),
        discount=_money(totals, "discount", currency),
        tax=_money(totals, "tax", currency),
        total=_money(totals, "total", currency),
    )


def _money(figures: Document, name: str, currency: Currency) -> Money:
    return Money(figures.amount(name), currency)
