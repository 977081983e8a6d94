"""How much of PostgreSQL's own speed a payment keeps: Sale in process against pgbench with the same statements.

Rounds alternate, so that a noisy machine disturbs both; only the ratio says something.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg

from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.embedded.postgres import programs
from sale_adapters.memory import MemoryPolicies, MemoryTokens, demo_catalog, demo_pricing
from sale_adapters.postgres.allocations import PostgresAllocationUsages
from sale_adapters.postgres.answers import PostgresAnswers
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.inbox import PostgresInbox
from sale_adapters.postgres.kitchen import PostgresKitchenStations, PostgresKitchenTickets
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.postgres.orders import PostgresOrders
from sale_adapters.system import SystemClock, UlidIds
from sale_domain.context import Context
from sale_domain.ids import ItemId, MerchantId, OrderId, SaleChannelId, UserId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.sale import Sale
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest
from sale_domain.use_cases.parts import Parts
from sale_domain.use_cases.settlement import Delivery

CLIENTS, ORDERS, MERCHANTS, ROUNDS, SECONDS = 32, 3_200, 100, 3, 6
HERE = Path(__file__).parent


async def main() -> int:
    """Measure, print a table and write `report.json`; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="sale-bench-") as home:
        postgres = EmbeddedPostgres(data_dir=Path(home))
        await postgres.start()
        try:
            rows = await _measured(postgres.url)
        finally:
            await postgres.stop()
    report = {"payment in process": _row([sale / yard for sale, yard in rows])}
    for sale, yard in rows:
        sys.stdout.write(f"Sale {sale:7.0f}/s   pgbench {yard:7.0f}/s   ratio {sale / yard:.2f}\n")
    (HERE / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    sys.stdout.write(f"median ratio {report['payment in process']['value']:.2f}, in bench/report.json\n")
    return 0


def _row(ratios: Sequence[float]) -> Mapping[str, float | str]:
    return {
        "value": round(statistics.median(ratios), 3),
        "unit": "payments per second, as a share of pgbench's transactions per second",
        "low": round(min(ratios), 3),
        "high": round(max(ratios), 3),
    }


async def _measured(url: str) -> list[tuple[float, float]]:
    await asyncio.to_thread(migrate, url)
    async with Database(url, connections=CLIENTS) as database:
        sale = _sale(database)
        # Each has orders of its own: pgbench writes what no Sale would, and Sale would stumble over it.
        await _filled(sale)
        _hand_to_pgbench(url)
        ids = await _filled(sale)
        return [(await _sale_tps(sale, ids, number), await _pgbench_tps(url)) for number in range(ROUNDS)]


def _sale(database: Database) -> Sale:
    catalog = demo_catalog()
    for number in range(MERCHANTS):
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


async def _filled(sale: Sale) -> list[OrderId]:
    """Check orders out that are too dear to be paid in full."""
    items = (ProductRequest(item_id=ItemId("variant-pho"), quantity=Decimal(1_000_000)),)

    async def one(number: int) -> OrderId:
        context = Context(merchant_id=MerchantId(f"merchant-{number % MERCHANTS}"), user_id=UserId("bench"))
        new = NewOrder(sale_channel_id=SaleChannelId(f"channel-{number % MERCHANTS}"), items=items)
        order_id = (await sale.create_order(context, new)).order.id
        await sale.check_out(context, order_id, CheckoutRequest())
        return order_id

    ids: list[OrderId] = []
    for start in range(0, ORDERS, CLIENTS):
        ids += await asyncio.gather(*map(one, range(start, start + CLIENTS)))
    return ids


def _hand_to_pgbench(url: str) -> None:
    """Number the orders that are there, for `payment.sql` to draw from."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bench_orders AS SELECT row_number() OVER () AS n, bucket, id, merchant_id FROM sale_orders"
        )
        connection.execute("ALTER TABLE bench_orders ADD PRIMARY KEY (n)")


async def _sale_tps(sale: Sale, ids: Sequence[OrderId], number: int) -> float:
    done, end = 0, time.monotonic() + SECONDS

    async def payer(name: int) -> None:
        nonlocal done
        turn = 0
        while time.monotonic() < end:
            order_id = ids[(name + turn * CLIENTS) % len(ids)]
            await sale.receive_payment(_delivery(), _fact(order_id, f"{number}-{name}-{turn}"))
            turn, done = turn + 1, done + 1

    await asyncio.gather(*map(payer, range(CLIENTS)))
    return done / SECONDS


def _delivery() -> Delivery:
    return Delivery(body=b"x" * 400, event_type=FactType.ATTEMPT_SUCCESS.value)


def _fact(order_id: OrderId, uid: str) -> PaymentFact:
    return PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=order_id),
        amount=Decimal(1),
        attempt_uid=uid,
        at=datetime.now(UTC),
    )


async def _pgbench_tps(url: str) -> float:
    command = (str(programs() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-T", str(SECONDS))
    script = ("-D", f"orders={ORDERS}", "-f", str(HERE / "payment.sql"), url)
    process = await asyncio.create_subprocess_exec(*command, *script, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    (line,) = (line for line in told.decode().splitlines() if line.startswith("tps ="))
    return float(line.split()[2])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
