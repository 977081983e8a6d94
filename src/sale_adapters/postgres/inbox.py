"""The raw log of webhooks, and the payment facts that wait for their order, on PostgreSQL."""

from sale_adapters.postgres import rows
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.trips import Query, Trips
from sale_domain.ids import bucket_of
from sale_domain.ledger import PaymentFact
from sale_domain.ports.orders import ReceivedWebhook


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

    async def _write(self, *queries: Query) -> None:
        async def work(trips: Trips) -> None:
            await trips.go(*queries, commit=True)

        await self._database.transact(work)
