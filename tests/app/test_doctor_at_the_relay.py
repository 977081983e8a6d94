"""What `sale doctor` says of a database whose outbox nobody empties."""

import psycopg
import pytest

from sale_adapters.postgres.relay_outbox import PostgresRelayOutbox
from sale_app.doctor.database import look_at_database
from sale_domain.ports.publishing import Shard


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (60, []),
        (-3_600, ["no relay has had shard 0 of the outbox for 3600 s"]),
        (None, ["no relay has had shard 0 of the outbox"]),
    ],
    ids=["one that lives", "one that died", "one that was stopped"],
)
async def test_a_shard_without_a_relay_is_minded(tables_url: str, seconds: int | None, said: list[str]) -> None:
    async with PostgresRelayOutbox(tables_url) as outbox:
        await outbox.make_ready(await outbox.add_layout(number=1, shards=1))
        await outbox.take(Shard(layout=1, index=0, shards=1), owner="me", lease_seconds=60)
    with psycopg.connect(tables_url) as connection:
        connection.execute("UPDATE relay_shards SET lease_until = now() + make_interval(secs => %s)", (seconds,))
    seen = await look_at_database(tables_url, pool_size=None)

    assert [mind.partition(": start")[0] for mind in (seen.mind or "").split("; ") if "relay" in mind] == said


async def test_before_the_first_relay_there_is_nothing_to_mind(tables_url: str) -> None:
    with psycopg.connect(tables_url) as connection:
        connection.execute("TRUNCATE relay_shards")
    assert "relay" not in ((await look_at_database(tables_url, pool_size=None)).mind or "")
