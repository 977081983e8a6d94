"""Every operation that HTTP offers: contract §9's table, as far as it is built."""

from sale_adapters.web import operating, orders, payments
from sale_adapters.web.access import PUBLIC
from sale_adapters.web.allocation_operations import ALLOCATION_OPERATIONS
from sale_adapters.web.kitchen_operations import KITCHEN_OPERATIONS
from sale_adapters.web.routing import Operation
from sale_adapters.wire.bodies import (
    CancelBody,
    ChangeItemBody,
    CheckoutBody,
    ItemBody,
    NewOrderBody,
    OrderQuery,
    RevertBody,
)
from sale_adapters.wire.health import HealthBody, ReadinessBody
from sale_adapters.wire.order_history import HistoryBody
from sale_adapters.wire.order_preview import PreviewBody
from sale_adapters.wire.orders import OrderBody, OrderListBody
from sale_adapters.wire.refusals import BOUNDARY, BodyTooLarge, InvalidInput, NotReady
from sale_adapters.wire.unallocated import UnallocatedListBody, UnallocatedQuery
from sale_adapters.wire.webhook import OutcomeBody
from sale_adapters.wire.webhook_form import PaymentForm
from sale_domain.documents import JsonObject
from sale_domain.errors import IllegalTransition, NotFound
from sale_domain.order_errors import (
    AlreadySent,
    AmountTooLarge,
    ComboChild,
    EmptyOrder,
    ExchangeRateNotNeeded,
    ExchangeRateRequired,
    OrderChanged,
    OrderTooLarge,
    PriceChanged,
    TooManyLines,
    UnknownItem,
    UnknownSaleChannel,
)
from sale_domain.permissions import Permission
from sale_domain.port_errors import SisterRefused, SisterUnavailable, StoreUnavailable

_ORDER = "order"
_PHO: JsonObject = {"itemId": "variant-pho", "quantity": 2, "note": "ít hành"}
_COMBO: JsonObject = {
    "itemId": "variant-combo-sang",
    "components": [{"itemId": "variant-banh-mi", "quantity": 1}, {"itemId": "variant-tra-da", "quantity": 1}],
}
_CUSTOM: JsonObject = {"mode": "CUSTOM", "name": "Bánh sinh nhật", "unitPrice": "250000", "quantity": 1}
_PAYMENT: JsonObject = {
    "eventType": "mq-pay:attempt.success",
    "timestamp": 1767598200000,
    "payload": {
        "timestamp": "2026-01-05T07:30:00Z",
        "attempt": {
            "id": 1,
            "uid": "attempt-1",
            "status": "SUCCESS",
            "amount": 130000,
            "paymentProvider": "CASH",
            "metadata": {
                "source": {"id": "01KE6YB4M0000000000000000126", "uid": "source-1", "type": "SaleOrder"},
            },
        },
    },
}

ORDER_OPERATIONS = (
    Operation(
        method="POST",
        path="/sale-orders",
        access=Permission.ORDER_CREATE,
        summary="Open an order, with its first items in it.",
        handler=orders.create,
        body=NewOrderBody,
        answers={201: OrderBody},
        refuses=(UnknownItem, UnknownSaleChannel, TooManyLines, SisterRefused, SisterUnavailable),
        examples=({"saleChannelId": "channel-vnd", "items": [_PHO]},),
    ),
    Operation(
        method="GET",
        path="/sale-orders",
        access=Permission.ORDER_FIND,
        summary="List the merchant's orders, newest first.",
        handler=orders.find,
        query=OrderQuery,
        answers={200: OrderListBody},
    ),
    Operation(
        method="GET",
        path="/sale-orders/{orderId}",
        access=Permission.ORDER_FIND_BY_ID,
        summary="Show an order.",
        handler=orders.find_by_id,
        answers={200: OrderBody},
        refuses=(NotFound,),
    ),
    Operation(
        method="GET",
        path="/sale-orders/{orderId}/history",
        access=Permission.ORDER_FIND_BY_ID,
        summary="Show what happened to an order, oldest first.",
        handler=orders.history,
        answers={200: HistoryBody},
        refuses=(NotFound,),
    ),
    Operation(
        method="GET",
        path="/sale-orders/{orderId}/pricing-preview",
        access=Permission.ORDER_FIND_BY_ID,
        summary="Show what an order would cost now; nothing is written.",
        handler=orders.preview_prices,
        answers={200: PreviewBody},
        refuses=(NotFound, AmountTooLarge, EmptyOrder, SisterRefused, SisterUnavailable),
    ),
)

ITEM_OPERATIONS = (
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/items",
        access=Permission.ORDER_UPDATE,
        summary="Add an item to a DRAFT; a PRODUCT joins the line of its like.",
        handler=orders.add_item,
        body=ItemBody,
        answers={201: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, UnknownItem, TooManyLines, IllegalTransition, SisterRefused, SisterUnavailable),
        examples=(_PHO, _COMBO, _CUSTOM),
    ),
    Operation(
        method="DELETE",
        path="/sale-orders/{orderId}/items",
        access=Permission.ORDER_UPDATE,
        summary="Remove every line of a DRAFT, or none.",
        handler=orders.remove_all_items,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, AlreadySent, IllegalTransition),
    ),
    Operation(
        method="PATCH",
        path="/sale-orders/{orderId}/items/{itemId}",
        access=Permission.ORDER_UPDATE,
        summary="Change a line of a DRAFT; quantity 0 removes it, note null empties it.",
        handler=orders.change_item,
        body=ChangeItemBody,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, AlreadySent, ComboChild, IllegalTransition),
        examples=({"quantity": 3, "note": None},),
    ),
    Operation(
        method="DELETE",
        path="/sale-orders/{orderId}/items/{itemId}",
        access=Permission.ORDER_UPDATE,
        summary="Remove a line of a DRAFT, a combo's lead with its children.",
        handler=orders.remove_item,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, AlreadySent, ComboChild, IllegalTransition),
    ),
)

ORDER_ACTIONS = (
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/checkout",
        access=Permission.ORDER_CHECKOUT,
        summary="Freeze prices and snapshots; early money takes the order further at once.",
        handler=orders.check_out,
        body=CheckoutBody,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(
            NotFound,
            AmountTooLarge,
            EmptyOrder,
            ExchangeRateRequired,
            ExchangeRateNotNeeded,
            OrderTooLarge,
            SisterRefused,
            UnknownItem,
            UnknownSaleChannel,
            IllegalTransition,
            PriceChanged,
            OrderChanged,
            SisterUnavailable,
        ),
        examples=({"expectedTotal": 130000},),
    ),
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/revert",
        access=Permission.ORDER_REVERT,
        summary="Take an unpaid checkout back: the order is a DRAFT again.",
        handler=orders.revert,
        body=RevertBody,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, IllegalTransition),
        examples=({"reason": "one more bowl"},),
    ),
    Operation(
        method="POST",
        path="/sale-orders/{orderId}/cancel",
        access=Permission.ORDER_CANCEL,
        summary="Give an order up; money that was received stays, unallocated.",
        handler=orders.cancel,
        body=CancelBody,
        answers={200: OrderBody},
        changes=_ORDER,
        refuses=(NotFound, IllegalTransition),
        examples=({"reason": "the guests have left"},),
    ),
)

PAYMENT_OPERATIONS = (
    Operation(
        method="GET",
        path="/unallocated",
        access=Permission.PAYMENT_FIND,
        summary="List the orders that have received more money than they could use, newest first.",
        handler=payments.unallocated,
        query=UnallocatedQuery,
        answers={200: UnallocatedListBody},
    ),
)

PUBLIC_OPERATIONS = (
    Operation(
        method="POST",
        path="/webhooks/payment",
        access=PUBLIC,
        summary="Take in what mq-pay tells of a payment; isolated by the network (C25), signed where that is set.",
        handler=payments.receive,
        body=PaymentForm,
        answers={200: OutcomeBody, 202: OutcomeBody},
        refuses=(InvalidInput, BodyTooLarge, StoreUnavailable, *BOUNDARY),
        examples=(_PAYMENT,),
    ),
    Operation(
        method="GET",
        path="/healthz",
        access=PUBLIC,
        summary="Tell that the process runs.",
        handler=operating.healthz,
        answers={200: HealthBody},
    ),
    Operation(
        method="GET",
        path="/readyz",
        access=PUBLIC,
        summary="Tell whether every part is there that Sale cannot do without; 503 names what is missing.",
        handler=operating.readyz,
        answers={200: ReadinessBody},
        refuses=(NotReady,),
    ),
    Operation(
        method="GET",
        path="/metrics",
        access=PUBLIC,
        summary="Read the metrics as Prometheus' text; with the store away, without its figures.",
        handler=operating.metrics,
        answers={200: "text/plain"},
    ),
    Operation(
        method="GET",
        path="/board",
        access=PUBLIC,
        summary="Open the board: kitchen, floor and orders on one page.",
        handler=operating.board,
        answers={200: "text/html"},
    ),
    Operation(
        method="GET",
        path="/doc",
        access=PUBLIC,
        summary="Read this documentation as a page.",
        handler=operating.page,
        answers={200: "text/html"},
    ),
    Operation(
        method="GET",
        path="/doc/openapi.json",
        access=PUBLIC,
        summary="Read this documentation as OpenAPI 3.1.",
        handler=operating.openapi,
        answers={200: "application/json"},
    ),
    Operation(
        method="GET",
        path="/doc/asyncapi.json",
        access=PUBLIC,
        summary="Read what Sale tells Kafka as AsyncAPI 3.0.",
        handler=operating.asyncapi,
        answers={200: "application/json"},
    ),
)

OPERATIONS = (
    *ORDER_OPERATIONS,
    *ITEM_OPERATIONS,
    *ORDER_ACTIONS,
    *KITCHEN_OPERATIONS,
    *ALLOCATION_OPERATIONS,
    *PAYMENT_OPERATIONS,
    *PUBLIC_OPERATIONS,
)
"""In the order of the documentation."""
