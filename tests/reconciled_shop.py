"""A played evening on PostgreSQL, ready to be spoilt by hand and compared."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import attrs
import psycopg

import evening
from evening import CLOSING_TIME, Evening
from sale_adapters.memory import ManualClock, MemoryEventLog, MemoryLogReader
from sale_adapters.postgres import Database, PostgresBooks, PostgresOrders
from sale_domain.reconciliation import Finding, Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope


@attrs.frozen(kw_only=True)
class Shop:
    """A played evening, whose events are all in the log, and a hand that can reach into the tables."""

    evening: Evening
    log: MemoryEventLog
    orders: PostgresOrders
    books: PostgresBooks
    hand: psycopg.AsyncConnection
    retention: dict[str, timedelta] = attrs.field(factory=dict)

    async def spoil(self, statement: bytes, **values: object) -> None:
        done = await self.hand.execute(statement, {**attrs.asdict(self.evening), **values})
        assert done.rowcount, "the hand has reached nothing"

    async def findings(
        self, *, limits: Limits | None = None, at: timedelta = timedelta(0), **scope: object
    ) -> list[Finding]:
        every_number = count()
        reconciliation = Reconciliation(
            books=self.books,
            log=MemoryLogReader(log=self.log, retention=self.retention),
            clock=ManualClock(CLOSING_TIME + at),
            draw=lambda below: next(every_number) % below,
            limits=limits or Limits(),
            scope=Scope(**{"merchant_id": self.evening.merchant_id, **scope}),  # type: ignore[arg-type]  # as given
        )
        return [finding async for finding in reconciliation.findings()]

    async def codes(self, *, at: timedelta = timedelta(0)) -> list[str]:
        return [finding.check.value for finding in await self.findings(at=at)]


@asynccontextmanager
async def open_shop(
    tables_url: str, *, database: Database, orders: PostgresOrders, hand: psycopg.AsyncConnection
) -> AsyncGenerator[Shop]:
    """Yield a played evening; whatever is spoilt of it is not the next one's matter."""
    played, log = await evening.play(orders), evening.new_log()
    await evening.publish(tables_url, log)
    yield Shop(evening=played, log=log, orders=orders, books=PostgresBooks(database), hand=hand)
    await hand.execute(b"TRUNCATE sale_orders, outbox, history CASCADE")
    await hand.execute(b"DELETE FROM merchant_feeds")
    await hand.execute(b"DELETE FROM parked_payments")
