"""The relay's chores: parked payments are applied, late ones called out, tables freed, and what is old is dropped."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs

from sale_adapters.kafka.log_reader import KafkaLogReader
from sale_adapters.postgres import (
    Database,
    PostgresAllocationUsages,
    PostgresBooks,
    PostgresInbox,
    PostgresLeftovers,
    PostgresOrders,
)
from sale_adapters.system import SystemClock, UlidIds
from sale_app.chores import Chore
from sale_app.kafka import kafka_connection
from sale_app.reconcile_limits import limits_of
from sale_app.reconcile_sample import Findings, reconcile_sample
from sale_app.settings import Settings
from sale_app.telling import telling, uncounted
from sale_domain.port_errors import StoreBusy
from sale_domain.ports.leftovers import Leftover, Leftovers
from sale_domain.ports.orders import ParkedFact
from sale_domain.use_cases.parts import StoreParts
from sale_domain.use_cases.seating import sweep_expired
from sale_domain.use_cases.sweeping import clean_up, sweep_parked

_LOG = logging.getLogger("sale.upkeep")

SOON_SECONDS, ALL_SECONDS, CLEAN_SECONDS = 5.0, 60.0, 300.0
"""How often: what came lately or is due now is looked at, all that is parked is, and the clean-up runs."""

LATELY = timedelta(minutes=10)
"""Almost every order that comes at all comes within this time of its money."""

ANSWERS_STAY = timedelta(hours=25)
"""An equal request gets the first one's answer for 24 hours (contract §9) by the database's clock; ours may differ."""

_SHOWN = 10
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Upkeep:
    """The chores over any store.

    Attributes:
        stay: How long each kind of leftover is kept; those not named stay for ever.
        late_after: From when on a parked fact is called out.
        also: Chores besides.
    """

    parts: StoreParts
    leftovers: Leftovers
    stay: Mapping[Leftover, timedelta]
    late_after: timedelta
    also: tuple[Chore, ...] = ()

    def chores(self) -> tuple[Chore, ...]:
        """Return all of them."""
        return (
            Chore(name="apply what was parked lately", every_seconds=SOON_SECONDS, work=self.apply_recent),
            Chore(name="apply whatever is parked", every_seconds=ALL_SECONDS, work=self.apply_all),
            Chore(name="free what was reserved until now", every_seconds=SOON_SECONDS, work=self.expire),
            Chore(name="clean up", every_seconds=CLEAN_SECONDS, work=self.clean),
            *self.also,
        )

    async def apply_recent(self, buckets: range) -> None:
        """Apply what was parked lately and has its order now."""
        await self._apply(buckets, since=self.parts.clock.now() - LATELY)

    async def apply_all(self, buckets: range) -> None:
        """Apply whatever has its order now, and call out what has waited too long."""
        await self._apply(buckets, since=_BEGINNING)
        late = await self.parts.inbox.waiting(buckets, until=self.parts.clock.now() - self.late_after, limit=_SHOWN + 1)
        if late:
            facts = {
                "count": f"{_SHOWN}+" if len(late) > _SHOWN else len(late),
                "oldest_since": late[0].parked_at.isoformat(timespec="seconds"),
                "webhooks": ",".join(parked.webhook_id for parked in late[:_SHOWN]),
            }
            _LOG.warning("payments wait too long for their order: see `sale inbox list`", extra=facts)

    async def expire(self, buckets: range) -> None:
        """End the usages whose time has come."""
        expired = await sweep_expired(self.parts, buckets)
        for order_id in expired.orders:
            _LOG.info("allocation usages expired", extra={"order_id": order_id})
        failed = [({"order_id": order_id}, failure) for order_id, failure in expired.failed]
        _tell_failed("allocation usages not expired", failed)

    async def clean(self, buckets: range) -> None:
        """Drop what is older than it may be."""
        now = self.parts.clock.now()
        before = {kind: now - stay for kind, stay in self.stay.items()}
        dropped = await clean_up(self.leftovers, buckets, before=before)
        if any(dropped.values()):
            _LOG.info("dropped %s", ", ".join(f"{count} {kind.value}" for kind, count in dropped.items() if count))

    async def _apply(self, buckets: range, *, since: datetime) -> None:
        swept = await sweep_parked(self.parts, buckets, since=since)
        for parked in swept.applied:
            _LOG.info("parked payment applied", extra=_name(parked))
        _tell_failed("parked payment not applied", [(_name(parked), failure) for parked, failure in swept.failed])


def _tell_failed(what: str, failed: Sequence[tuple[Mapping[str, str], Exception]]) -> None:
    """Log each failure; orders that others kept locked are no bug, so they are counted and named in one line."""
    for name, failure in failed:
        if not isinstance(failure, StoreBusy):
            _LOG.error(what, exc_info=failure, extra=name)
    if locked := [name["order_id"] for name, failure in failed if isinstance(failure, StoreBusy)]:
        facts = {"count": len(locked), "orders": ",".join(locked[:_SHOWN])}
        _LOG.warning("%s, others kept the orders locked: left to the next sweep", what, extra=facts)


def _name(parked: ParkedFact) -> dict[str, str]:
    return {"order_id": parked.fact.source.id, "webhook_id": parked.webhook_id}


@asynccontextmanager
async def upkeep(
    settings: Settings, *, tell: Findings | None = None, signalled: Callable[[str, int], object] = uncounted
) -> AsyncIterator[Upkeep]:
    """Build the chores over PostgreSQL, which need not be there yet; ending the block closes every connection.

    Args:
        settings: Where everything is, and how long what is kept.
        tell: Counts what comparing a sample finds.
        signalled: Counts what came of how many messages to signal.
    """
    days = {Leftover.PUBLISHED: settings.outbox_days, Leftover.WEBHOOKS: settings.webhook_log_days}
    stay = {Leftover.ANSWERS: ANSWERS_STAY, **{kind: timedelta(days=n) for kind, n in days.items() if n}}
    async with (
        Database(settings.database_url, connections=2) as database,
        telling(PostgresOrders(database), settings, signalled=signalled) as orders,
    ):
        yield Upkeep(
            parts=StoreParts(
                orders=orders,
                inbox=PostgresInbox(database),
                usages=PostgresAllocationUsages(database),
                clock=SystemClock(),
                ids=UlidIds(),
            ),
            leftovers=PostgresLeftovers(database),
            stay=stay,
            late_after=timedelta(minutes=settings.age_parked_minutes),
            also=tuple(comparing(settings, database, tell=tell)),
        )


def comparing(settings: Settings, database: Database, *, tell: Findings | None = None) -> Iterator[Chore]:
    """Yield the comparison of a sample now and then, unless the settings say never."""

    async def work(buckets: range) -> None:
        # A sample is drawn from all buckets: whoever holds the first of them draws it.
        if 0 in buckets:
            async with KafkaLogReader(kafka_connection(settings)) as log:
                await reconcile_sample(
                    books=PostgresBooks(database),
                    log=log,
                    clock=SystemClock(),
                    limits=limits_of(settings),
                    size=settings.reconcile_sample,
                    tell=tell,
                )

    if settings.reconcile_minutes:
        yield Chore(name="compare a sample", every_seconds=60.0 * settings.reconcile_minutes, work=work)
