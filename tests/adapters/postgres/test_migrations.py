"""The revisions lead to the very tables that the schema describes, whoever runs them, as often as they like."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

import services
from sale_adapters.postgres.migrations.pending import pending
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.schema import METADATA

# What Alembic does not compare: checks, foreign keys' details, index conditions, storage, comments.
CATALOGUE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT oid::regclass::text, 'stored', reloptions::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION SELECT attrelid::regclass::text, attname,
        concat_ws(' ', attnum, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
            col_description(attrelid, attnum))
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r'
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0
"""


def alchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def catalogue(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return {row for row in connection.execute(CATALOGUE) if "alembic_version" not in row[0]}


def test_alembic_finds_nothing_to_add(tables_url: str) -> None:
    with create_engine(alchemy(tables_url), poolclass=NullPool).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_the_migrated_tables_are_those_of_the_schema_in_every_detail(tables_url: str, postgres_url: str) -> None:
    with services.fresh_database(postgres_url) as url:
        METADATA.create_all(create_engine(alchemy(url), poolclass=NullPool))
        described = catalogue(url)

    assert catalogue(tables_url) == described
    assert len(described) > 200


def test_every_key_begins_with_the_bucket(tables_url: str) -> None:
    keys = [definition for _, name, definition in catalogue(tables_url) if name.startswith(("pk_", "uq_", "fk_"))]

    assert len(keys) > 20
    assert all("(bucket, " in definition for definition in keys)


def test_migrating_again_changes_nothing(tables_url: str) -> None:
    before = catalogue(tables_url)

    migrate(tables_url)

    assert catalogue(tables_url) == before
    assert pending(tables_url) == ()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_several_may_migrate_at_once(postgres_url: str, scheme: str) -> None:
    with services.fresh_database(postgres_url) as url, ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(migrate, url.replace("postgresql", scheme, 1)) for _ in range(4)]:
            done.result()

        assert pending(url) == ()
