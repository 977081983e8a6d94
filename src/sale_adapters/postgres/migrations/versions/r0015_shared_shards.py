"""A relay can ask for a shard that another has, so that several share them (decision 0029)."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a shard is asked with; a relay of before neither asks nor looks."""
    op.add_column(
        "relay_shards", sa.Column("asker_shards", sa.Integer, comment="so many has a relay that asks for this one")
    )
    op.add_column("relay_shards", sa.Column("asked_until", sa.DateTime(timezone=True)))
