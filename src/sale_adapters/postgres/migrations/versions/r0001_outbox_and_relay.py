"""The outbox, and what the relay remembers."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE outbox (
        bucket SMALLINT NOT NULL,
        event_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        transition INTEGER,
        merchant_id TEXT NOT NULL,
        topic TEXT NOT NULL,
        payload TEXT NOT NULL,
        occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
        traceparent TEXT,
        published_at TIMESTAMP WITH TIME ZONE,
        partition INTEGER,
        log_offset BIGINT,
        cluster_id TEXT,
        set_aside_at TIMESTAMP WITH TIME ZONE,
        set_aside_reason TEXT,
        CONSTRAINT pk_outbox PRIMARY KEY (bucket, event_id),
        CONSTRAINT uq_outbox_bucket_order_id_seq UNIQUE (bucket, order_id, seq),
        CONSTRAINT uq_outbox_bucket_order_id_transition UNIQUE (bucket, order_id, transition),
        CONSTRAINT ck_outbox_payload_fits_kafka CHECK (octet_length(payload) <= 1000000),
        CONSTRAINT ck_outbox_published_with_address CHECK ((published_at IS NULL) = (partition IS NULL)
            AND (published_at IS NULL) = (log_offset IS NULL)
            AND (published_at IS NULL) = (cluster_id IS NULL)),
        CONSTRAINT ck_outbox_set_aside_with_reason CHECK ((set_aside_at IS NULL) = (set_aside_reason IS NULL))
    )
    """,
    """
    CREATE INDEX ix_outbox_set_aside ON outbox (bucket, order_id, seq) WHERE set_aside_at IS NOT NULL
        AND published_at IS NULL
    """,
    "CREATE INDEX ix_outbox_unpublished ON outbox (occurred_at, order_id, seq, bucket) WHERE published_at IS NULL",
    "COMMENT ON COLUMN outbox.seq IS 'the event''s number within its order: 1, 2, …'",
    "COMMENT ON COLUMN outbox.transition IS 'the payment transition that it tells of, once each (C12)'",
    "COMMENT ON COLUMN outbox.payload IS 'the exact JSON that is sent'",
    "COMMENT ON COLUMN outbox.occurred_at IS 'never goes back within an order'",
    "COMMENT ON COLUMN outbox.published_at IS 'when it was read back from the log'",
    """
    CREATE TABLE relay_layouts (
        bucket SMALLINT NOT NULL,
        layout INTEGER NOT NULL,
        shards INTEGER NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ready_at TIMESTAMP WITH TIME ZONE,
        retired_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_relay_layouts PRIMARY KEY (bucket, layout),
        CONSTRAINT ck_relay_layouts_shards_are_ranges_of_buckets CHECK (shards BETWEEN 1 AND 1024)
    )
    """,
    "COMMENT ON COLUMN relay_layouts.bucket IS 'always 0: layouts are one list'",
    "COMMENT ON COLUMN relay_layouts.ready_at IS 'from here on nothing of an older layout can write'",
    "COMMENT ON COLUMN relay_layouts.retired_at IS 'a newer layout is ready'",
    """
    CREATE TABLE relay_shards (
        bucket SMALLINT NOT NULL,
        layout INTEGER NOT NULL,
        shard INTEGER NOT NULL,
        fence BIGINT DEFAULT 0 NOT NULL,
        owner TEXT,
        lease_until TIMESTAMP WITH TIME ZONE,
        retired BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_relay_shards PRIMARY KEY (bucket, layout, shard)
    )
    """,
    "COMMENT ON COLUMN relay_shards.bucket IS 'the first of the shard''s range'",
    "COMMENT ON COLUMN relay_shards.retired IS 'nobody can take it again'",
    """
    CREATE TABLE relay_offsets (
        bucket SMALLINT NOT NULL,
        layout INTEGER NOT NULL,
        shard INTEGER NOT NULL,
        topic TEXT NOT NULL,
        partition INTEGER NOT NULL,
        cluster_id TEXT NOT NULL,
        log_offset BIGINT NOT NULL,
        CONSTRAINT pk_relay_offsets PRIMARY KEY (bucket, layout, shard, topic, partition)
    )
    """,
    "COMMENT ON COLUMN relay_offsets.bucket IS 'the first of the shard''s range'",
    "COMMENT ON COLUMN relay_offsets.log_offset IS 'everything before it was compared with the outbox'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
