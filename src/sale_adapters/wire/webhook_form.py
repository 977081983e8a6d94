"""The payment webhook's body as mq-pay writes it, for the documentation and for its stored copy (C1, C19).

`wire.webhook` reads it field by field, because an unknown or broken field that nobody needs must never cost money;
a test holds the two together.
"""

from decimal import Decimal

import attrs

from sale_adapters.wire.scalars import Amount, Identifier, Text


@attrs.frozen(kw_only=True)
class PaymentSourceForm:
    """What an attempt pays for; type is SaleOrder or SaleCheck, others are ignored.

    Attributes:
        id: Sale's id of what is paid for.
        uid: Kept, and not read.
        type: SaleOrder or SaleCheck.
    """

    id: str | None = None
    uid: str | None = None
    type: str | None = None


@attrs.frozen(kw_only=True)
class PaymentMetadataForm:
    """What mq-pay was told when the attempt began.

    Attributes:
        source: What is paid for.
    """

    source: PaymentSourceForm | None = None


@attrs.frozen(kw_only=True)
class PaymentAttemptForm:
    """One try to pay.

    Attributes:
        id: Mq-pay's number of it; nothing is decided by it.
        uid: What the attempt is known by: told twice, it counts once.
        status: Must be there; what happened is said by the event's type.
        amount: What it is worth, in the order's currency.
        payment_provider: Who carried the money.
        metadata: Names the order.
    """

    id: Identifier
    uid: Text
    status: str
    amount: Amount
    payment_provider: Text
    reason: str | None = None
    metadata: PaymentMetadataForm | None = None


@attrs.frozen(kw_only=True)
class PaymentTransactionForm:
    """What is to be paid as a whole; sourceType is SaleOrder or SaleCheck, others are ignored.

    Attributes:
        id: Mq-pay's number of it; nothing is decided by it.
        uid: What the transaction is known by: told twice, it counts once.
        status: Must be there; what happened is said by the event's type.
        total: What is to be paid.
        paid: What was paid, all attempts together.
        source_type: SaleOrder or SaleCheck.
        source_id: Sale's id of what is paid for.
    """

    id: Identifier
    uid: Text
    status: str
    total: Amount
    paid: Amount
    source_type: str | None = None
    source_id: str | None = None


@attrs.frozen(kw_only=True)
class PaymentPayloadForm:
    """What happened: `attempt.*` needs the attempt, `transaction.*` the transaction.

    Attributes:
        timestamp: When it happened, RFC 3339.
        source: Kept, and not read.
        transaction: Needed by `transaction.*`.
        attempt: Needed by `attempt.*`.
    """

    timestamp: str
    source: str | None = None
    transaction: PaymentTransactionForm | None = None
    attempt: PaymentAttemptForm | None = None


@attrs.frozen(kw_only=True)
class PaymentForm:
    """A payment event; without eventType the header X-Webhook-Event-Type names it. Other fields are kept, not read.

    Attributes:
        event_type: `mq-pay:attempt.success`, `mq-pay:transaction.settled`, …
        timestamp: When it was sent, in milliseconds since 1970; must be there, and nothing is decided by it.
    """

    event_type: str | None = None
    timestamp: Decimal
    payload: PaymentPayloadForm
