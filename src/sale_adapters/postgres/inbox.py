"""The raw log of webhooks, and the payment facts that wait for their order, on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sale_adapters.postgres import inbox_sql, rows
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.trips import Begin, Query, Row, Trips
from sale_domain.errors import NotFound
from sale_domain.ids import NO_BUCKET, OrderId, bucket_of, milliseconds_of, new_id
from sale_domain.ledger import PaymentFact
from sale_domain.ports.orders import ParkedFact, ReceivedWebhook

_CLOCKS_DIFFER_BY_MS = 3_600_000
"""No body names an order before the order is made; replicas' clocks may differ, but not by an hour."""


class PostgresInbox:
    """The `Inbox` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def log(self, webhook: ReceivedWebhook) -> None:
        """See `Inbox`."""
        await self._write(sql.INSERT_WEBHOOK(**rows.webhook_values(webhook)))

    async def park(self, fact: PaymentFact, *, webhook: ReceivedWebhook) -> None:
        """See `Inbox`; the fact lies in the bucket that the webhook's id names."""
        parked = sql.PARK_FACT(
            **rows.fact_values(fact),
            bucket=bucket_of(webhook.id),
            parked_at=webhook.received_at,
            webhook_id=webhook.id,
        )
        await self._write(sql.INSERT_WEBHOOK(**rows.webhook_values(webhook)), parked)

    async def arrived(self, buckets: range, *, since: datetime, after: str = "", limit: int) -> tuple[ParkedFact, ...]:
        """See `Inbox`."""
        (found,) = await self._read(
            inbox_sql.ARRIVED(first=buckets.start, stop=buckets.stop, since=since, after=after, limit=limit)
        )
        return tuple(map(_parked, found))

    async def waiting(self, buckets: range, *, until: datetime, limit: int) -> tuple[ParkedFact, ...]:
        """See `Inbox`."""
        (found,) = await self._read(inbox_sql.WAITING(first=buckets.start, stop=buckets.stop, until=until, limit=limit))
        return tuple(map(_parked, found))

    async def webhook(self, webhook_id: str) -> ReceivedWebhook:
        """See `Inbox`."""
        try:
            bucket = bucket_of(webhook_id)
        except ValueError:
            raise NotFound(thing="webhook") from None
        (found,) = await self._read(inbox_sql.WEBHOOK(bucket=bucket, id=webhook_id))
        if not found:
            raise NotFound(thing="webhook")
        return ReceivedWebhook(**found[0])

    async def webhooks_naming(self, order_id: OrderId, *, within: timedelta, limit: int) -> tuple[ReceivedWebhook, ...]:
        """See `Inbox`; what was refused or ignored lies in no merchant's bucket."""
        try:
            bucket, made_at = bucket_of(order_id), milliseconds_of(order_id)
        except ValueError:
            raise NotFound(thing="order") from None
        first_id, stop_id = (
            new_id(milliseconds=max(0, made_at + milliseconds), randomness=0, bucket=0)
            for milliseconds in (-_CLOCKS_DIFFER_BY_MS, within // timedelta(milliseconds=1))
        )
        found = await self._read(
            *(
                inbox_sql.WEBHOOKS_NAMING(
                    bucket=one, first_id=first_id, stop_id=stop_id, sought=order_id.encode(), limit=limit
                )
                for one in sorted({bucket, NO_BUCKET})
            )
        )
        webhooks = (ReceivedWebhook(**row) for one in found for row in one)
        return tuple(sorted(webhooks, key=lambda webhook: (webhook.received_at, webhook.id))[:limit])

    async def _read(self, *queries: Query) -> Sequence[list[Row]]:
        async def work(trips: Trips) -> Sequence[list[Row]]:
            return await trips.go(*queries, commit=True)

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def _write(self, *queries: Query) -> None:
        async def work(trips: Trips) -> None:
            await trips.go(*queries, commit=True)

        await self._database.transact(work, reserved=True)


def _parked(row: Row) -> ParkedFact:
    return ParkedFact(fact=rows.fact_of(row), webhook_id=row["webhook_id"], parked_at=row["parked_at"])
