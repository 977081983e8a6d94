"""Pages of tickets by status, and of a unit's usages by status, read what they show however long the past is."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the indexes that left a status to be filtered."""
    op.drop_index("ix_kitchen_tickets_oldest", "kitchen_tickets")
    op.drop_index("ix_kitchen_tickets_open", "kitchen_tickets")
    op.create_index("ix_kitchen_tickets_by_status", "kitchen_tickets", ["bucket", "merchant_id", "status", "id"])
    op.create_index(
        "ix_kitchen_tickets_of_a_station", "kitchen_tickets", ["bucket", "merchant_id", "station_id", "status", "id"]
    )
    op.drop_index("ix_allocation_usages_of_a_unit", "allocation_usages")
    op.create_index(
        "ix_allocation_usages_of_a_unit", "allocation_usages", ["bucket", "merchant_id", "unit_id", "status", "id"]
    )
