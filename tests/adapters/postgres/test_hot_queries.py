"""What is asked again and again reads what it answers and little more, in tables full of what is done with."""

import json
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import psycopg
import pytest

from sale_adapters.postgres import Database, PostgresLeftovers, figures, inbox_sql, relay_sql
from sale_domain.ports.leftovers import Leftover
from sale_domain.publishing import RelayPolicy
from sale_domain.use_cases.sweeping import BATCH, clean_up

DONE, WAITING, BUCKETS, LIMIT = 20_000, 3_000, 8, 100
AT_ONCE = attrs.fields(RelayPolicy).batch_size.default
NOW = datetime.now(UTC)

OUTBOX = """
    INSERT INTO outbox (bucket, event_id, order_id, seq, transition, merchant_id, topic, payload, occurred_at,
        published_at, partition, log_offset, cluster_id)
    SELECT n %% 8, %(of)s || n, %(of)s || n, 1, 1, 'merchant-1', 'payment.success', 'x', now() - interval '40 days',
        CASE WHEN %(done)s THEN now() - interval '40 days' END, CASE WHEN %(done)s THEN 0 END,
        CASE WHEN %(done)s THEN n END, CASE WHEN %(done)s THEN 'c' END
    FROM generate_series(1, %(count)s::int) n
"""
WEBHOOKS = """
    INSERT INTO webhook_log
    SELECT n %% 8, '0' || lpad(n::text, 27, '0'), now() - interval '40 days', 't', 'x', 'applied'
    FROM generate_series(1, %(count)s::int) n
"""
ANSWERS = """
    INSERT INTO idempotency_keys (bucket, digest, merchant_id, user_id, method, path, key, fingerprint, created_at)
    SELECT n %% 8, n::text::bytea, 'm', 'u', 'POST', '/', 'k', 'f', now() - interval '40 days'
    FROM generate_series(1, %(count)s::int) n
"""
PARKED = """
    INSERT INTO parked_payments (bucket, fact_key, type, source_type, source_id, amount, at, parked_at, webhook_id)
    SELECT n %% 8, n::text::bytea, 'mq-pay:attempt.success', 'SaleOrder', lpad(n::text, 28, '0'), 1, now(),
        now() - interval '1 minute' * n, lpad(n::text, 28, '0')
    FROM generate_series(1, %(count)s::int) n
"""


def numbered(statement: str) -> str:
    first, *rest = statement.split("%s")
    return first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1))


QUESTIONS = {
    "the relay's next rows": (numbered(relay_sql.UNPUBLISHED), f"0, 1024, '{{}}', {AT_ONCE}", "ix_outbox_unpublished"),
    "the relay's next rows while others are being marked": (
        numbered(relay_sql.UNPUBLISHED),
        f"0, 1024, '{{{','.join(str(n) for n in range(500))}}}', {AT_ONCE}",
        "ix_outbox_unpublished",
    ),
    "how many wait": (figures.UNPUBLISHED.sql.decode(), f"{LIMIT}", "ix_outbox_unpublished"),
    "how many are set aside": (figures.SET_ASIDE.sql.decode(), f"{LIMIT}", "ix_outbox_set_aside"),
    "how many are held back": (figures.HELD_BACK.sql.decode(), f"{LIMIT}", "ix_outbox_set_aside"),
    "what is late": (inbox_sql.WAITING.sql.decode(), "0, 1024, now(), 11", "ix_parked_payments_oldest"),
    "what was published long ago": (
        inbox_sql.DROP_PUBLISHED.sql.decode(),
        f"3, now() - interval '30 days', {LIMIT}",
        "ix_outbox_published",
    ),
    "old bodies": (
        inbox_sql.DROP_WEBHOOKS.sql.decode(),
        f"3, now() - interval '30 days', {LIMIT}, '1'",
        "pk_webhook_log",
    ),
    "old answers": (
        inbox_sql.DROP_ANSWERS.sql.decode(),
        f"3, now() - interval '25 hours', {LIMIT}",
        "ix_idempotency_keys_oldest",
    ),
}


@pytest.fixture(scope="module")
def full_url(tables_url: str) -> str:
    """Return a database whose statistics were made when all was published; since then much has come."""
    with psycopg.connect(tables_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE outbox SET (autovacuum_enabled = off)")
        connection.execute(OUTBOX, {"of": "done-", "done": True, "count": DONE})
        for table in (WEBHOOKS, ANSWERS):
            connection.execute(table, {"count": DONE})
        connection.execute(PARKED, {"count": WAITING})
        connection.execute("ANALYZE")
        connection.execute(OUTBOX, {"of": "waiting-", "done": False, "count": WAITING})
        connection.execute(
            "UPDATE outbox SET set_aside_at = now(), set_aside_reason = 'x' WHERE event_id LIKE 'waiting-%00'"
        )
    return tables_url


@pytest.fixture
async def asking(full_url: str) -> AsyncGenerator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(full_url) as connection:
        yield connection
        await connection.rollback()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_hot_question_reads_its_index_and_little_more_than_its_answer(
    asking: psycopg.AsyncConnection, question: str, mode: str
) -> None:
    statement, values, index = QUESTIONS[question]
    await asking.execute(f"SET LOCAL plan_cache_mode = {mode}".encode())
    await asking.execute(f"PREPARE asked AS {statement}".encode())
    explain = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) EXECUTE asked ({values})"
    (found,) = await (await asking.execute(explain.encode())).fetchone() or ()
    await asking.execute("DEALLOCATE asked")
    steps = list(nodes(found[0]["Plan"]))

    read = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in steps
        if "Relation Name" in node
    )
    assert index in {node.get("Index Name") for node in steps}, json.dumps(found)
    assert "Seq Scan" not in {node["Node Type"] for node in steps}, json.dumps(found)
    # A bucket's old rows may all be looked at to find its oldest; a backlog may not be read for each of its rows.
    assert read <= 2 * DONE / BUCKETS, json.dumps(found)


async def test_the_clean_up_drops_all_that_is_old_a_batch_at_a_time(full_url: str) -> None:
    statement = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"
    sizes: list[int] = []
    async with Database(full_url, connections=1) as database:
        leftovers = PostgresLeftovers(database)

        class Watched:
            async def drop(self, kind: Leftover, *, bucket: int, before: datetime, most: int) -> int:
                sizes.append(await leftovers.drop(kind, bucket=bucket, before=before, most=most))
                return sizes[-1]

        before = {kind: NOW - timedelta(days=30) for kind in Leftover}
        dropped = await clean_up(Watched(), range(BUCKETS), before=before)

    assert dropped == dict.fromkeys(Leftover, DONE)
    assert max(sizes) == BATCH
    with psycopg.connect(full_url) as connection:
        assert connection.execute(statement).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (WAITING,)
