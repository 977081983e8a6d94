"""What the kitchen has of the orders, and the merchants' stations."""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from sale_adapters.postgres.schema.columns import INSTANT, MONEY, bucket, key
from sale_adapters.postgres.schema.metadata import METADATA
from sale_domain.kitchen_lifecycle import KitchenItemStatus, KitchenTicketStatus


def _one_of(kind: type[KitchenItemStatus | KitchenTicketStatus]) -> CheckConstraint:
    values = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"status IN ({values})", name="status_is_known")


KITCHEN_TICKETS = Table(
    "kitchen_tickets",
    METADATA,
    bucket(),
    key("id"),
    Column("merchant_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("station_id", Text),
    Column("status", Text, nullable=False, comment="what its items say; to find it by"),
    Column("version", Integer, nullable=False),
    Column("rush", Boolean, nullable=False),
    Column("order_cancelled", Boolean, nullable=False),
    Column("sent_at", INSTANT, nullable=False),
    Column("sent_by", Text, nullable=False),
    ForeignKeyConstraint(["bucket", "order_id"], ["sale_orders.bucket", "sale_orders.id"]),
    _one_of(KitchenTicketStatus),
    CheckConstraint("version > 0", name="version_counts"),
    postgresql_with={"fillfactor": 85},
)
# A command on tickets reads all those of the order.
Index("ix_kitchen_tickets_of_an_order", KITCHEN_TICKETS.c.bucket, KITCHEN_TICKETS.c.order_id)
# A page of tickets, oldest first (ids are time-ordered), of some statuses: each status is read by itself.
Index(
    "ix_kitchen_tickets_by_status",
    KITCHEN_TICKETS.c.bucket,
    KITCHEN_TICKETS.c.merchant_id,
    KITCHEN_TICKETS.c.status,
    KITCHEN_TICKETS.c.id,
)
# The same of one station.
Index(
    "ix_kitchen_tickets_of_a_station",
    KITCHEN_TICKETS.c.bucket,
    KITCHEN_TICKETS.c.merchant_id,
    KITCHEN_TICKETS.c.station_id,
    KITCHEN_TICKETS.c.status,
    KITCHEN_TICKETS.c.id,
)

KITCHEN_TICKET_ITEMS = Table(
    "kitchen_ticket_items",
    METADATA,
    bucket(),
    key("id"),
    Column("order_id", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("line_id", Text, nullable=False, comment="of a line that may be gone when everything of it was voided"),
    Column("item_type", Text, nullable=False),
    Column("item_id", Text),
    Column("name", Text, nullable=False),
    Column("quantity", MONEY, nullable=False),
    Column("status", Text, nullable=False),
    Column("course", Text),
    Column("note", Text),
    Column("recipe_id", Text),
    Column("moves", Integer, nullable=False, comment="how many transitions there were; each has an event"),
    Column("changed_at", INSTANT, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("void_reason", Text),
    ForeignKeyConstraint(["bucket", "ticket_id"], ["kitchen_tickets.bucket", "kitchen_tickets.id"]),
    _one_of(KitchenItemStatus),
    CheckConstraint("quantity > 0 AND quantity < 'NaN'", name="quantity_is_positive"),
    CheckConstraint("moves >= 0", name="moves_count"),
    CheckConstraint("(status = 'VOIDED') = (void_reason IS NOT NULL)", name="voided_with_reason"),
    postgresql_with={"fillfactor": 85},
)
# An order's items, and those of a page of tickets: whoever needs some of an order's items takes them all.
Index("ix_kitchen_ticket_items_of_an_order", KITCHEN_TICKET_ITEMS.c.bucket, KITCHEN_TICKET_ITEMS.c.order_id)

KITCHEN_STATIONS = Table(
    "kitchen_stations",
    METADATA,
    bucket(),
    key("merchant_id"),
    Column("version", Integer, nullable=False),
    Column("stations", JSON, nullable=False, comment="all of them: they are read and set at once"),
    CheckConstraint("version >= 0", name="version_counts"),
)
