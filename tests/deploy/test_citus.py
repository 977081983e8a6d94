"""The script that spreads the tables over a Citus cluster knows every table, and revisions say nothing Citus refuses.

Citus itself is not to be had from a package here: a few functions stand in for it, and refuse what it would refuse.
What was run on the real one says deploy/citus/README.md.
"""

from collections.abc import Iterator

import psycopg
import pytest
from pglast import ast, enums, parse_sql
from sqlalchemy import Engine, event

import services
from citus import statements
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.schema import METADATA

BUCKETED = {table.name for table in METADATA.tables.values() if "bucket" in table.c}
LOCAL = {"alembic_version": "one row, which only the coordinator's migration writes"}

STAND_IN = """
    CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, beside regclass);

    CREATE FUNCTION create_distributed_table(spread regclass, by text, colocate_with text) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        IF by <> 'bucket' OR (colocate_with <> 'none')
            AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass)
        THEN RAISE 'not beside the others: %', spread; END IF;
        IF EXISTS (
            SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = spread AND confrelid <> spread
            AND confrelid NOT IN (SELECT logicalrelid FROM pg_dist_partition)
        ) THEN RAISE '% points at a table that is not spread yet', spread; END IF;
        IF EXISTS (
            SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = spread AND a.attname = by
            WHERE i.indrelid = spread AND i.indisunique AND NOT a.attnum = ANY (i.indkey)
        ) THEN RAISE 'unique without %: %', by, spread; END IF;
        IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = spread AND NOT tgisinternal)
        THEN RAISE 'trigger on %', spread; END IF;
        INSERT INTO pg_dist_partition VALUES (spread, NULLIF(colocate_with, 'none')::regclass);
    END $$;

    CREATE FUNCTION citus_add_local_table_to_metadata(known regclass) RETURNS void
    BEGIN ATOMIC INSERT INTO pg_dist_partition VALUES (known, known); END;
"""


@pytest.fixture
def spread(tables_url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection to migrated tables with what stands in for Citus; nothing of it is kept."""
    with psycopg.connect(tables_url) as connection:
        connection.execute(STAND_IN.encode())
        yield connection
        connection.rollback()


def run_script(connection: psycopg.Connection) -> dict[str, str | None]:
    """Run it and return every table of the database, with the one that it lies beside."""
    for statement in statements():
        connection.execute(statement.encode())
    found = connection.execute("""
        SELECT c.oid::regclass::text, p.beside::text FROM pg_class c
        LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'pg_dist_partition'
    """)
    return dict(found.fetchall())


def test_every_bucketed_table_is_spread_beside_the_orders_and_every_other_has_a_reason(
    spread: psycopg.Connection,
) -> None:
    beside = dict.fromkeys(BUCKETED, "sale_orders") | {"sale_orders": None} | {table: table for table in LOCAL}
    assert run_script(spread) == beside


def test_the_script_may_be_run_again_when_a_release_has_brought_a_table(spread: psycopg.Connection) -> None:
    assert run_script(spread) == run_script(spread)


SPOILT = {
    "CREATE UNIQUE INDEX ON outbox (event_id)": "unique without bucket",
    "ALTER TABLE sale_orders ADD FOREIGN KEY (bucket, id) REFERENCES merchant_feeds": "not spread yet",
    "CREATE TRIGGER t BEFORE UPDATE ON outbox EXECUTE FUNCTION suppress_redundant_updates_trigger()": "trigger on",
}


@pytest.mark.parametrize(("spoilt", "said"), SPOILT.items(), ids=SPOILT.values())
def test_what_citus_would_refuse_is_noticed(spread: psycopg.Connection, spoilt: str, said: str) -> None:
    spread.execute(spoilt.encode())
    with pytest.raises(psycopg.errors.RaiseException, match=said):
        run_script(spread)


def revised(database_url: str) -> list[str]:
    """Migrate, and return what was said."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        migrate(database_url)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    return said


def refused(statement: str) -> bool:
    """Tell whether Citus refuses a revision's statement on a table that is spread."""
    node = parse_sql(statement)[0].stmt
    if isinstance(node, ast.AlterTableStmt):
        kinds = [command.subtype for command in node.cmds or ()]
        return len(kinds) > 1 and enums.AlterTableType.AT_AddConstraint in kinds
    return isinstance(node, ast.CreateTrigStmt | ast.CreateSeqStmt)


def test_no_revision_says_what_citus_refuses(postgres_url: str) -> None:
    with services.fresh_database(postgres_url) as url:
        said = revised(url)
    assert [statement for statement in said if "%(" not in statement and refused(statement)] == []
    assert len(said) > 50


def test_a_refused_revision_is_noticed() -> None:
    assert refused("ALTER TABLE outbox ADD COLUMN a int, ADD CONSTRAINT c CHECK (a > 0)")
    assert not refused("ALTER TABLE outbox ADD CONSTRAINT c CHECK (seq > 0)")
