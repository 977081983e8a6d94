"""What it means that an outbox row is set aside or held back, said once for all who ask."""

from typing import Final, LiteralString

# Publishing takes a row back from aside, so `published_at` need not be asked for: see below why it must not be.
IS_SET_ASIDE: Final[LiteralString] = "set_aside_at IS NOT NULL AND released_at IS NULL"

# Statistics are mostly made while nothing waits, so they call "unpublished" one row. A planner that trusts them looks
# for what is set aside by reading the whole backlog again for each row of it: 26 s at 20 000 rows. So the inner
# question does not ask for `published_at`, which keeps it off that index, and OFFSET 0 keeps it from being made a join:
# one look into an index by bucket, order and number, whatever is believed.
IS_HELD_BACK: Final[LiteralString] = f"""EXISTS (
    SELECT FROM outbox a WHERE a.bucket = o.bucket AND a.order_id = o.order_id AND a.seq <= o.seq
    AND {IS_SET_ASIDE} OFFSET 0
)"""
"""Of a row `o`: whether it or an earlier one of its order is set aside."""
