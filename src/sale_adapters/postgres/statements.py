"""Every statement that orders need, built with SQLAlchemy Core from the schema and compiled once.

Each names one bucket, as a parameter of its own, so that a distributed PostgreSQL runs it on one node
(architecture §7).
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import KeyedColumnElement

from sale_adapters.postgres.schema.answers import IDEMPOTENCY_KEYS
from sale_adapters.postgres.schema.history import HISTORY, MERCHANT_FEEDS
from sale_adapters.postgres.schema.inbox import PARKED_PAYMENTS, WEBHOOK_LOG
from sale_adapters.postgres.schema.orders import CHECKOUT_SNAPSHOTS, PAYMENT_FACTS, SALE_ORDER_LINES, SALE_ORDERS
from sale_adapters.postgres.schema.publishing import OUTBOX
from sale_adapters.postgres.trips import Statement

_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
_FRESH = text("interval '24 hours'")


def compiled(clause: ClauseElement) -> Statement:
    """Return a statement's SQL, with parameters $1, $2, … and their names."""
    done = clause.compile(dialect=_DIALECT)
    assert isinstance(done, SQLCompiler), "every clause here is a statement"
    fixed = {name: value for name, value in done.params.items() if value is not None}
    assert not fixed, f"values belong into the SQL or into parameters: {fixed}"
    return Statement(str(done).encode(), tuple(done.positiontup or ()))


def names(table: Table, alias: str = "") -> bytes:
    """Return a table's columns as SQL names them.

    Never `*`: a connection that has prepared that is refused once the table has got another column, which must not
    trouble code that runs through a migration (docs/how-to/upgrade.md).
    """
    return ", ".join(f"{alias}.{column.name}" if alias else column.name for column in table.c).encode()


def _is(column: KeyedColumnElement[Any], parameter: str | None = None) -> ColumnElement[bool]:
    return column == bindparam(parameter or column.key, type_=column.type)


def _in(column: KeyedColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    return column == any_(bindparam(parameter, type_=ARRAY(Text)))


def _keys(table: Table, *names: str) -> Iterable[ColumnElement[bool]]:
    """Return the conditions of a write; a parameter may not be called as a column there is."""
    return (_is(table.c[name], f"key_{name}") for name in names)


def _parameters(table: Table, *, but: Collection[str] = ()) -> dict[str, BindParameter[Any]]:
    """Return a parameter for each column of the table, called as the column is."""
    return {column.key: bindparam(column.key, type_=column.type) for column in table.c if column.key not in but}


def inserted(table: Table, *, but: Collection[str] = ()) -> Statement:
    """Return the statement that inserts one row; `but` are columns that others write later."""
    return compiled(insert(table).values(_parameters(table, but=but)))


# --- orders ------------------------------------------------------------------------------------------------------

_ORDER = select(SALE_ORDERS).where(_is(SALE_ORDERS.c.bucket), _is(SALE_ORDERS.c.id))
_ORDER_OF_MERCHANT = _ORDER.where(_is(SALE_ORDERS.c.merchant_id))

FIND_ORDER: Final = compiled(_ORDER_OF_MERCHANT)

# On the order row alone: what a subquery saw before the wait for the lock would be old (architecture §5).
LOCK_ORDER: Final = compiled(_ORDER.with_for_update())
LOCK_ORDER_OF_MERCHANT: Final = compiled(_ORDER_OF_MERCHANT.with_for_update())

INSERT_ORDER: Final = inserted(SALE_ORDERS)

_BORN_WITH = {"bucket", "id", "number", "merchant_id", "sale_channel_id", "currency", "created_at", "created_by"}
UPDATE_ORDER: Final = compiled(
    update(SALE_ORDERS)
    .where(*_keys(SALE_ORDERS, "bucket", "id", "version"))
    .values(_parameters(SALE_ORDERS, but=_BORN_WITH))
)

_LINES = select(SALE_ORDER_LINES).where(_is(SALE_ORDER_LINES.c.bucket))
_IN_BASKET_ORDER = (SALE_ORDER_LINES.c.order_id, SALE_ORDER_LINES.c.position)
LINES: Final = compiled(_LINES.where(_is(SALE_ORDER_LINES.c.order_id)).order_by(*_IN_BASKET_ORDER))
LINES_OF_MANY: Final = compiled(_LINES.where(_in(SALE_ORDER_LINES.c.order_id, "order_ids")).order_by(*_IN_BASKET_ORDER))
INSERT_LINE: Final = inserted(SALE_ORDER_LINES)
UPDATE_LINE: Final = compiled(
    update(SALE_ORDER_LINES)
    .where(*_keys(SALE_ORDER_LINES, "bucket", "order_id", "id"))
    .values(_parameters(SALE_ORDER_LINES, but={"bucket", "order_id", "id"}))
)
DELETE_LINES: Final = compiled(
    delete(SALE_ORDER_LINES).where(
        _is(SALE_ORDER_LINES.c.bucket), _is(SALE_ORDER_LINES.c.order_id), _in(SALE_ORDER_LINES.c.id, "ids")
    )
)

_FACTS = select(PAYMENT_FACTS).where(_is(PAYMENT_FACTS.c.bucket))
_AS_THEY_CAME = (PAYMENT_FACTS.c.order_id, PAYMENT_FACTS.c.ordinal)
FACTS: Final = compiled(_FACTS.where(_is(PAYMENT_FACTS.c.order_id)).order_by(*_AS_THEY_CAME))
FACTS_OF_MANY: Final = compiled(_FACTS.where(_in(PAYMENT_FACTS.c.order_id, "order_ids")).order_by(*_AS_THEY_CAME))
INSERT_FACT: Final = inserted(PAYMENT_FACTS)

NEWEST_SNAPSHOT: Final = compiled(
    select(cast(CHECKOUT_SNAPSHOTS.c.document, Text).label("document"))
    .where(_is(CHECKOUT_SNAPSHOTS.c.bucket), _is(CHECKOUT_SNAPSHOTS.c.order_id))
    .order_by(CHECKOUT_SNAPSHOTS.c.checkout.desc())
    .limit(literal_column("1"))
)
INSERT_SNAPSHOT: Final = inserted(CHECKOUT_SNAPSHOTS)

_FILTERS = {
    "status": _is(SALE_ORDERS.c.status),
    "sale_channel_id": _is(SALE_ORDERS.c.sale_channel_id),
    "customer_id": _is(SALE_ORDERS.c.customer_id),
    "created_from": SALE_ORDERS.c.created_at >= bindparam("created_from"),
    "created_to": SALE_ORDERS.c.created_at < bindparam("created_to"),
    "after": SALE_ORDERS.c.id < bindparam("after"),
    "unallocated": SALE_ORDERS.c.received > SALE_ORDERS.c.paid,
}


@cache
def page_of_orders(filters: frozenset[str]) -> Statement:
    """Return the statement that reads a page, newest first, with just these filters: each set has a plan of its own."""
    page: Select[Any] = (
        select(SALE_ORDERS)
        .where(_is(SALE_ORDERS.c.bucket), _is(SALE_ORDERS.c.merchant_id))
        .where(*(_FILTERS[name] for name in sorted(filters)))
        .order_by(SALE_ORDERS.c.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    return compiled(page)


# --- what others are told ------------------------------------------------------------------------------------------

_WRITTEN_LATER = {
    "published_at",
    "partition",
    "log_offset",
    "cluster_id",
    "set_aside_at",
    "set_aside_reason",
    "released_at",
    "released_reason",
}
INSERT_MESSAGE: Final = inserted(OUTBOX, but=_WRITTEN_LATER)

_FEED = select(MERCHANT_FEEDS.c.n).where(_is(MERCHANT_FEEDS.c.bucket), _is(MERCHANT_FEEDS.c.merchant_id))
FEED_SEQ: Final = compiled(_FEED)

RAISE_FEED: Final = compiled(
    insert(MERCHANT_FEEDS)
    .values(bucket=bindparam("bucket"), merchant_id=bindparam("merchant_id"), n=literal_column("1"))
    .on_conflict_do_update(
        index_elements=[MERCHANT_FEEDS.c.bucket, MERCHANT_FEEDS.c.merchant_id],
        set_={"n": MERCHANT_FEEDS.c.n + literal_column("1")},
    )
)

# The feed number comes from the counter, and the version from beside the order that this transaction has written: had
# one of those writes missed, NULL would meet NOT NULL here, and the COMMIT behind it in the pipeline would not happen.
# The order's row itself is there: this transaction has locked or made it. From its SELECT on, a distributed PostgreSQL
# runs all of it beside the order (docs/decisions/0022); questions among VALUES it refuses.
INSERT_ENTRY: Final = compiled(
    insert(HISTORY).from_select(
        [column.name for column in HISTORY.c],
        select(
            *(
                _parameters(HISTORY)
                | {
                    "bucket": SALE_ORDERS.c.bucket,
                    "n": _FEED.scalar_subquery(),
                    "version": case((_is(SALE_ORDERS.c.version, "order_version"), bindparam("version", type_=Integer))),
                }
            ).values()
        ).where(_is(SALE_ORDERS.c.bucket), _is(SALE_ORDERS.c.id, "order_id")),
    )
)

ENTRIES: Final = compiled(
    select(*(column for column in HISTORY.c if column.name != "data"), cast(HISTORY.c.data, Text).label("data"))
    .where(_is(HISTORY.c.bucket), _is(HISTORY.c.order_id), _is(HISTORY.c.thing_id, "order_id"))
    .order_by(HISTORY.c.n)
)

# --- what mq-pay has sent ------------------------------------------------------------------------------------------

INSERT_WEBHOOK: Final = inserted(WEBHOOK_LOG)
PARK_FACT: Final = compiled(
    insert(PARKED_PAYMENTS)
    .values(_parameters(PARKED_PAYMENTS))
    .on_conflict_do_nothing(index_elements=[PARKED_PAYMENTS.c.bucket, PARKED_PAYMENTS.c.fact_key])
)
UNPARK_FACT: Final = compiled(
    delete(PARKED_PAYMENTS).where(_is(PARKED_PAYMENTS.c.bucket), _is(PARKED_PAYMENTS.c.fact_key))
)

# --- repeated requests -----------------------------------------------------------------------------------------------

_KEY = (_is(IDEMPOTENCY_KEYS.c.bucket), _is(IDEMPOTENCY_KEYS.c.digest))
_ANSWER_COLUMNS = ("status", "headers", "body")
_IS_FRESH = IDEMPOTENCY_KEYS.c.created_at > func.now() - _FRESH
_NEW_KEY = insert(IDEMPOTENCY_KEYS).values(_parameters(IDEMPOTENCY_KEYS, but={"created_at"}))

# An equal request waits here until the first one's transaction has ended. Returns a row when the key is ours now.
CLAIM_KEY: Final = compiled(
    _NEW_KEY.on_conflict_do_update(
        index_elements=[IDEMPOTENCY_KEYS.c.bucket, IDEMPOTENCY_KEYS.c.digest],
        set_={name: _NEW_KEY.excluded[name] for name in ("fingerprint", *_ANSWER_COLUMNS, "created_at")},
        where=_NEW_KEY.excluded.created_at - IDEMPOTENCY_KEYS.c.created_at >= _FRESH,
    ).returning(IDEMPOTENCY_KEYS.c.digest)
)

FIND_ANSWER: Final = compiled(
    select(
        IDEMPOTENCY_KEYS.c.fingerprint,
        IDEMPOTENCY_KEYS.c.status,
        cast(IDEMPOTENCY_KEYS.c.headers, Text).label("headers"),
        IDEMPOTENCY_KEYS.c.body,
    ).where(*_KEY, _IS_FRESH)
)

KEEP_ANSWER: Final = compiled(
    update(IDEMPOTENCY_KEYS)
    .where(*_keys(IDEMPOTENCY_KEYS, "bucket", "digest"))
    .values({name: bindparam(name) for name in _ANSWER_COLUMNS})
)
