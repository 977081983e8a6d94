"""Orders, their lines, what checkout froze, and the ledger of their payments."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.schema import SchemaItem

from sale_adapters.postgres.schema.columns import INSTANT, MONEY, RATE, SUM, bucket, key
from sale_adapters.postgres.schema.metadata import METADATA
from sale_domain.ledger import FactType, SourceType
from sale_domain.lines import LineMode
from sale_domain.order_lifecycle import OrderStatus


def one_of(column: str, kind: type[OrderStatus | LineMode | FactType | SourceType]) -> CheckConstraint:
    """Return the constraint that a column holds one of an enum's values."""
    values = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_is_known")


SALE_ORDERS = Table(
    "sale_orders",
    METADATA,
    bucket(),
    key("id"),
    Column("number", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("sale_channel_id", Text, nullable=False),
    Column("customer_id", Text),
    Column("currency", Text, nullable=False, comment="of every amount of the order, its lines and its ledger (C24)"),
    Column("note", Text),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subtotal", MONEY),
    Column("discount", MONEY),
    Column("tax", MONEY),
    Column("total", MONEY),
    Column("exchange_rate", RATE),
    Column("received", SUM, nullable=False, comment="what the ledger amounts to; for people who read the table"),
    Column("paid", SUM, nullable=False),
    Column("transition", Integer, nullable=False),
    Column("reported_facts", Integer, nullable=False),
    Column("checkouts", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Column("checked_out_at", INSTANT),
    Column("completed_at", INSTANT),
    Column("cancelled_at", INSTANT),
    Column("cancel_reason", Text),
    one_of("status", OrderStatus),
    CheckConstraint("version > 0", name="version_counts"),
    CheckConstraint("num_nulls(subtotal, discount, tax, total) IN (0, 4)", name="totals_together"),
    CheckConstraint("status = 'CANCELLED' OR (status = 'DRAFT') = (total IS NULL)", name="draft_has_no_total"),
    # NaN is larger than everything, so that a lower bound alone lets it in.
    CheckConstraint(
        "least(subtotal, discount, tax, total) >= 0 AND greatest(subtotal, discount, tax, total) < 'NaN'",
        name="totals_not_negative",
    ),
    CheckConstraint("exchange_rate > 0 AND exchange_rate < 'NaN'", name="exchange_rate_is_positive"),
    CheckConstraint(
        "paid >= 0 AND paid <= received AND paid <= coalesce(total, 0) AND received < 'NaN'", name="paid_was_received"
    ),
    CheckConstraint("least(transition, reported_facts, checkouts, events) >= 0", name="counters_not_negative"),
    # Space on the page keeps an update there (HOT): most commands touch no indexed column.
    postgresql_with={"fillfactor": 70},
)

# Every page is a merchant's, newest first: ids are time-ordered.
Index("ix_sale_orders_newest", SALE_ORDERS.c.bucket, SALE_ORDERS.c.merchant_id, SALE_ORDERS.c.id)
# A page of one status: the open orders are few among the many completed ones.
Index(
    "ix_sale_orders_by_status",
    SALE_ORDERS.c.bucket,
    SALE_ORDERS.c.merchant_id,
    SALE_ORDERS.c.status,
    SALE_ORDERS.c.id,
)
# A page of one customer.
Index(
    "ix_sale_orders_by_customer",
    SALE_ORDERS.c.bucket,
    SALE_ORDERS.c.merchant_id,
    SALE_ORDERS.c.customer_id,
    SALE_ORDERS.c.id,
    postgresql_where=SALE_ORDERS.c.customer_id.isnot(None),
)
# A page of a day long ago. (A sale channel has no index: it is a large part of its merchant.)
Index("ix_sale_orders_by_time", SALE_ORDERS.c.bucket, SALE_ORDERS.c.merchant_id, SALE_ORDERS.c.created_at)
# A page of the orders that have received more than they could use: few, and each of them matters.
Index(
    "ix_sale_orders_unallocated",
    SALE_ORDERS.c.bucket,
    SALE_ORDERS.c.merchant_id,
    SALE_ORDERS.c.id,
    postgresql_where=SALE_ORDERS.c.received > SALE_ORDERS.c.paid,
)
# An order's number is its merchant's only one (contract §5).
Index(
    "uq_sale_orders_number",
    SALE_ORDERS.c.bucket,
    SALE_ORDERS.c.merchant_id,
    SALE_ORDERS.c.number,
    unique=True,
)


def _of_an_order() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["bucket", "order_id"], ["sale_orders.bucket", "sale_orders.id"])


SALE_ORDER_LINES = Table(
    "sale_order_lines",
    METADATA,
    bucket(),
    key("order_id"),
    key("id"),
    Column("position", Integer, nullable=False, comment="the basket's order"),
    Column("mode", Text, nullable=False),
    Column("item_type", Text, nullable=False),
    Column("item_id", Text),
    Column("name", Text, nullable=False),
    Column("lead_id", Text),
    Column("quantity", MONEY, nullable=False),
    Column("per_combo", MONEY),
    Column("note", Text),
    Column("own_price", MONEY),
    Column("base_price", MONEY),
    Column("unit_price", MONEY),
    Column("discount", MONEY),
    Column("tax", MONEY),
    Column("total", MONEY),
    Column("stock_id", Text),
    Column("recipe_id", Text),
    Column("sent_quantity", MONEY, nullable=False),
    _of_an_order(),
    ForeignKeyConstraint(
        ["bucket", "order_id", "lead_id"],
        ["sale_order_lines.bucket", "sale_order_lines.order_id", "sale_order_lines.id"],
    ),
    one_of("mode", LineMode),
    CheckConstraint("quantity > 0 AND greatest(quantity, per_combo) < 'NaN'", name="quantity_is_positive"),
    CheckConstraint("sent_quantity >= 0 AND sent_quantity <= quantity", name="sent_was_ordered"),
    CheckConstraint("(lead_id IS NULL) = (per_combo IS NULL)", name="child_knows_its_share"),
    CheckConstraint("num_nulls(base_price, unit_price, discount, tax, total) IN (0, 5)", name="price_together"),
    CheckConstraint(
        "least(own_price, base_price, unit_price, discount, tax, total) >= 0"
        " AND greatest(own_price, base_price, unit_price, discount, tax, total) < 'NaN'",
        name="price_not_negative",
    ),
    postgresql_with={"fillfactor": 85},
)

CHECKOUT_SNAPSHOTS = Table(
    "checkout_snapshots",
    METADATA,
    bucket(),
    key("order_id"),
    Column("checkout", Integer, primary_key=True, autoincrement=False, comment="1, 2, …: a reverted one stays (C23)"),
    Column("document", JSON, nullable=False, comment="json, not jsonb: the text is kept as the sisters sent it"),
    _of_an_order(),
)


def fact_columns() -> tuple[SchemaItem, ...]:
    """Return the columns of a payment fact, with their checks; the ledger and the inbox keep the same ones."""
    return (
        Column("type", Text, nullable=False),
        Column("source_type", Text, nullable=False),
        Column("source_id", Text, nullable=False),
        Column("amount", MONEY, nullable=False),
        Column("transaction_uid", Text),
        Column("attempt_uid", Text),
        Column("at", INSTANT, nullable=False),
        Column("transaction_id", Text),
        Column("attempt_id", Text),
        Column("payment_provider", Text),
        Column("reason", Text),
        one_of("type", FactType),
        one_of("source_type", SourceType),
        CheckConstraint("amount >= 0 AND amount < 'NaN'", name="amount_not_negative"),
    )


PAYMENT_FACTS = Table(
    "payment_facts",
    METADATA,
    bucket(),
    key("order_id"),
    Column("ordinal", Integer, primary_key=True, autoincrement=False, comment="1, 2, …: the order they came in"),
    Column("fact_key", LargeBinary, nullable=False, comment="a digest of what makes the fact this fact"),
    *fact_columns(),
    _of_an_order(),
    CheckConstraint("ordinal > 0", name="ordinal_counts"),
)
Index(
    "uq_payment_facts_fact",
    PAYMENT_FACTS.c.bucket,
    PAYMENT_FACTS.c.order_id,
    PAYMENT_FACTS.c.fact_key,
    unique=True,
)
