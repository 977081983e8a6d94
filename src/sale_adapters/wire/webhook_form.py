"""The payment webhook's body as mq-pay writes it, for the documentation and for its stored copy (C1, C19).

`wire.webhook` reads it field by field, because an unknown or broken field that nobody needs must never cost money;
a test holds the two together.
"""

from decimal import Decimal

import attrs

from sale_adapters.wire.scalars import Amount, Identifier, Text


@attrs.frozen(kw_only=True)
class PaymentSourceForm:
    """What an attempt pays for; type is SaleOrder or SaleCheck, others are ignored."""

    id: str | None = None
    uid: str | None = None
    type: str | None = None


@attrs.frozen(kw_only=True)
class PaymentMetadataForm:
    """What mq-pay was told when the attempt began."""

    source: PaymentSourceForm | None = None


@attrs.frozen(kw_only=True)
class PaymentAttemptForm:
    """One try to pay."""

    id: Identifier
    uid: Text
    status: str
    amount: Amount
    payment_provider: Text
    reason: str | None = None
    metadata: PaymentMetadataForm | None = None


@attrs.frozen(kw_only=True)
class PaymentTransactionForm:
    """What is to be paid as a whole; sourceType is SaleOrder or SaleCheck, others are ignored."""

    id: Identifier
    uid: Text
    status: str
    total: Amount
    paid: Amount
    source_type: str | None = None
    source_id: str | None = None


@attrs.frozen(kw_only=True)
class PaymentPayloadForm:
    """What happened: `attempt.*` needs the attempt, `transaction.*` the transaction."""

    timestamp: str
    source: str | None = None
    transaction: PaymentTransactionForm | None = None
    attempt: PaymentAttemptForm | None = None


@attrs.frozen(kw_only=True)
class PaymentForm:
    """A payment event; without eventType the header X-Webhook-Event-Type names it. Other fields are kept, not read."""

    event_type: str | None = None
    timestamp: Decimal
    payload: PaymentPayloadForm
