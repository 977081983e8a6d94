"""Which shards of the outbox no relay has, in words: `sale doctor` and `sale outbox list` say the same."""

from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import DictRow

_SHARDS: Final[LiteralString] = """
    SELECT shard, extract(epoch FROM now() - lease_until)::int AS seconds, coalesce(lease_until >= now(), false) AS held
    FROM relay_shards WHERE NOT retired ORDER BY shard
"""


async def without_relay(connection: AsyncConnection[DictRow], *, events_wait: bool) -> list[str]:
    """Return a sentence for each shard that no relay has; before the first relay only where events wait for it."""
    shards = await (await connection.execute(_SHARDS)).fetchall()
    if events_wait and not shards:
        return ["no relay has ever had the outbox: start `sale relay`"]
    return [_sentence(shard) for shard in shards if not shard["held"]]


def _sentence(shard: dict[str, Any]) -> str:
    since = "" if shard["seconds"] is None else f" for {shard['seconds']} s"
    return f"no relay has had shard {shard['shard']} of the outbox{since}: start `sale relay`, and anew one that hangs"
