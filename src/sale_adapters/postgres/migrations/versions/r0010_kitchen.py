"""Kitchen tickets with their items, and the merchants' stations."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE kitchen_tickets (
        bucket SMALLINT NOT NULL,
        id TEXT NOT NULL,
        merchant_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        station_id TEXT,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        rush BOOLEAN NOT NULL,
        order_cancelled BOOLEAN NOT NULL,
        sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
        sent_by TEXT NOT NULL,
        CONSTRAINT pk_kitchen_tickets PRIMARY KEY (bucket, id),
        CONSTRAINT fk_kitchen_tickets_bucket_order_id_sale_orders FOREIGN KEY(bucket, order_id)
            REFERENCES sale_orders (bucket, id),
        CONSTRAINT ck_kitchen_tickets_status_is_known CHECK (status IN ('PENDING', 'PROCESSING', 'READY',
            'COMPLETED', 'VOIDED')),
        CONSTRAINT ck_kitchen_tickets_version_counts CHECK (version > 0)
    ) WITH (fillfactor = 85)
    """,
    "COMMENT ON COLUMN kitchen_tickets.status IS 'what its items say; to find it by'",
    "CREATE INDEX ix_kitchen_tickets_of_an_order ON kitchen_tickets (bucket, order_id)",
    "CREATE INDEX ix_kitchen_tickets_oldest ON kitchen_tickets (bucket, merchant_id, id)",
    """
    CREATE INDEX ix_kitchen_tickets_open ON kitchen_tickets (bucket, merchant_id, station_id, id)
        WHERE status IN ('PENDING', 'PROCESSING', 'READY')
    """,
    """
    CREATE TABLE kitchen_ticket_items (
        bucket SMALLINT NOT NULL,
        id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        ticket_id TEXT NOT NULL,
        line_id TEXT NOT NULL,
        item_type TEXT NOT NULL,
        item_id TEXT,
        name TEXT NOT NULL,
        quantity NUMERIC(15, 4) NOT NULL,
        status TEXT NOT NULL,
        course TEXT,
        note TEXT,
        recipe_id TEXT,
        moves INTEGER NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        changed_by TEXT NOT NULL,
        void_reason TEXT,
        CONSTRAINT pk_kitchen_ticket_items PRIMARY KEY (bucket, id),
        CONSTRAINT fk_kitchen_ticket_items_bucket_ticket_id_kitchen_tickets FOREIGN KEY(bucket, ticket_id)
            REFERENCES kitchen_tickets (bucket, id),
        CONSTRAINT ck_kitchen_ticket_items_status_is_known CHECK (status IN ('PENDING', 'COOKING', 'READY',
            'SERVED', 'VOIDED')),
        CONSTRAINT ck_kitchen_ticket_items_quantity_is_positive CHECK (quantity > 0),
        CONSTRAINT ck_kitchen_ticket_items_moves_count CHECK (moves >= 0),
        CONSTRAINT ck_kitchen_ticket_items_voided_with_reason CHECK ((status = 'VOIDED') = (void_reason IS NOT NULL))
    ) WITH (fillfactor = 85)
    """,
    """
    COMMENT ON COLUMN kitchen_ticket_items.line_id
        IS 'of a line that may be gone when everything of it was voided'
    """,
    "COMMENT ON COLUMN kitchen_ticket_items.moves IS 'how many transitions there were; each has an event'",
    "CREATE INDEX ix_kitchen_ticket_items_of_an_order ON kitchen_ticket_items (bucket, order_id)",
    """
    CREATE TABLE kitchen_stations (
        bucket SMALLINT NOT NULL,
        merchant_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        stations JSON NOT NULL,
        CONSTRAINT pk_kitchen_stations PRIMARY KEY (bucket, merchant_id),
        CONSTRAINT ck_kitchen_stations_version_counts CHECK (version >= 0)
    )
    """,
    "COMMENT ON COLUMN kitchen_stations.stations IS 'all of them: they are read and set at once'",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
