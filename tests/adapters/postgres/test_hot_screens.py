"""What kitchen, floor and stream ask reads what it answers and little more, however long a merchant's past is."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sale_adapters.postgres import feed, kitchen_statements, statements, usage_sql
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.trips import Statement

PAST, OPEN, PAGE = 12_000, 40, 50

# One merchant's: per order a ticket with an item, a usage and an entry; nearly all is over. Its bucket has others too.
SHOP = """
    WITH made AS (
        SELECT n, %(m)s || lpad(n::text, 10, '0') AS id, n > %(past)s AS open FROM generate_series(1, %(all)s) n
    ),
    orders AS (
        INSERT INTO sale_orders (bucket, id, number, merchant_id, sale_channel_id, currency, status, version, received,
            paid, transition, reported_facts, checkouts, events, created_at, created_by, updated_at)
        SELECT 7, id, id, %(m)s, 'c', 'VND', 'DRAFT', 1, 0, 0, 0, 0, 0, 0, now(), 'u', now() FROM made RETURNING id
    ), tickets AS (
        INSERT INTO kitchen_tickets
        SELECT 7, made.id, %(m)s, made.id, CASE n %% 3 WHEN 0 THEN 'bar' WHEN 1 THEN 'stove' END,
            CASE WHEN open THEN 'PENDING' WHEN n %% 50 = 0 THEN 'VOIDED' ELSE 'COMPLETED' END, 1, false, false,
            now(), 'u'
        FROM made JOIN orders USING (id) RETURNING id
    ), items AS (
        INSERT INTO kitchen_ticket_items
        SELECT 7, id, id, id, id, 'PRODUCT_VARIANT', 'v', 'Phở', 1, 'PENDING', NULL, NULL, NULL, 0, now(), 'u', NULL
        FROM tickets
    ), usages AS (
        INSERT INTO allocation_usages
        SELECT 7, made.id, %(m)s, made.id, CASE WHEN open THEN 'table-' || n ELSE 'table-' || n %% 10 END,
            CASE n %% 2 WHEN 0 THEN 'hall' ELSE 'garden' END, 'TABLE',
            CASE WHEN open THEN 'ACTIVE' WHEN n %% 100 = 0 THEN 'EXPIRED' ELSE 'SUCCESS' END, 1,
            now() - interval '2 hours', CASE n %% 4 WHEN 0 THEN now() - interval '1 hour' END,
            CASE WHEN NOT open THEN now() END
        FROM made JOIN orders USING (id)
    )
    INSERT INTO history
    SELECT 7, %(m)s, n, 'observation/sale/sale-order', id, id, 'ORDER_CREATED', 1, 'DRAFT', NULL, now(), 'u' FROM made
"""


def pages(*statuses: str, station: str | None = None, after: int = 0) -> tuple[Statement, str]:
    values = f"7, 'mine', 'mine{after:010}', {PAGE}" + ("" if station is None else f", '{station}'")
    return kitchen_statements.page_of_tickets(statuses, of_station=station is not None), values


def usages(*filters: str, values: str) -> tuple[Statement, str]:
    """The values stand in the order of the statement's own parameters."""
    return usage_sql.page(frozenset(filters)), values


ACTIVE_TICKETS = ("PENDING", "PROCESSING", "READY")
LAST = "'mine0000012040'"
BY_STATUS, OF_STATION = "ix_kitchen_tickets_by_status", "ix_kitchen_tickets_of_a_station"
# What is ACTIVE is few: each index of it alone, or that begins with the status, reads no more.
ACTIVE_USAGES = (
    "ix_allocation_usages_by_status",
    "ix_allocation_usages_reserved",
    "ix_allocation_usages_active",
    "uq_allocation_usages_active_unit",
)
QUESTIONS: dict[str, tuple[tuple[Statement, str], *tuple[str, ...]]] = {
    "what there is to cook": (pages(*ACTIVE_TICKETS), BY_STATUS),
    "what a station has to cook": (pages(*ACTIVE_TICKETS, station="stove"), OF_STATION),
    "what an idle station has to cook": (pages(*ACTIVE_TICKETS, station="roof"), OF_STATION),
    "what is finished": (pages("COMPLETED"), BY_STATUS),
    "what is finished, far back": (pages("COMPLETED", after=11_000), BY_STATUS),
    "what was voided": (pages("VOIDED"), BY_STATUS),
    "what a station has finished": (pages("COMPLETED", "VOIDED", station="bar"), OF_STATION),
    "all tickets": (pages("COMPLETED", *ACTIVE_TICKETS, "VOIDED"), BY_STATUS),
    "a page's items": ((kitchen_statements.ITEMS, f"7, ARRAY[{LAST}]"), "ix_kitchen_ticket_items_of_an_order"),
    "a page's usages": ((usage_sql.OF_ORDERS, f"7, ARRAY[{LAST}]"), "ix_allocation_usages_of_an_order"),
    "an order's tickets": ((kitchen_statements.TICKETS, f"7, ARRAY[{LAST}]"), "ix_kitchen_tickets_of_an_order"),
    "an order's guests": ((usage_sql.ACTIVE_OF_ORDER, f"7, {LAST}"), "ix_allocation_usages_of_an_order"),
    "who sits where": (usages(values=f"7, 'mine', 'ACTIVE', {PAGE}"), *ACTIVE_USAGES),
    "who sat at a table": (
        usages("unit_id", values=f"7, 'mine', 'SUCCESS', 'table-7', {PAGE}"),
        "ix_allocation_usages_of_a_unit",
    ),
    "which tables are due": ((usage_sql.DUE, f"0, 1024, now(), '0001-01-01', '', {PAGE}"), *ACTIVE_USAGES),
    "what is new on the feed": ((feed.SINCE, f"7, 'mine', 12000, {PAGE}"), "pk_history"),
    "the feed's heads": ((feed.HEADS, "'{7}', '{mine}'"), "pk_merchant_feeds"),
    "an order's history": ((statements.ENTRIES, f"7, {LAST}"), "ix_history_of_an_order"),
}


@pytest.fixture(scope="module")
def shops_url(database_url: str) -> str:
    """Return a database in which merchants of one bucket have a past."""
    migrate(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for merchant, past in (("mine", PAST), ("theirs", PAST), ("zebra", 0)):
            connection.execute(SHOP.encode(), {"m": merchant, "past": past, "all": past + OPEN})
        connection.execute(
            "INSERT INTO merchant_feeds SELECT n % 1024, 'merchant-' || n, 1 FROM generate_series(1, 5000) n"
        )
        connection.execute("INSERT INTO merchant_feeds VALUES (7, 'mine', 12040)")
        connection.execute("ANALYZE")
    return database_url


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_screens_question_reads_its_index_and_no_more_than_its_pages(
    shops_url: str, question: str, mode: str
) -> None:
    (statement, values), *indexes = QUESTIONS[question]
    with psycopg.connect(shops_url) as asking:
        asking.execute(f"SET LOCAL plan_cache_mode = {mode}".encode())
        asking.execute(b"PREPARE asked AS " + statement.sql)
        explain = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) EXECUTE asked ({values})"
        (found,) = asking.execute(explain.encode()).fetchone() or ()
    steps = list(nodes(found[0]["Plan"]))

    assert {node.get("Index Name") for node in steps} & set(indexes), json.dumps(found)
    read = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in steps
        if "Relation Name" in node
    )
    # A page of each of five statuses, and that page's orders.
    assert read <= 6 * PAGE, json.dumps(found)
