"""No figure is NaN, which is larger than everything and passes every check of the kind "not negative"."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHECKS = (
    (
        "sale_orders",
        "totals_not_negative",
        "least(subtotal, discount, tax, total) >= 0 AND greatest(subtotal, discount, tax, total) < 'NaN'",
    ),
    ("sale_orders", "exchange_rate_is_positive", "exchange_rate > 0 AND exchange_rate < 'NaN'"),
    (
        "sale_orders",
        "paid_was_received",
        "paid >= 0 AND paid <= received AND paid <= coalesce(total, 0) AND received < 'NaN'",
    ),
    ("sale_order_lines", "quantity_is_positive", "quantity > 0 AND greatest(quantity, per_combo) < 'NaN'"),
    (
        "sale_order_lines",
        "price_not_negative",
        (
            "least(own_price, base_price, unit_price, discount, tax, total) >= 0"
            " AND greatest(own_price, base_price, unit_price, discount, tax, total) < 'NaN'"
        ),
    ),
    ("kitchen_ticket_items", "quantity_is_positive", "quantity > 0 AND quantity < 'NaN'"),
    ("payment_facts", "amount_not_negative", "amount >= 0 AND amount < 'NaN'"),
    ("parked_payments", "amount_not_negative", "amount >= 0 AND amount < 'NaN'"),
)


def upgrade() -> None:
    """Replace the checks; a table with such a figure in it refuses."""
    for table, name, check in CHECKS:
        # One after the other: a distributed PostgreSQL adds a constraint by itself only.
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({check})")
