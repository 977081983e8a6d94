"""Outbox to log, exactly once: an event is published when it has been read back (architecture §4).

A shard's relay holds at most one batch whose outcome is unknown, and sends nothing before it is known. What was read
back is marked in the database while the next batch is on its way. After any doubt the relay takes a new fence and a new
producer, so that nothing older can write, and reads the log up to the high watermark taken after that: only then is
"not in the log" a fact.
"""

from collections.abc import Collection, Mapping
from itertools import accumulate

import attrs

from sale_domain.ids import EventId
from sale_domain.ports.publishing import (
    EventLog,
    Lease,
    LogRecord,
    LogSession,
    Outbox,
    OutboxRow,
    Partition,
    Reading,
    Recorded,
    Shard,
)
from sale_domain.ports.publishing_errors import BatchRefused, Fenced, OutcomeUnknown, OutOfRange, ShardHalted
from sale_domain.ports.relaying import Pace, RelayObserver


@attrs.frozen(kw_only=True)
class RelayPolicy:
    """How a relay works; times in seconds.

    Attributes:
        topics: Every topic that rows may name; a row of another is set aside.
        poll_seconds: What a lost wake-up costs at most.
        lease_seconds: How long a dead relay's shard stays its own.
        batch_size: Rows of a batch at most; it is halved after each doubt that a batch ends with, down to one row, as a
            batch may be too large to come through in time, and doubled again by each that goes well. After a refusal it
            begins again at one row, to find the culprit.
        batch_bytes: Of a batch's payloads together, if it has more than one row.
        slow_publish_seconds: A transaction that took longer may have been retried inside the client, and a retry that
            is still under way can end the next one (KAFKA-17754): doubt.
        read_back_seconds: How long a committed record may stay invisible before it is a doubt.
        halted_seconds: How often a halted shard is looked at again, and called out.
        catch_up_seconds: How often an idle shard records how far the log is, lest retention overtakes what it recorded.
    """

    topics: tuple[str, ...]
    batch_size: int = 500
    batch_bytes: int = 2_000_000
    poll_seconds: float = 0.1
    lease_seconds: float = 5.0
    slow_publish_seconds: float = 2.0
    read_back_seconds: float = 10.0
    catch_up_seconds: float = 60.0
    shortest_wait_seconds: float = 0.1
    longest_wait_seconds: float = 5.0
    halted_seconds: float = 30.0


class ShardRelay:
    """Empties one shard for as long as it owns it."""

    def __init__(
        self,
        *,
        shard: Shard,
        owner: str,
        outbox: Outbox,
        log: EventLog,
        pace: Pace,
        observer: RelayObserver,
        policy: RelayPolicy,
    ) -> None:
        self.shard = shard
        self.owner = owner
        self.outbox = outbox
        self.log = log
        self.pace = pace
        self.observer = observer
        self.policy = policy
        self.stopping: bool = False
        self.refused: tuple[OutboxRow, str] | None = None
        self.batch_size: int = policy.batch_size
        self._wait_seconds = policy.shortest_wait_seconds

    def stop(self) -> None:
        """Ask `run` to return once the transaction under way is finished and marked."""
        self.stopping = True

    async def run(self) -> None:
        """Publish until told to stop, starting anew after every doubt.

        Raises:
            Fenced: the shard is somebody else's.
            ShardHalted: only a person can decide how to go on.
        """
        while not self.stopping:
            try:
                await self._live()
            except (Fenced, ShardHalted):
                raise
            except Exception as doubt:  # noqa: BLE001 - whatever went wrong, the outcome is unknown; the next life finds it out
                self.observer.doubted(self.shard, doubt, wait_seconds=self._wait_seconds)
                await self.pace.sleep(self._wait_seconds)
                self._wait_seconds = min(2 * self._wait_seconds, self.policy.longest_wait_seconds)

    def went_well(self) -> None:
        """Take heart after a batch that went through, or an outbox that is empty."""
        self._wait_seconds = self.policy.shortest_wait_seconds
        self.batch_size = min(2 * self.batch_size, self.policy.batch_size)

    def went_wrong(self, rows: tuple[OutboxRow, ...], failure: Exception) -> None:
        """Try less at a time; remember a row that was refused alone until it is known not to be in the log."""
        refused = isinstance(failure, BatchRefused)
        self.batch_size = 1 if refused else max(1, min(self.batch_size, len(rows)) // 2)
        if refused and len(rows) == 1:
            self.refused = (rows[0], str(failure))

    async def _live(self) -> None:
        """Live the life of one producer: from its fence to the first doubt."""
        lease = await self.outbox.take(self.shard, owner=self.owner, lease_seconds=self.policy.lease_seconds)
        if lease is None:
            raise Fenced(shard=self.shard)
        session = await self.log.open(self.shard)
        life = _Life(relay=self, lease=lease, session=session)
        try:
            await life.begin()
            while not self.stopping:
                await life.step()
            await life.end()
        finally:
            if life.failed is not None:
                self.went_wrong(*life.failed)
            await session.close()


@attrs.frozen(kw_only=True)
class _Sent:
    """A batch that was read back, and is not marked yet."""

    rows: tuple[OutboxRow, ...]
    reading: Reading
    began_at: float


@attrs.define(kw_only=True)
class _Life:
    """One fence, one producer, and how far they have read the log."""

    relay: ShardRelay
    lease: Lease
    session: LogSession
    positions: dict[Partition, int] = attrs.field(factory=dict)
    caught_up_at: float = 0.0
    sent: _Sent | None = None
    failed: tuple[tuple[OutboxRow, ...], Exception] | None = None

    async def begin(self) -> None:
        """Find out what earlier lives left in the log, and only then what is not in it."""
        await self._reconcile()
        if self.relay.stopping:
            return
        if self.relay.refused is not None:
            await self._set_aside(*self.relay.refused)
            self.relay.refused = None
        self.relay.observer.started(self.lease, cluster_id=self.session.cluster_id)

    async def step(self) -> None:
        """Mark what the last step sent while the next rows are sent; if there are none, wait for some."""
        last, self.sent = self.sent, None
        if last is None:
            found = await self._send_next(excluding=())
        else:
            marking = [row.event_id for row in last.rows]
            found = await self.relay.pace.both(self._mark(last), self._send_next(excluding=marking))
        if not found:
            self.relay.went_well()
            await self._idle()

    async def end(self) -> None:
        """Mark what was sent last."""
        if self.sent is not None:
            await self._mark(self.sent)

    async def _send_next(self, *, excluding: Collection[EventId]) -> bool:
        """Send the next rows, but not those that are in the log already; tell whether there were any."""
        relay = self.relay
        rows = await relay.outbox.unpublished(self.lease, limit=relay.batch_size, excluding=excluding)
        unknown = [row for row in rows if row.topic not in relay.policy.topics]
        if unknown:
            await self._set_aside(unknown[0], f"The relay knows no topic {unknown[0].topic!r}.")
        elif rows:
            batch = _at_most(relay.policy.batch_bytes, rows)
            try:
                self.sent = await self._send(batch)
            except Exception as failure:
                self.failed = batch, failure
                raise
        return bool(rows)

    async def _reconcile(self) -> None:
        """Read the log from where it was last compared to its end as of now, and mark what is found.

        The end is the high watermark, uncommitted records included: another shard's open transaction hides whatever
        lies behind it, perhaps a record of ours, so until the position is there nothing is known and nothing is sent.
        """
        watermarks = await self.session.high_watermarks(self.relay.policy.topics)
        recorded = await self.relay.outbox.recorded(self.lease)
        self._refuse_another_log(recorded, watermarks)
        unread = [partition for partition in watermarks if partition not in recorded.offsets]
        beginnings = await self.session.beginnings(unread) if unread else {}
        self.positions = {partition: {**beginnings, **recorded.offsets}[partition] for partition in watermarks}
        while not self.relay.stopping:
            before = self.positions
            await self._read_some(until=watermarks)
            behind = _behind(self.positions, watermarks)
            if not behind:
                break
            if self.positions == before:
                partition = behind[0]
                self.relay.observer.waiting(
                    self.lease, partition, position=before[partition], watermark=watermarks[partition]
                )
                await self.relay.pace.sleep(self.relay.policy.poll_seconds)
        self.caught_up_at = self.relay.pace.seconds()

    async def _read_some(self, *, until: dict[Partition, int]) -> None:
        """Compare the next part of the log with the outbox and record how far that went."""
        try:
            reading = await self.session.read(start=self.positions, until=until)
        except OutOfRange as gap:
            if await self.relay.outbox.unpublished(self.lease, limit=1):
                raise self._halted(f"{gap} A row that is not marked published may have been there.") from gap
            # Nothing was unpublished when older producers were already shut out: there is nothing to look for.
            reading = Reading(records=(), positions=until)
        await self._settle(reading)
        self.positions = dict(reading.positions)

    async def _settle(self, reading: Reading) -> None:
        """Mark what the reading found and record how far it came, in one step."""
        ours = {record.event_id: record for record in reading.records if self.lease.shard.owns(record.event_id)}
        marked = await self.relay.outbox.settle(
            self.lease,
            cluster_id=self.session.cluster_id,
            records=tuple(ours.values()),
            positions=reading.positions,
        )
        if marked:
            told = [record for event_id, record in ours.items() if event_id in marked]
            self.relay.observer.published(self.lease, told)

    def _refuse_another_log(self, recorded: Recorded, watermarks: dict[Partition, int]) -> None:
        """Halt when this cannot be the log that the offsets were recorded from."""
        if recorded.cluster_id not in {None, self.session.cluster_id}:
            here = self.session.cluster_id
            raise self._halted(f"The rows were published to cluster {recorded.cluster_id}, but this is cluster {here}.")
        for partition, offset in recorded.offsets.items():
            end = watermarks.get(partition, 0)
            if offset > end and partition.topic in self.relay.policy.topics:
                raise self._halted(f"{partition} was read up to {offset} and now ends at {end}: records were lost.")

    async def _send(self, rows: tuple[OutboxRow, ...]) -> _Sent:
        """Send, commit, read back; raise on the slightest doubt."""
        started = self.relay.pace.seconds()
        addresses = await self.session.publish(rows)
        took = self.relay.pace.seconds() - started
        if took > self.relay.policy.slow_publish_seconds:
            raise OutcomeUnknown(reason=f"The transaction took {took:.1f} s.")
        until: dict[Partition, int] = {}
        for at in addresses:
            partition = Partition(topic=at.topic, number=at.partition)
            until[partition] = max(until.get(partition, 0), at.offset + 1)
        reading = await self._read_back(until)
        missing = {row.event_id for row in rows} - {record.event_id for record in reading.records}
        if missing:
            raise OutcomeUnknown(reason=f"{len(missing)} of {len(rows)} committed records are not in the log.")
        self.positions = dict(reading.positions)
        return _Sent(rows=rows, reading=reading, began_at=started)

    async def _mark(self, sent: _Sent) -> None:
        """Settle a batch; one that cannot be settled is as much in doubt as one that cannot be sent."""
        try:
            await self._settle(sent.reading)
        except Exception as failure:
            # What could not be sent meanwhile, perhaps a row that Kafka refuses, says more of how to go on.
            self.failed = self.failed or (sent.rows, failure)
            raise
        self.relay.went_well()
        self.relay.observer.delivered(self.lease, sent.rows, seconds=self.relay.pace.seconds() - sent.began_at)

    async def _read_back(self, until: dict[Partition, int]) -> Reading:
        """Read the log as its consumers do, up to the last record that was sent."""
        deadline = self.relay.pace.seconds() + self.relay.policy.read_back_seconds
        records: list[LogRecord] = []
        positions: Mapping[Partition, int] = self.positions
        while True:
            reading = await self.session.read(start=positions, until=until)
            stuck = reading.positions == positions
            records += reading.records
            positions = reading.positions
            if not _behind(positions, until):
                return Reading(records=tuple(records), positions=positions)
            if self.relay.pace.seconds() > deadline:
                raise OutcomeUnknown(reason="The committed records could not be read back in time.")
            if stuck:
                await self.relay.pace.sleep(self.relay.policy.poll_seconds)

    async def _set_aside(self, row: OutboxRow, reason: str) -> None:
        """Keep a row back that the log was just seen not to hold."""
        if await self.relay.outbox.set_aside(self.lease, event_id=row.event_id, reason=reason):
            self.relay.observer.set_aside(self.lease, row, reason=reason)

    async def _idle(self) -> None:
        """Wait for work; now and then record how far the log is, lest its retention overtakes what was recorded."""
        if self.relay.pace.seconds() - self.caught_up_at > self.relay.policy.catch_up_seconds:
            await self._reconcile()
        else:
            await self.relay.pace.await_work(self.relay.policy.poll_seconds)

    def _halted(self, reason: str) -> ShardHalted:
        return ShardHalted(shard=self.lease.shard, reason=reason)


def _at_most(most_bytes: int, rows: tuple[OutboxRow, ...]) -> tuple[OutboxRow, ...]:
    """Return the first row, and those behind it that fit beside it."""
    sums = accumulate(len(row.payload) for row in rows)
    return rows[:1] + tuple(row for row, total in zip(rows, sums, strict=True) if total <= most_bytes)[1:]


def _behind(positions: Mapping[Partition, int], until: Mapping[Partition, int]) -> list[Partition]:
    return [partition for partition, offset in until.items() if positions[partition] < offset]
