"""What is asked of, and written to, allocation usages; each names one bucket, but for the sweep's read."""

from functools import cache
from typing import Any, Final

from sqlalchemy import ARRAY, Select, Text, any_, bindparam, literal_column, select, update
from sqlalchemy.types import Integer

from sale_adapters.postgres.schema.allocations import ALLOCATION_USAGES
from sale_adapters.postgres.statements import compiled, inserted, names
from sale_adapters.postgres.trips import Statement

_USAGES = ALLOCATION_USAGES.c
_OF_BUCKET = select(ALLOCATION_USAGES).where(_USAGES.bucket == bindparam("bucket"))
_OLDEST_FIRST = (_USAGES.order_id, _USAGES.id)

OF_ORDER: Final = compiled(_OF_BUCKET.where(_USAGES.order_id == bindparam("order_id")).order_by(*_OLDEST_FIRST))
ACTIVE_OF_ORDER: Final = compiled(
    _OF_BUCKET.where(_USAGES.order_id == bindparam("order_id"), _USAGES.status == literal_column("'ACTIVE'")).order_by(
        *_OLDEST_FIRST
    )
)
OF_ORDERS: Final = compiled(
    _OF_BUCKET.where(_USAGES.order_id == any_(bindparam("order_ids", type_=ARRAY(Text)))).order_by(*_OLDEST_FIRST)
)
ORDER_OF: Final = compiled(
    select(_USAGES.order_id).where(
        _USAGES.bucket == bindparam("bucket"),
        _USAGES.id == bindparam("id"),
        _USAGES.merchant_id == bindparam("merchant_id"),
    )
)

INSERT: Final = inserted(ALLOCATION_USAGES)
_CHANGING = ("unit_id", "status", "version", "ended_at")
UPDATE: Final = compiled(
    update(ALLOCATION_USAGES)
    .where(_USAGES.bucket == bindparam("key_bucket"), _USAGES.id == bindparam("key_id"))
    .values({name: bindparam(name) for name in _CHANGING})
)

_FILTERS = {
    "unit_id": _USAGES.unit_id == bindparam("unit_id"),
    "zone_id": _USAGES.zone_id == bindparam("zone_id"),
    "after": _USAGES.id < bindparam("after"),
}


@cache
def page(filters: frozenset[str]) -> Statement:
    """Return the statement that reads a page, newest first, with just these filters."""
    wanted: Select[Any] = (
        _OF_BUCKET.where(_USAGES.merchant_id == bindparam("merchant_id"), _USAGES.status == bindparam("status"))
        .where(*(_FILTERS[name] for name in sorted(filters)))
        .order_by(_USAGES.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    return compiled(wanted)


# The status stands in the SQL, or a prepared statement's plan could not know the partial index.
DUE: Final = Statement(
    b"""
    SELECT %s FROM allocation_usages
    WHERE status = 'ACTIVE' AND reserved_to <= $3 AND (reserved_to, id) > ($4, $5) AND bucket >= $1 AND bucket < $2
    ORDER BY reserved_to, id LIMIT $6
    """
    % names(ALLOCATION_USAGES),
    ("first", "stop", "until", "after_time", "after_id", "limit"),
)
