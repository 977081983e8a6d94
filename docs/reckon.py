"""What 10 000 shops at noon need, reckoned from what one order was measured to leave behind (bench/footprint.json)."""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

DROPPED_AFTER_DAYS = {"idempotency_keys": 1, "outbox": 30}
"""What the clean-up drops as Sale comes; all else stays, bodies of webhooks too without SALE_WEBHOOK_LOG_DAYS."""

VACUUM_AT = 0.02
"""The dead part of the outbox that a vacuum comes at (schema/publishing.py)."""

WALKED, WALKED_MS = 240_000, 37
"""So many entries of what was published since the last vacuum cost the relay's question so much (upkeep.md)."""

Row = tuple[str, str, str]


@attrs.frozen(kw_only=True)
class Noon:
    """What is assumed; everything else is measured.

    Attributes:
        busiest_hour: The part of a day's orders that comes in it.
        requests: Of an order over HTTP, those that only read included, as `bench/footprint.py` plays it.
        http_cpu_ms: What a request costs above what it costs in process: two cores did 0.68 and 1.03 of 4 500 a second.
        records_a_shard: What one relay shard sends a second, of what a broker took in transactions of 100: 4 000.
        commits_a_merchant: What one merchant's counter allows a second, measured.
    """

    shops: int = 10_000
    orders_a_day: int = 400
    busiest_hour: float = 0.15
    screens: int = 5
    requests: int = 19
    http_cpu_ms: float = 2_000 / 4_500 * (1 / 0.68 - 1 / 1.03)
    sockets_a_process: int = 2_000
    pool_size: int = 10
    records_a_shard: int = 3_000
    commits_a_merchant: int = 1_500

    @property
    def orders(self) -> float:
        """Return the orders a second, of all shops, in the busiest hour."""
        return self.shops * self.orders_a_day * self.busiest_hour / 3_600

    @property
    def orders_of_a_day(self) -> int:
        """Return the orders a day, of all shops."""
        return self.shops * self.orders_a_day


def table(noon: Noon, footprint: dict[str, Any]) -> str:
    """Return the arithmetic as a Markdown table."""
    rows = [*_work(noon, footprint), *_disk(noon, footprint), *_told(noon, footprint), *_connections(noon, footprint)]
    lines: Sequence[Row] = [("what", "at noon", "how it is reckoned"), ("---", "---", "---"), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _work(noon: Noon, footprint: dict[str, Any]) -> Iterable[Row]:
    orders, commits = noon.orders, footprint["commits"]
    http = noon.requests * noon.http_cpu_ms
    python, postgres = footprint["python_cpu_ms"], footprint["postgres_cpu_ms"]
    shop = orders / noon.shops * commits
    yield (
        "orders",
        f"{orders:.0f}/s",
        f"{noon.shops:,} shops × {noon.orders_a_day} a day, {noon.busiest_hour:.0%} in an hour",
    )
    yield "HTTP requests", f"{orders * noon.requests:,.0f}/s", f"{noon.requests} an order"
    yield "transactions", f"{orders * commits:,.0f}/s", f"{commits} an order, reads included"
    yield (
        "cores of `serve`",
        f"{orders * (python + http) / 1000:.0f}",
        f"{python} ms of CPU an order, and {http:.1f} for HTTP",
    )
    yield "cores of PostgreSQL", f"{orders * postgres / 1000:.0f}", f"{postgres} ms of CPU an order"
    yield "of one merchant", f"{shop:.2f} commits/s", f"its counter allows {noon.commits_a_merchant:,}"


def _disk(noon: Noon, footprint: dict[str, Any]) -> Iterable[Row]:
    day, tables, wal = noon.orders_of_a_day, footprint["tables"], footprint["wal_bytes"]
    rows = sum(each["rows"] for each in tables.values())
    bytes_of = {name: each["bytes"] + each["index_bytes"] for name, each in tables.items()}
    staying = sum(size for name, size in bytes_of.items() if name not in DROPPED_AFTER_DAYS)
    yield (
        "WAL",
        f"{noon.orders * wal / 1e6:.1f} MB/s, {_bytes(day * wal)} a day",
        (f"{wal:,} bytes an order; images of pages after a checkpoint come on top"),
    )
    yield "rows", f"{day * rows / 1e6:,.0f} million a day", f"{rows:.0f} an order"
    yield "tables that only grow", f"{_bytes(day * staying)} a day", f"{staying:,} bytes an order, indexes included"
    for name, days in DROPPED_AFTER_DAYS.items():
        yield (
            f"`{name}`, at rest",
            _bytes(day * days * bytes_of[name]),
            f"{bytes_of[name]:,} bytes an order, days kept: {days}",
        )
    gone = sum(tables[name]["rows"] for name in DROPPED_AFTER_DAYS)
    for days in (DROPPED_AFTER_DAYS["outbox"], 1):
        yield _walk(noon, tables["outbox"]["rows"], days)
    yield "rows to drop", f"{day * gone / 86_400:,.0f}/s", f"{gone:.0f} an order, all day long"


def _walk(noon: Noon, events: float, days: int) -> Row:
    """Return what the relay's question walks over at the end of the time between two vacuums.

    Each event is updated once and dropped once, and its entry among what is unpublished stays until the next vacuum.
    """
    a_day = noon.orders_of_a_day * events
    dead = VACUUM_AT * a_day * days
    hours, entries = 24 * dead / (2 * a_day), dead / 2
    what = f"relay's question, worst, `SALE_OUTBOX_DAYS={days}`"
    walked = f"{entries / 1e6:.1f} million entries, walked over at {WALKED_MS} ms for {WALKED:,}"
    return what, f"{entries / WALKED * WALKED_MS / 1000:.2f} s", f"a vacuum every {hours:.1f} h; {walked}"


def _told(noon: Noon, footprint: dict[str, Any]) -> Iterable[Row]:
    records, messages = noon.orders * footprint["records"], noon.orders * footprint["messages"]
    size, length = footprint["record_bytes"], footprint["message_bytes"]
    sockets = noon.shops * noon.screens
    yield (
        "Kafka records",
        f"{records:,.0f}/s, {records * size / 1e6:.1f} MB/s",
        (f"{footprint['records']:.0f} an order of {size} bytes; times the replicas, before compression"),
    )
    yield "relay shards", f"{-(-records // noon.records_a_shard):.0f}", f"{noon.records_a_shard:,} records/s each"
    yield (
        "Redis messages",
        f"{messages:,.0f}/s, {messages * length / 1e6:.1f} MB/s",
        (f"{footprint['messages']:.0f} an order of {length} bytes to signal; the alarms between replicas are shorter"),
    )
    yield "sockets", f"{sockets:,}", f"{noon.screens} screens a shop"
    yield "frames", f"{messages * noon.screens:,.0f}/s", "each message to each screen of its shop"


def _connections(noon: Noon, footprint: dict[str, Any]) -> Iterable[Row]:
    per_order = footprint["python_cpu_ms"] + noon.requests * noon.http_cpu_ms
    for_sockets = -(-noon.shops * noon.screens // noon.sockets_a_process)
    # A process is one core; at noon it should be busy half of the time.
    for_work = -(-noon.orders * per_order * 2 // 1_000)
    processes = max(for_sockets, for_work)
    yield (
        "`serve` processes",
        f"{processes:.0f}",
        (f"{for_work:.0f} for the work at half a core, {for_sockets} for sockets at {noon.sockets_a_process:,} each"),
    )
    yield "connections", f"{processes * noon.pool_size:.0f}", f"{noon.pool_size} a process (SALE_DATABASE_POOL_SIZE)"
    busy = noon.orders * (footprint["postgres_cpu_ms"] + per_order) / 1_000
    yield "of them at work", f"{busy:.0f}", "if a transaction took what it costs in CPU, on both sides"


def _bytes(count: float) -> str:
    terabytes = count / 1e12
    return f"{terabytes:.1f} TB" if terabytes >= 1 else f"{count / 1e9:.0f} GB"
