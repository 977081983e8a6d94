"""What the newest release says to PostgreSQL and has written there, kept as a file: `make released` after each release.

Old code runs on new tables while the next release is rolled out, and its rows stay (docs/how-to/upgrade.md).
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import attrs
import psycopg
from psycopg import sql

import evening
import services
from orders_world import opened, pho
from sale_adapters.postgres import Database, PostgresOrders
from sale_adapters.postgres.migrations.pending import pending
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.schema import METADATA
from sale_domain.ports.orders import Decision
from seating_world import taking
from sql_said import said

FILE = Path(__file__).with_name("released.json")


@attrs.frozen(kw_only=True)
class Release:
    """One release.

    Attributes:
        revision: Of its tables.
        statements: By their names in the code, with parameters $1, $2 and so on.
        rows: Each table's, as PostgreSQL writes them in JSON; in an order that foreign keys allow.
    """

    version: str
    revision: str
    statements: Mapping[str, str]
    rows: Mapping[str, list[str]]


@cache
def newest() -> Release:
    """Return what is kept of the newest release."""
    return Release(**json.loads(FILE.read_text()))


def said_now() -> dict[str, str]:
    """Return every statement that the code of today knows."""
    return {each.place: each.sql for each in said()}


def fill(database_url: str, release: Release) -> None:
    """Write the release's rows as its own code would: columns that came later are not named."""
    insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM json_populate_recordset(NULL::{}, %s::json)")
    with psycopg.connect(database_url) as connection:
        for table, rows in release.rows.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, json.loads(rows[0])))
            name = sql.Identifier(table)
            connection.execute(insert.format(name, columns, columns, name), (f"[{','.join(rows)}]",))


async def _play(database_url: str) -> None:
    async with Database(database_url) as database:
        orders = PostgresOrders(database)
        sold = await evening.play(orders)
        seated = opened(sold.merchant_id, pho())
        await orders.create(Decision(change=seated), once=None)
        await orders.change(seated.order.id, taking("T1", "T2"), merchant_id=sold.merchant_id)


def _rows(database_url: str) -> dict[str, list[str]]:
    with psycopg.connect(database_url) as connection:
        found = {
            table.name: [
                row
                for (row,) in connection.execute(
                    sql.SQL("SELECT to_json(t)::text FROM {} t").format(sql.Identifier(table.name))
                )
            ]
            for table in METADATA.sorted_tables
        }
    return {table: rows for table, rows in found.items() if rows}


def _take() -> Release:
    with services.postgres() as server, services.fresh_database(server) as url:
        newest_revision = pending(url)[-1]
        migrate(url)
        asyncio.run(_play(url))
        return Release(
            version=metadata.version("sale"), revision=newest_revision, statements=said_now(), rows=_rows(url)
        )


if __name__ == "__main__":
    taken = _take()
    FILE.write_text(json.dumps(attrs.asdict(taken), indent=1) + "\n")
    sys.stdout.write(f"{FILE.name}: {taken.version} at revision {taken.revision}, {len(taken.statements)} statements\n")
