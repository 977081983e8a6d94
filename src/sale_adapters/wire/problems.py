"""Refusals as RFC 9457 problems: one table from error to HTTP status, and what each adds (contract §9)."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from sale_adapters.wire import json
from sale_adapters.wire.places import BASE
from sale_adapters.wire.refusals import (
    BodyTooLarge,
    HeadersTooLarge,
    InvalidInput,
    MethodNotAllowed,
    NetworkRefused,
    NotReady,
    SignatureMissing,
    SignatureStale,
    SignatureWrong,
    TooManyRequests,
    UrlTooLong,
)
from sale_domain import allocation_errors, errors, kitchen_errors, order_errors, port_errors
from sale_domain.documents import Json, JsonObject

MEDIA_TYPE = "application/problem+json"
TYPES_AT = f"{BASE}/doc#"
"""A problem's `type` is a place in the documentation: this and the code."""

RETRY_AFTER_SECONDS = 1

_STATUS: Mapping[type[errors.SaleError], int] = {
    InvalidInput: 400,
    errors.Invalid: 400,
    port_errors.Unauthenticated: 401,
    SignatureMissing: 401,
    SignatureWrong: 401,
    SignatureStale: 401,
    port_errors.Forbidden: 403,
    NetworkRefused: 403,
    errors.NotFound: 404,
    MethodNotAllowed: 405,
    errors.StaleVersion: 412,
    BodyTooLarge: 413,
    UrlTooLong: 414,
    TooManyRequests: 429,
    HeadersTooLarge: 431,
    errors.Rejected: 422,
    errors.Conflict: 409,
    errors.Unavailable: 503,
}
"""The nearest class in an error's ancestry decides."""


def _money(told: order_errors.PriceChanged) -> JsonObject:
    return {
        "expectedTotal": json.plain(told.expected.amount),
        "actualTotal": json.plain(told.actual.amount),
        "currency": told.actual.currency,
    }


def _transition(told: errors.IllegalTransition) -> JsonObject:
    # RFC 9457 has taken `status` for the HTTP number: docs/decisions/0002-problem-status.md.
    return {
        "currentStatus": told.status,
        "action": told.action,
        "illegalTransition": {"status": told.status, "action": told.action},
    }


_MEMBERS: Mapping[type[errors.SaleError], Callable[[Any], JsonObject]] = {
    InvalidInput: lambda told: {
        "errors": [{"pointer": each.pointer, "detail": each.detail} for each in told.errors],
    },
    errors.Invalid: lambda told: {"errors": [{"pointer": told.pointer, "detail": told.detail}]},
    order_errors.UnknownItem: lambda told: {"itemId": told.item_id},
    order_errors.UnknownSaleChannel: lambda told: {"saleChannelId": told.sale_channel_id},
    order_errors.TooManyLines: lambda told: {"limit": told.limit},
    order_errors.OrderTooLarge: lambda told: {"bytesNeeded": told.bytes_needed, "limit": told.limit},
    order_errors.ExchangeRateRequired: lambda told: {
        "orderCurrency": told.order_currency,
        "channelCurrency": told.channel_currency,
    },
    order_errors.ExchangeRateNotNeeded: lambda told: {"currency": told.currency},
    port_errors.SisterRefused: lambda told: {"sister": told.sister, "sisterStatus": told.status, "reason": told.reason},
    errors.IllegalTransition: _transition,
    order_errors.ComboChild: lambda told: {"lineId": told.line_id, "leadItemId": told.lead_id},
    order_errors.AlreadySent: lambda told: {"lineId": told.line_id},
    kitchen_errors.NotSendable: lambda told: {"errors": [{"pointer": told.pointer, "detail": told.detail}]},
    kitchen_errors.StationsOverlap: lambda told: {"errors": [{"pointer": told.pointer, "detail": told.detail}]},
    kitchen_errors.TooManyKitchenItems: lambda told: {"limit": told.limit},
    kitchen_errors.MoreThanOrdered: lambda told: {
        "lineId": told.line_id,
        "ordered": json.plain(told.ordered),
        "sent": json.plain(told.sent),
        "asked": json.plain(told.asked),
        "errors": [{"pointer": f"/items/{told.place}/quantity", "detail": str(told)}],
    },
    order_errors.PriceChanged: _money,
    allocation_errors.TooManyUnits: lambda told: {"limit": told.limit},
    allocation_errors.UnitNamedTwice: lambda told: {
        "errors": [{"pointer": f"/unitIds/{told.place}", "detail": str(told)}],
        "unitId": told.unit_id,
    },
    allocation_errors.ReservationOver: lambda told: {"errors": [{"pointer": "/reservedTo", "detail": str(told)}]},
    allocation_errors.UnitInUse: lambda told: {"unitId": told.unit_id},
    errors.StaleVersion: lambda told: {"expectedVersion": told.expected, "actualVersion": told.actual},
    port_errors.SisterUnavailable: lambda told: {"sister": told.sister},
    BodyTooLarge: lambda told: {"limit": told.limit},
    UrlTooLong: lambda told: {"limit": told.limit},
    HeadersTooLarge: lambda told: {"limit": told.limit},
    NotReady: lambda told: {"parts": told.parts},
}


@attrs.frozen(kw_only=True)
class Problem:
    """A refusal on its way to the caller; `members` are its own, beyond those that every problem has."""

    status: int
    code: str
    detail: str
    members: JsonObject = attrs.field(factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """Return the code as people read it; the same for every problem of a code."""
        return title_of(self.code)

    def body(self, request_id: str | None) -> JsonObject:
        """Return the problem as RFC 9457 writes it."""
        return {
            "type": f"{TYPES_AT}{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "requestId": request_id,
            **self.members,
        }


BUG = Problem(status=500, code="internal-error", detail="Something went wrong here; it has been logged.")
"""What a caller learns of a bug."""


def problem_of(error: errors.SaleError) -> Problem:
    """Return an outcome as a problem."""
    members = _MEMBERS.get(type(error))
    return Problem(
        status=status_of(type(error)),
        code=error.code,
        detail=_detail(error),
        members=members(error) if members else {},
        headers=_headers(error),
    )


def _detail(error: errors.SaleError) -> str:
    """Return an outcome in words; what databases and sisters say of themselves is for the log, not for callers."""
    match error:
        case port_errors.StoreUnavailable():
            return "The database is not available."
        case port_errors.SisterUnavailable():
            return str(attrs.evolve(error, words=""))
        case _:
            return str(error)


def status_of(kind: type[errors.SaleError]) -> int:
    """Return the HTTP status of a kind of error."""
    return next(_STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in _STATUS)


def title_of(code: str) -> str:
    """Return a problem's title.

    >>> title_of("unknown-item")
    'Unknown item'
    """
    return code.replace("-", " ").capitalize()


def problem_json(problem: Problem, *, request_id: str | None) -> bytes:
    """Write a problem as JSON."""
    form: Json = problem.body(request_id)
    return json.write(form)


def _headers(error: errors.SaleError) -> tuple[tuple[str, str], ...]:
    match error:
        case port_errors.Unauthenticated():
            return (("www-authenticate", 'Bearer realm="sale"'),)
        case SignatureMissing() | SignatureWrong() | SignatureStale():
            # No scheme is registered for it, but a 401 has to name one.
            return (("www-authenticate", 'Webhook-Signature realm="sale"'),)
        case port_errors.SisterUnavailable() | TooManyRequests():
            return (("retry-after", str(error.retry_after_seconds)),)
        case errors.Unavailable():
            return (("retry-after", str(RETRY_AFTER_SECONDS)),)
        case MethodNotAllowed():
            return (("allow", ", ".join(error.allowed)),)
        case _:
            return ()
