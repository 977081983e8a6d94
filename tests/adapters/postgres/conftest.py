"""A migrated database for each module, and connections to it for each test."""

from collections.abc import AsyncGenerator

import psycopg
import pytest

from reconciled_shop import Shop, open_shop
from sale_adapters.postgres import Database, PostgresOrders
from stores import IMPATIENT


@pytest.fixture
async def database(tables_url: str) -> AsyncGenerator[Database]:
    """Yield a database that loses its patience soon."""
    async with Database(tables_url, patience=IMPATIENT) as database:
        yield database


@pytest.fixture
def orders(database: Database) -> PostgresOrders:
    return PostgresOrders(database)


@pytest.fixture
async def other(tables_url: str) -> AsyncGenerator[psycopg.AsyncConnection]:
    """Yield a connection of somebody else, to hold locks and to look around with."""
    async with await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def shop(
    tables_url: str, database: Database, orders: PostgresOrders, other: psycopg.AsyncConnection
) -> AsyncGenerator[Shop]:
    """Yield a played evening; whatever a test spoils of it is gone afterwards."""
    async with open_shop(tables_url, database=database, orders=orders, hand=other) as shop:
        yield shop
