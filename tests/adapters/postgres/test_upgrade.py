"""The newest release goes on upon its successor's tables: what it says is understood, and what it has written is kept.

The other way round, the code of today works on tables that lack only what is not needed yet. And `sale migrate` meets
whatever is there: tables of a newer Sale, and users who may do little.
"""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

import evening
import services
from released import fill, newest, said_now
from sale_adapters.memory import ManualClock, MemoryLogReader
from sale_adapters.postgres import Database, PostgresBooks, PostgresOrders
from sale_adapters.postgres.migrations.pending import NEEDED, pending, wanting
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.schema import METADATA
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.reconciliation import Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope

INSTALL = Path(__file__).parents[3] / "docs" / "how-to" / "install.md"
_INSERT = re.compile(r"\s*INSERT INTO (\w+) \(([^)]*)\)")

FORCED = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull
        AND NOT atthasdef AND attidentity = '' AND NOT attisdropped
"""


@pytest.fixture
def rolled_url(postgres_url: str) -> Iterator[str]:
    """Yield a database as the newest release has made it."""
    with services.fresh_database(postgres_url) as url:
        migrate(url, to=newest().revision)
        yield url


def refusals(connection: psycopg.Connection, statements: dict[str, str], *, prepare: bool = True) -> dict[str, str]:
    """Say every statement with nothing but NULL, and return which are refused for what they are.

    A value that a row may not have (classes 22 and 23) is only met by a statement that is understood and allowed.
    """
    refused: dict[str, str] = {}
    for n, (name, statement) in enumerate(statements.items()):
        try:
            if prepare:
                connection.execute(f"PREPARE said_{n} AS {statement}".encode())
            values = ", ".join("NULL" for _ in set(re.findall(r"\$\d+", statement)))
            with connection.transaction(force_rollback=True):
                connection.execute(f"EXECUTE said_{n} {f'({values})' if values else ''}".encode())
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] not in {"22", "23"}:
                refused[name] = str(error).partition("\n")[0]
    return refused


def test_a_connection_that_the_release_has_opened_goes_on_through_the_migration(rolled_url: str) -> None:
    said = dict(newest().statements)
    with psycopg.connect(rolled_url, autocommit=True) as connection:
        assert refusals(connection, said) == {}

        migrate(rolled_url)

        assert refusals(connection, said, prepare=False) == {}
        assert len(said) > 100


def test_a_table_may_get_a_column_while_connections_know_it_without(rolled_url: str) -> None:
    migrate(rolled_url)
    with psycopg.connect(rolled_url, autocommit=True) as connection:
        assert refusals(connection, said_now()) == {}

        for table in METADATA.tables:
            connection.execute(sql.SQL("ALTER TABLE {} ADD COLUMN news text").format(sql.Identifier(table)))

        assert refusals(connection, said_now(), prepare=False) == {}


def test_no_row_of_the_release_lacks_what_a_new_column_wants(rolled_url: str) -> None:
    migrate(rolled_url)
    inserts = [(name, found) for name, text in newest().statements.items() if (found := _INSERT.match(text))]
    with psycopg.connect(rolled_url) as connection:
        lacking = {
            name: missing
            for name, insert in inserts
            if (missing := {row[0] for row in connection.execute(FORCED, (insert[1],))} - set(insert[2].split(", ")))
        }

    assert lacking == {}
    assert len(inserts) > 10


async def reconcile(url: str) -> None:
    """Publish what the outbox has, and compare everything with everything."""
    log = evening.new_log()
    await evening.publish(url, log)
    async with Database(url) as database:
        every_number = count()
        reconciliation = Reconciliation(
            books=PostgresBooks(database),
            log=MemoryLogReader(log=log, retention={}),
            clock=ManualClock(evening.CLOSING_TIME),
            draw=lambda below: next(every_number) % below,
            limits=Limits(),
            scope=Scope(),
        )
        assert [finding async for finding in reconciliation.findings()] == []


@pytest.mark.parametrize("written", ["before the migration", "after it"])
async def test_what_the_release_has_written_is_taken_and_read_without_a_fault(rolled_url: str, written: str) -> None:
    release = newest()
    if written == "before the migration":
        fill(rolled_url, release)
    migrate(rolled_url)
    if written == "after it":
        fill(rolled_url, release)

    await reconcile(rolled_url)
    assert sum(map(len, release.rows.values())) > 50


@pytest.fixture
def needed_url(postgres_url: str) -> Iterator[str]:
    """Yield a database with the oldest tables that the code of today needs."""
    with services.fresh_database(postgres_url) as url:
        migrate(url, to=NEEDED)
        yield url


async def test_the_code_of_today_does_everything_on_the_oldest_tables_that_it_needs(needed_url: str) -> None:
    assert wanting(needed_url) == ()
    with psycopg.connect(needed_url, autocommit=True) as connection:
        assert refusals(connection, said_now()) == {}
    async with Database(needed_url) as database:
        sold = await evening.play(PostgresOrders(database))
    await reconcile(needed_url)

    migrate(needed_url)

    assert pending(needed_url) == ()
    async with Database(needed_url) as database:
        found = await PostgresOrders(database).find(sold.completed, merchant_id=sold.merchant_id)
    assert found.order.status is OrderStatus.COMPLETED


def test_tables_before_these_are_said_to_lack_what_is_needed_and_nothing_more(postgres_url: str) -> None:
    with services.fresh_database(postgres_url) as url:
        assert wanting(url)[-1] == NEEDED
        migrate(url, to=wanting(url)[-2])
        assert wanting(url) == (NEEDED,)


def test_tables_of_a_newer_sale_are_left_alone_and_lack_nothing(rolled_url: str) -> None:
    migrate(rolled_url)
    with psycopg.connect(rolled_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    migrate(rolled_url)

    assert pending(rolled_url) == ()
    with psycopg.connect(rolled_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


@pytest.fixture
def users(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Yield the URLs of the owner and of the other user, made as the manual says, in a database of their own."""
    before, inside = re.findall(r"```sql\n(.*?)```", INSTALL.read_text(), re.DOTALL)
    place = urlsplit(postgres_url)

    def url(user: str | None) -> str:
        return place._replace(netloc=f"{user}@{place.netloc.rpartition('@')[2]}", path="/sale_rights").geturl()

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for statement in before.replace("DATABASE sale ", "DATABASE sale_rights ").split(";\n"):
            connection.execute(statement.encode())
        with psycopg.connect(url(place.username)) as there:
            there.execute(inside.encode())
        yield url("sale_owner"), url("sale_app")
        connection.execute(b"DROP DATABASE sale_rights WITH (FORCE)")
        connection.execute(b"DROP ROLE sale_owner, sale_app")


def test_the_users_of_the_manual_can_do_their_work_and_no_more(users: tuple[str, str]) -> None:
    owner, other = users
    migrate(owner)

    with psycopg.connect(other, autocommit=True) as connection:
        assert refusals(connection, said_now()) == {}
        for forbidden in ("DROP TABLE outbox", "ALTER TABLE outbox ADD COLUMN x text", "CREATE TABLE mine (x text)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
    assert pending(other) == ()
