"""The client: Sale over HTTP for other services, typed and exact (contract §9); the extra `sale[client]`.

What is named here is stable (docs/reference/stable.md).
"""

from sale_adapters.client.answers import Page, Pages, Stations
from sale_adapters.client.calling import Token
from sale_adapters.client.problems import (
    ClientError,
    Conflict,
    Forbidden,
    NotFound,
    Problem,
    Rejected,
    StaleVersion,
    Unauthenticated,
    Unavailable,
    Unreachable,
    UnreadableAnswer,
)
from sale_adapters.client.requests import Component, Custom, Item, Portion, Product, Station
from sale_adapters.client.sale import SaleClient
from sale_adapters.wire.allocations import UsageBody
from sale_adapters.wire.kitchen import TicketBody, TicketItemBody
from sale_adapters.wire.order_history import HistoryRowBody
from sale_adapters.wire.order_preview import PreviewBody, PreviewLineBody
from sale_adapters.wire.orders import ItemSnapshotBody, LineBody, OrderBody, PaymentBody, SnapshotsBody
from sale_adapters.wire.refusals import FieldError
from sale_adapters.wire.retries import Retries
from sale_adapters.wire.unallocated import UnallocatedBody
from sale_domain.lines import Keep

__all__ = [
    "ClientError",
    "Component",
    "Conflict",
    "Custom",
    "FieldError",
    "Forbidden",
    "HistoryRowBody",
    "Item",
    "ItemSnapshotBody",
    "Keep",
    "LineBody",
    "NotFound",
    "OrderBody",
    "Page",
    "Pages",
    "PaymentBody",
    "Portion",
    "PreviewBody",
    "PreviewLineBody",
    "Problem",
    "Product",
    "Rejected",
    "Retries",
    "SaleClient",
    "SnapshotsBody",
    "StaleVersion",
    "Station",
    "Stations",
    "TicketBody",
    "TicketItemBody",
    "Token",
    "UnallocatedBody",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "UnreadableAnswer",
    "UsageBody",
]
