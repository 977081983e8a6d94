"""The partial indexes behind the figures for operators: each is as small as what it counts."""

from sqlalchemy import Index, text

from sale_adapters.postgres.schema.orders import SALE_ORDERS

# The open orders are few among the many completed ones. Neither column changes when a line does: such updates stay
# on their page (HOT).
Index(
    "ix_sale_orders_open",
    SALE_ORDERS.c.status,
    SALE_ORDERS.c.created_at,
    postgresql_where=text("status IN ('DRAFT', 'PROCESSING', 'PARTIAL')"),
)
# Money that pays for nothing, summed from the index alone.
Index(
    "ix_sale_orders_unallocated_sum",
    SALE_ORDERS.c.currency,
    postgresql_include=["received", "paid"],
    postgresql_where=text("received > paid"),
)
