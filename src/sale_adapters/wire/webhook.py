"""The payment webhook's body: a payment fact, or why there is none (C1, C19, contract §6).

Unlike every other body it may have fields that nobody here knows; what is not needed is not looked at.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import attrs

from sale_adapters.wire import json
from sale_adapters.wire.refusals import InvalidInput
from sale_adapters.wire.scalars import UNPRINTABLE, amount, identifier, instant, text
from sale_domain.documents import MAX_TEXT, Json, JsonObject
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType

T = TypeVar("T")

_TYPES = {kind.value: kind for kind in FactType}
_SOURCE_TYPES = {kind.value: kind for kind in SourceType}
_UNKNOWN = Source(type=SourceType.SALE_ORDER, id="")
"""Where money belongs whose order nobody has named; it is parked for a person to look at."""


@attrs.frozen
class Ignored:
    """A body that is none of Sale's business."""


Verdict = PaymentFact | Ignored | InvalidInput
"""A fact to count, something to ignore, or what is wrong with the body."""


@attrs.frozen(kw_only=True)
class Reading:
    """What a webhook body says.

    Attributes:
        event_type: The header's, else the body's, made printable; None when neither names one.
    """

    event_type: str | None
    verdict: Verdict


@attrs.frozen(kw_only=True)
class OutcomeBody:
    """What a payment event did.

    Attributes:
        outcome: applied, already-applied, unallocated, recorded, parked or ignored.
    """

    outcome: str


@attrs.frozen(kw_only=True)
class _Transaction:
    id: str
    uid: str
    paid: Decimal


@attrs.frozen(kw_only=True)
class _Attempt:
    id: str
    uid: str
    amount: Decimal
    payment_provider: str
    reason: str | None


def read(body: bytes, *, header: str | None, received_at: datetime) -> Reading:
    """Read a webhook body by contract §6's table, first that holds; never raise.

    Args:
        body: As it came.
        header: `X-Webhook-Event-Type`; it beats the body's eventType.
        received_at: When a thing happened that names no time of its own.
    """
    stated: str | None = header or None
    verdict: Verdict
    try:
        form = _form(body)
        stated = header or _event_type(form)
        verdict = _verdict(stated, form, received_at)
    except InvalidInput as refusal:
        verdict = refusal
    return Reading(event_type=None if stated is None else printable(stated), verdict=verdict)


def printable(value: str) -> str:
    """Return what any store can keep of a text from outside: at most 500 characters, none of them for control."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value[:MAX_TEXT])


def _form(body: bytes) -> JsonObject:
    try:
        return _object(json.read(body, tolerant=True))
    except ValueError as error:
        raise InvalidInput.at("", f"must be a JSON object ({error})") from None


def _event_type(form: JsonObject) -> str:
    stated = form.get("eventType")
    if not isinstance(stated, str) or not stated:
        raise InvalidInput.at("/eventType", "is required, as text")
    return stated


def _verdict(stated: str, form: JsonObject, received_at: datetime) -> PaymentFact | Ignored:
    kind = _TYPES.get(stated)
    source = _source(form.get("payload"))
    if kind is None or source is None:
        return Ignored()
    _need(form, "/timestamp", _number)
    payload = _need(form, "/payload", _object)
    happened = _need(payload, "/payload/timestamp", _string)
    attempt = _attempt(payload) if kind.is_attempt or payload.get("attempt") is not None else None
    transaction = _transaction(payload) if not kind.is_attempt or payload.get("transaction") is not None else None
    return _fact(kind, source, attempt, transaction, at=_instant(happened) or received_at)


def _fact(
    kind: FactType, source: Source, attempt: _Attempt | None, transaction: _Transaction | None, *, at: datetime
) -> PaymentFact:
    worth = attempt.amount if kind.is_attempt and attempt else None
    paid = transaction.paid if not kind.is_attempt and transaction else None
    told = paid if worth is None else worth
    assert told is not None, "an event has the thing that its type names"
    return PaymentFact(
        type=kind,
        source=source,
        amount=told,
        transaction_uid=transaction.uid if transaction else None,
        attempt_uid=attempt.uid if attempt else None,
        at=at,
        transaction_id=transaction.id if transaction else None,
        attempt_id=attempt.id if attempt else None,
        payment_provider=attempt.payment_provider if attempt else None,
        reason=attempt.reason if attempt else None,
    )


def _attempt(payload: JsonObject) -> _Attempt:
    form = _need(payload, "/payload/attempt", _object)
    _need(form, "/payload/attempt/status", _string)
    reason = form.get("reason")
    return _Attempt(
        id=_need(form, "/payload/attempt/id", identifier),
        uid=_need(form, "/payload/attempt/uid", text),
        amount=_need(form, "/payload/attempt/amount", amount),
        payment_provider=_need(form, "/payload/attempt/paymentProvider", text),
        reason=printable(reason) if isinstance(reason, str) and reason else None,
    )


def _transaction(payload: JsonObject) -> _Transaction:
    form = _need(payload, "/payload/transaction", _object)
    _need(form, "/payload/transaction/status", _string)
    _need(form, "/payload/transaction/total", amount)
    return _Transaction(
        id=_need(form, "/payload/transaction/id", identifier),
        uid=_need(form, "/payload/transaction/uid", text),
        paid=_need(form, "/payload/transaction/paid", amount),
    )


def _source(payload: Json) -> Source | None:
    """Return what the payment is for; None when it says that it is for something of somebody else's."""
    transaction, attempt = _below(payload, "transaction"), _below(payload, "attempt")
    named = _below(_below(attempt, "metadata"), "source")
    candidates = [
        (transaction.get("sourceType"), transaction.get("sourceId")),
        (named.get("type"), named.get("id")),
    ]
    types = [kind for kind, _ in candidates if isinstance(kind, str)]
    if types and types[0] not in _SOURCE_TYPES:
        return None
    for kind, named_id in candidates:
        if isinstance(kind, str) and kind in _SOURCE_TYPES and _is_text(named_id):
            return Source(type=_SOURCE_TYPES[kind], id=str(named_id))
    return _UNKNOWN


def _below(form: Json, name: str) -> JsonObject:
    part = form.get(name) if isinstance(form, dict) else None
    return part if isinstance(part, dict) else {}


def _need(form: JsonObject, pointer: str, reader: Callable[[Json], T]) -> T:
    name = pointer.rpartition("/")[2]
    if name not in form:
        raise InvalidInput.at(pointer, "is required")
    try:
        return reader(form[name])
    except ValueError as error:
        raise InvalidInput.at(pointer, str(error)) from None


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - a refusal of input, as the others here
    return value


def _string(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - a refusal of input, as the others here
    return value


def _number(value: Json) -> Decimal:
    if type(value) is not int and not isinstance(value, Decimal):
        raise ValueError("must be a number")
    return Decimal(value)


def _is_text(value: Json) -> bool:
    try:
        text(value)
    except ValueError:
        return False
    return True


def _instant(value: str) -> datetime | None:
    try:
        return instant(value)
    except ValueError:
        return None
