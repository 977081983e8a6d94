"""Figures for operators are read from indexes that are as small as what they count."""

import asyncio

import psycopg
import pytest

from sale_adapters.postgres import figures
from sale_adapters.postgres.connection import Connections, Database
from sale_adapters.postgres.trips import Statement, Trips
from sale_domain.order_lifecycle import OrderStatus

# A table so small that PostgreSQL would rather read all of it shows no index unless told to.
NO_SCAN = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (figures.UNPUBLISHED, "ix_outbox_unpublished"),
        (figures.SET_ASIDE, "ix_outbox_set_aside"),
        (figures.PARKED, "Index Only Scan using ix_parked_payments_oldest"),
        (figures.UNALLOCATED, "Index Only Scan using ix_sale_orders_unallocated_sum"),
        (figures.ACTIVE_USAGES, "Index Only Scan using ix_allocation_usages_active"),
        *((statement, "Index Only Scan using ix_sale_orders_open") for statement in figures.OPEN_ORDERS.values()),
    ],
    ids=[
        "unpublished",
        "set aside",
        "parked",
        "unallocated",
        "active usages",
        *(status.value for status in figures.OPEN_ORDERS),
    ],
)
async def test_each_figure_has_its_index(other: psycopg.AsyncConnection, statement: Statement, index: str) -> None:
    await other.execute(NO_SCAN)
    parameter = b"(bigint)" if statement.names else b""
    await other.execute(b"PREPARE look " + parameter + b" AS " + statement.sql)
    call = "EXPLAIN EXECUTE look (10)" if statement.names else "EXPLAIN EXECUTE look"
    plan = "\n".join(row[0] for row in await (await other.execute(call)).fetchall())
    await other.execute("DEALLOCATE look")

    assert index in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


def test_the_statuses_of_the_index_are_those_that_are_counted(tables_url: str) -> None:
    with psycopg.connect(tables_url) as connection:
        (definition,) = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_sale_orders_open'"
        ).fetchall()

    assert {status for status in OrderStatus if f"'{status.value}'" in definition[0]} == set(figures.OPEN_ORDERS)


async def test_the_pool_tells_what_it_has_and_who_waits(tables_url: str) -> None:
    async with Database(tables_url, connections=1) as database:
        assert await database.is_there()
        idle = database.connections()

        async def work(_: Trips) -> Connections:
            waiter = asyncio.ensure_future(database.is_there())
            await asyncio.sleep(0)
            seen = database.connections()
            waiter.cancel()
            return seen

        busy = await database.transact(work)

    assert (idle.size, idle.available, idle.waiting) == (1, 1, 0)
    assert (busy.size, busy.available, busy.waiting) == (1, 0, 1)
