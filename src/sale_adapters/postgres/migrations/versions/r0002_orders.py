"""Orders, their lines, what checkout froze, and the ledger."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE sale_orders (
        bucket SMALLINT NOT NULL,
        id TEXT NOT NULL,
        number TEXT NOT NULL,
        merchant_id TEXT NOT NULL,
        sale_channel_id TEXT NOT NULL,
        customer_id TEXT,
        currency TEXT NOT NULL,
        note TEXT,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        subtotal NUMERIC(15, 4),
        discount NUMERIC(15, 4),
        tax NUMERIC(15, 4),
        total NUMERIC(15, 4),
        exchange_rate NUMERIC(21, 10),
        received NUMERIC(24, 4) NOT NULL,
        paid NUMERIC(24, 4) NOT NULL,
        transition INTEGER NOT NULL,
        reported_facts INTEGER NOT NULL,
        checkouts INTEGER NOT NULL,
        events INTEGER NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        created_by TEXT NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        checked_out_at TIMESTAMP WITH TIME ZONE,
        completed_at TIMESTAMP WITH TIME ZONE,
        cancelled_at TIMESTAMP WITH TIME ZONE,
        cancel_reason TEXT,
        CONSTRAINT pk_sale_orders PRIMARY KEY (bucket, id),
        CONSTRAINT ck_sale_orders_status_is_known CHECK (status IN ('DRAFT', 'PROCESSING', 'PARTIAL',
            'COMPLETED', 'CANCELLED')),
        CONSTRAINT ck_sale_orders_version_counts CHECK (version > 0),
        CONSTRAINT ck_sale_orders_totals_together CHECK (num_nulls(subtotal, discount, tax, total) IN (0, 4)),
        CONSTRAINT ck_sale_orders_draft_has_no_total
            CHECK (status = 'CANCELLED' OR (status = 'DRAFT') = (total IS NULL)),
        CONSTRAINT ck_sale_orders_totals_not_negative CHECK (least(subtotal, discount, tax, total) >= 0),
        CONSTRAINT ck_sale_orders_exchange_rate_is_positive CHECK (exchange_rate > 0),
        CONSTRAINT ck_sale_orders_paid_was_received CHECK (paid >= 0 AND paid <= received
            AND paid <= coalesce(total, 0)),
        CONSTRAINT ck_sale_orders_counters_not_negative
            CHECK (least(transition, reported_facts, checkouts, events) >= 0)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE INDEX ix_sale_orders_by_customer ON sale_orders (bucket, merchant_id, customer_id, id)
        WHERE customer_id IS NOT NULL
    """,
    "CREATE INDEX ix_sale_orders_by_status ON sale_orders (bucket, merchant_id, status, id)",
    "CREATE INDEX ix_sale_orders_by_time ON sale_orders (bucket, merchant_id, created_at)",
    "CREATE INDEX ix_sale_orders_newest ON sale_orders (bucket, merchant_id, id)",
    "CREATE UNIQUE INDEX uq_sale_orders_number ON sale_orders (bucket, merchant_id, number)",
    "COMMENT ON COLUMN sale_orders.currency IS 'of every amount of the order, its lines and its ledger (C24)'",
    "COMMENT ON COLUMN sale_orders.received IS 'what the ledger amounts to; for people who read the table'",
    """
    CREATE TABLE sale_order_lines (
        bucket SMALLINT NOT NULL,
        order_id TEXT NOT NULL,
        id TEXT NOT NULL,
        position INTEGER NOT NULL,
        mode TEXT NOT NULL,
        item_type TEXT NOT NULL,
        item_id TEXT,
        name TEXT NOT NULL,
        lead_id TEXT,
        quantity NUMERIC(15, 4) NOT NULL,
        per_combo NUMERIC(15, 4),
        note TEXT,
        own_price NUMERIC(15, 4),
        base_price NUMERIC(15, 4),
        unit_price NUMERIC(15, 4),
        discount NUMERIC(15, 4),
        tax NUMERIC(15, 4),
        total NUMERIC(15, 4),
        stock_id TEXT,
        recipe_id TEXT,
        sent_quantity NUMERIC(15, 4) NOT NULL,
        CONSTRAINT pk_sale_order_lines PRIMARY KEY (bucket, order_id, id),
        CONSTRAINT fk_sale_order_lines_bucket_order_id_sale_orders FOREIGN KEY(bucket, order_id)
            REFERENCES sale_orders (bucket, id),
        CONSTRAINT fk_sale_order_lines_bucket_order_id_lead_id_sale_order_lines
            FOREIGN KEY(bucket, order_id, lead_id) REFERENCES sale_order_lines (bucket, order_id, id),
        CONSTRAINT ck_sale_order_lines_mode_is_known CHECK (mode IN ('PRODUCT', 'CUSTOM')),
        CONSTRAINT ck_sale_order_lines_quantity_is_positive CHECK (quantity > 0),
        CONSTRAINT ck_sale_order_lines_sent_was_ordered CHECK (sent_quantity >= 0
            AND sent_quantity <= quantity),
        CONSTRAINT ck_sale_order_lines_child_knows_its_share CHECK ((lead_id IS NULL) = (per_combo IS NULL)),
        CONSTRAINT ck_sale_order_lines_price_together
            CHECK (num_nulls(base_price, unit_price, discount, tax, total) IN (0, 5)),
        CONSTRAINT ck_sale_order_lines_price_not_negative
            CHECK (least(own_price, base_price, unit_price, discount, tax, total) >= 0)
    ) WITH (fillfactor = 85)
    """,
    "COMMENT ON COLUMN sale_order_lines.position IS 'the basket''s order'",
    """
    CREATE TABLE checkout_snapshots (
        bucket SMALLINT NOT NULL,
        order_id TEXT NOT NULL,
        checkout INTEGER NOT NULL,
        document JSON NOT NULL,
        CONSTRAINT pk_checkout_snapshots PRIMARY KEY (bucket, order_id, checkout),
        CONSTRAINT fk_checkout_snapshots_bucket_order_id_sale_orders FOREIGN KEY(bucket, order_id)
            REFERENCES sale_orders (bucket, id)
    )
    """,
    "COMMENT ON COLUMN checkout_snapshots.checkout IS '1, 2, …: a reverted one stays (C23)'",
    "COMMENT ON COLUMN checkout_snapshots.document IS 'json, not jsonb: the text is kept as the sisters sent it'",
    """
    CREATE TABLE payment_facts (
        bucket SMALLINT NOT NULL,
        order_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        fact_key BYTEA NOT NULL,
        type TEXT NOT NULL,
        source_type TEXT NOT NULL,
        source_id TEXT NOT NULL,
        amount NUMERIC(15, 4) NOT NULL,
        transaction_uid TEXT,
        attempt_uid TEXT,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        transaction_id TEXT,
        attempt_id TEXT,
        payment_provider TEXT,
        reason TEXT,
        CONSTRAINT pk_payment_facts PRIMARY KEY (bucket, order_id, ordinal),
        CONSTRAINT ck_payment_facts_type_is_known CHECK (type IN ('mq-pay:attempt.success',
            'mq-pay:attempt.failed', 'mq-pay:attempt.expired', 'mq-pay:attempt.cancelled',
            'mq-pay:transaction.settled', 'mq-pay:transaction.cancelled')),
        CONSTRAINT ck_payment_facts_source_type_is_known CHECK (source_type IN ('SaleOrder', 'SaleCheck')),
        CONSTRAINT ck_payment_facts_amount_not_negative CHECK (amount >= 0),
        CONSTRAINT fk_payment_facts_bucket_order_id_sale_orders FOREIGN KEY(bucket, order_id)
            REFERENCES sale_orders (bucket, id),
        CONSTRAINT ck_payment_facts_ordinal_counts CHECK (ordinal > 0)
    )
    """,
    "CREATE UNIQUE INDEX uq_payment_facts_fact ON payment_facts (bucket, order_id, fact_key)",
    "COMMENT ON COLUMN payment_facts.ordinal IS '1, 2, …: the order they came in'",
    "COMMENT ON COLUMN payment_facts.fact_key IS 'a digest of what makes the fact this fact'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
