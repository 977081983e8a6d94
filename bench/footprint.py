"""What one order leaves behind: rows and bytes by table, WAL, and what Kafka, Redis and the screens are told.

Equal orders are played in process on a real PostgreSQL; docs/explanation/scale.md reckons with `footprint.json`.
Sizes and seconds of CPU need no quiet machine; nothing is timed by the clock.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import psutil
import psycopg
from psycopg.rows import dict_row

from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.memory import MemoryPolicies, MemoryTokens, demo_catalog, demo_pricing
from sale_adapters.postgres import (
    Database,
    PostgresAllocationUsages,
    PostgresAnswers,
    PostgresInbox,
    PostgresKitchenStations,
    PostgresKitchenTickets,
    PostgresOrders,
)
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.rows import entry_of
from sale_adapters.postgres.schema import METADATA
from sale_adapters.system import SystemClock, UlidIds
from sale_adapters.wire import json as wire_json
from sale_adapters.wire.cloud_events import cloud_event_headers
from sale_adapters.wire.forms import to_json
from sale_adapters.wire.frames import signal_message
from sale_adapters.wire.orders import order_body
from sale_domain.context import Context
from sale_domain.ids import EventId, ItemId, MerchantId, OrderId, SaleChannelId, UnitId, UserId
from sale_domain.kitchen_lifecycle import KitchenItemAction
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.ports.answers import AnswerKey, Once, StoredAnswer
from sale_domain.ports.publishing import OutboxRow
from sale_domain.sale import Sale
from sale_domain.seating import Units
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest
from sale_domain.use_cases.parts import Parts
from sale_domain.use_cases.settlement import Delivery
from sale_domain.views import OrderView

ORDERS, CLIENTS, SHOPS = 1000, 8, 50
FILE = Path(__file__).with_name("footprint.json")
MENU = ("variant-pho", "variant-tra-da", "variant-banh-mi")
WEBHOOK = b"x" * 600
"""As long as a body of mq-pay with a transaction and an attempt is."""

SIZES = "SELECT pg_table_size(%(name)s::regclass), pg_indexes_size(%(name)s::regclass)"
COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


async def main() -> int:
    """Play, measure, and write the file; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="sale-bench-") as home:
        # Without images of whole pages: how many of those there are depends on checkpoints, not on orders.
        postgres = EmbeddedPostgres(data_dir=Path(home), durable=False)
        await postgres.start()
        try:
            found = await _measured(postgres.url, psutil.Process(postgres.process.pid))
        finally:
            await postgres.stop()
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(FILE.read_text())
    return 0


async def _measured(url: str, server: psutil.Process) -> dict[str, object]:
    await asyncio.to_thread(migrate, url)
    with psycopg.connect(url, autocommit=True) as hand:
        before = _sizes(hand)
        async with Database(url, connections=CLIENTS) as database:
            sale = _sale(database)
            # The second half is counted: what is made once, and pages begun, are the first half's.
            await _play(sale, range(ORDERS))
            start, commits, ours, theirs = _lsn(hand), _commits(hand), time.process_time(), _cpu_seconds(server)
            await _play(sale, range(ORDERS, 2 * ORDERS))
            ours, theirs = time.process_time() - ours, _cpu_seconds(server) - theirs
            wal, commits = _lsn(hand) - start, _commits(hand) - commits
        hand.execute("VACUUM ANALYZE")
        return {
            "orders": ORDERS,
            "commits": round(commits / ORDERS, 1),
            "wal_bytes": round(wal / ORDERS),
            "python_cpu_ms": round(1000 * ours / ORDERS, 1),
            "postgres_cpu_ms": round(1000 * theirs / ORDERS, 1),
            "tables": _per_order(hand, before),
            **_told(hand),
        }


def _cpu_seconds(server: psutil.Process) -> float:
    """Return what the server's sessions have used; those of the pool live as long as it does."""
    return sum(part.cpu_times().user + part.cpu_times().system for part in server.children())


def _lsn(hand: psycopg.Connection) -> int:
    row = hand.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    assert row is not None
    return int(row[0])


def _commits(hand: psycopg.Connection) -> int:
    # Sessions report what they have done at most once a second.
    hand.execute("SELECT pg_sleep(1.5), pg_stat_clear_snapshot()")
    row = hand.execute(COMMITS).fetchone()
    assert row is not None
    return int(row[0])


def _sizes(hand: psycopg.Connection) -> dict[str, tuple[int, int]]:
    found = {}
    for table in METADATA.tables:
        row = hand.execute(SIZES, {"name": table}).fetchone()
        assert row is not None
        found[table] = (int(row[0]), int(row[1]))
    return found


def _per_order(hand: psycopg.Connection, before: dict[str, tuple[int, int]]) -> dict[str, dict[str, float]]:
    """Return what an order makes in each table that grows with orders: rows, their bytes, and their indexes' bytes."""
    found, after = {}, _sizes(hand)
    for table in METADATA.tables:
        row = hand.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608 - our own names
        assert row is not None
        if row[0] >= ORDERS:
            sizes = (round((now - then) / (2 * ORDERS)) for now, then in zip(after[table], before[table], strict=True))
            found[table] = dict(zip(("rows", "bytes", "index_bytes"), (row[0] / (2 * ORDERS), *sizes), strict=True))
    return found


def _told(hand: psycopg.Connection) -> dict[str, object]:
    """Return how many records and messages an order makes, and how long one is."""
    with hand.cursor(row_factory=dict_row) as cursor:
        events = cursor.execute("SELECT * FROM outbox").fetchall()
        entries = cursor.execute("SELECT *, data::text AS data FROM history").fetchall()
    records = [len(row["payload"]) + _headers(row) + len(row["order_id"]) for row in events]
    messages = [len(signal_message(MerchantId(row["merchant_id"]), entry_of(row).entry)) for row in entries]
    return {
        "records": len(records) / (2 * ORDERS),
        "record_bytes": round(sum(records) / len(records)),
        "messages": len(messages) / (2 * ORDERS),
        "message_bytes": round(sum(messages) / len(messages)),
    }


def _headers(row: dict[str, str]) -> int:
    event = OutboxRow(
        event_id=EventId(row["event_id"]),
        order_id=OrderId(row["order_id"]),
        seq=int(row["seq"]),
        topic=row["topic"],
        payload=b"",
        occurred_at=datetime.now(UTC),
        traceparent=row["traceparent"],
    )
    return sum(len(name) + len(value) for name, value in cloud_event_headers(event))


def _sale(database: Database) -> Sale:
    catalog = demo_catalog()
    for number in range(SHOPS):
        catalog.sell_at(f"channel-{number}", merchant_id=f"merchant-{number}", currency="VND")
    return Sale(
        Parts(
            orders=PostgresOrders(database),
            inbox=PostgresInbox(database),
            usages=PostgresAllocationUsages(database),
            answers=PostgresAnswers(database),
            tickets=PostgresKitchenTickets(database),
            stations=PostgresKitchenStations(database),
            catalog=catalog,
            pricing=demo_pricing(),
            tokens=MemoryTokens(),
            policies=MemoryPolicies(),
            clock=SystemClock(),
            ids=UlidIds(),
        )
    )


async def _play(sale: Sale, numbers: range) -> None:
    todo = iter(numbers)

    async def teller() -> None:
        for number in todo:
            await _order(sale, number)

    await asyncio.gather(*(teller() for _ in range(CLIENTS)))


@attrs.frozen(kw_only=True)
class _Till:
    """Who sells, and a key for what must have its effect once."""

    shop: int
    number: int

    def context(self, key: str | None = None) -> Context:
        merchant, user = MerchantId(f"merchant-{self.shop}"), UserId("user-1")
        if key is None:
            return Context(merchant_id=merchant, user_id=user)
        path = "/v1/api/sale/sale-orders"
        answer_key = AnswerKey(merchant_id=merchant, user_id=user, method="POST", path=path, key=f"{self.number}-{key}")
        return Context(
            merchant_id=merchant,
            user_id=user,
            once=Once(key=answer_key, fingerprint=b"f" * 32, answer=_answer),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )


def _answer(view: OrderView) -> StoredAnswer:
    headers = (("content-type", "application/json"), ("etag", '"1"'))
    return StoredAnswer(status=201, headers=headers, body=wire_json.write(to_json(order_body(view))))


async def _order(sale: Sale, number: int) -> None:
    """Seat guests, take three dishes, check out, cook and serve them, and be paid in two parts; read twice."""
    till = _Till(shop=number % SHOPS, number=number)
    first, second, third = (ProductRequest(item_id=ItemId(item)) for item in MENU)
    new = NewOrder(sale_channel_id=SaleChannelId(f"channel-{till.shop}"), items=(first, second))
    order_id = (await sale.create_order(till.context("create"), new)).order.id
    await sale.allocate(till.context(), order_id, Units(unit_ids=(UnitId(f"table-{number}"),)))
    await sale.add_item(till.context("add"), order_id, third)
    sent = await sale.send(till.context("send"), order_id, ())
    for action in (KitchenItemAction.COOK, KitchenItemAction.FINISH, KitchenItemAction.SERVE):
        for ticket in sent.order.kitchen.tickets:
            for item in ticket.items:
                await sale.act_on_kitchen_item(till.context(), item.id, action)
    await sale.order(till.context(), order_id)
    view = await sale.check_out(till.context("checkout"), order_id, CheckoutRequest())
    assert view.order.totals is not None
    total = view.order.totals.total.amount
    for part, amount in enumerate((total - 30_000, Decimal(30_000))):
        await _tell(sale, order_id, FactType.ATTEMPT_SUCCESS, amount, f"attempt-{number}-{part}")
    await _tell(sale, order_id, FactType.TRANSACTION_SETTLED, total, None)
    assert (await sale.order(till.context(), order_id)).order.is_fully_paid


async def _tell(sale: Sale, order_id: OrderId, kind: FactType, amount: Decimal, attempt: str | None) -> None:
    fact = PaymentFact(
        type=kind,
        source=Source(type=SourceType.SALE_ORDER, id=order_id),
        amount=amount,
        transaction_uid=f"transaction-{order_id}",
        attempt_uid=attempt,
        at=datetime.now(UTC),
    )
    await sale.receive_payment(Delivery(body=WEBHOOK, event_type=kind.value), fact)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
