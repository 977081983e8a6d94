"""Relay processes in a world of models: started, run up to their next await, paused, and killed, all by one seed."""

import math

import attrs

from relay_guards import Guard
from relay_model import ModelLog, ModelOutbox
from relay_surroundings import Process, Surroundings
from relay_world import PAYMENTS, Notebook, event
from sale_adapters.memory.event_log import Fate
from sale_domain.ids import EventId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import USUAL_PREFIX, EventLog, Layout, LogSession, OutboxRow, Shard
from sale_domain.ports.publishing_errors import EventLogUnavailable, Fenced
from sale_domain.publishing import RelayPolicy, ShardRelay
from sale_domain.publishing_layout import agree_on_layout


class World(Surroundings):
    """Relay processes over one outbox and one log."""

    def __init__(self, seed: int, *, without: Guard | None = None) -> None:
        super().__init__(seed, without=without)
        self.outbox = ModelOutbox(self)
        self.log = ModelLog(self)
        self.log.max_bytes = 1_000
        self._processes: list[Process] = []
        self._spawned = 0
        self._events = 0
        self._guest = "order-0"
        self._per_order: dict[str, int] = {}

    def run(self, *, troubled_steps: int = 1200, calm_steps: int = 20_000) -> None:
        """Let things go wrong for a while, then let everything work until all is published."""
        for _ in range(troubled_steps):
            if self.chance.random() < 0.08:
                self._sell()
            self._step()
        self.trouble = 0.0
        self._until_published(self._free(), steps=calm_steps)
        # Somebody raises the topic's limit and lets go of what was set aside.
        self.log.max_bytes = 1_000_000
        self._until_published(set(self.outbox.rows), steps=calm_steps)

    def _free(self) -> set[EventId]:
        """Return the rows that no row in front of them, which the log refuses, may hold back."""
        first = {row.order_id: row.seq for row in reversed(self.outbox.rows.values()) if self._is_poison(row)}
        return {row.event_id for row in self.outbox.rows.values() if row.seq < first.get(row.order_id, row.seq + 1)}

    def _is_poison(self, row: OutboxRow) -> bool:
        return len(row.payload) > self.log.max_bytes

    def _until_published(self, wanted: set[EventId], *, steps: int) -> None:
        for _ in range(steps):
            if wanted <= set(self.outbox.published):
                return
            if self.log.max_bytes > 1_000:  # a refusal from before may still be on its way
                for event_id in list(self.outbox.aside):
                    self.outbox.put_back(event_id)
            self._step()
        self.check_no_double()
        raise AssertionError(f"{len(wanted - set(self.outbox.published))} rows are never published")

    def lose_the_cluster(self) -> None:
        """Put another cluster in its place, whose log is as long and full of strangers' records."""
        self.log.cluster_id = "rebuilt-cluster"
        for content in self.log.partitions.values():
            for place in content.places:
                place.row = None

    def sell_and_restart(self) -> None:
        """Kill every relay, so that the next ones look at the log anew, and give them something to do."""
        self.close()
        self._processes.clear()
        self.trouble = 0.01
        for _ in range(6):
            self._sell()

    def lose_the_end(self) -> None:
        """Forget the newest half of every partition, as an unclean election does."""
        for shard in list(self.log.shards()):
            self.log.end(shard, Fate.ABORTED)
        for content in self.log.partitions.values():
            del content.places[len(content.places) // 2 :]

    def check(self) -> None:
        """Look at the log as a `read_committed` consumer does."""
        self.check_no_double()
        committed = self.log.committed(PAYMENTS)
        ids = [row.event_id for _, row in committed]
        assert set(ids) == set(self.outbox.rows), "an event was lost"
        assert self.outbox.published == {row.event_id: at for at, row in committed}, "an address is not true"
        for order in self._per_order:
            numbers = [row.seq for _, row in committed if row.order_id == order]
            assert numbers == sorted(numbers), f"the events of {order} are out of order"

    def check_no_double(self) -> None:
        """Look whether the log has an event twice."""
        ids = [row.event_id for _, row in self.log.committed(PAYMENTS)]
        assert len(ids) == len(set(ids)), "an event is in the log twice"

    def close(self) -> None:
        """Kill whoever still runs."""
        for process in self._processes:
            process.work.close()

    def _sell(self) -> None:
        self._events += 1
        if self.chance.random() < 0.5:  # else the same guest pays again
            self._guest = f"order-{self.chance.randrange(6)}"
        order = self._guest
        self._per_order[order] = seq = self._per_order.get(order, 0) + 1
        bucket = int(order[-1]) * 170
        row = event(self._events, order=order, seq=seq, bucket=bucket)
        too_large = self.chance.random() < 0.02
        self.outbox.append(attrs.evolve(row, payload=b" " * 2_000) if too_large else row)

    def _step(self) -> None:
        """Run one process up to its next await, or do something terrible to it."""
        while len(self._processes) < 3:
            self._spawn()
        awake = [process for process in self._processes if process.asleep_until <= self.now]
        if not awake:
            self.now = min(process.asleep_until for process in self._processes)
        else:
            process = self.chance.choice(awake)
            self._run(process)
        self.now += self.chance.random() * 0.02
        self.log.tick()

    def _run(self, process: Process) -> None:
        fate = self.chance.random()
        if fate < self.trouble / 5:
            process.work.close()
            self._processes.remove(process)
        elif fate < self.trouble / 2:
            process.asleep_until = self.now + 4 + self.chance.random() * 8
        else:
            self.running = process
            process.work.send(None)

    def _spawn(self) -> None:
        self._spawned += 1
        name = f"relay-{self._spawned}"
        shards = self.chance.choice([1, 2, 3]) if self.trouble and self.chance.random() < 0.3 else 0
        self._processes.append(Process(name=name, work=self._live(name, shards)))

    async def _live(self, name: str, shards: int) -> None:
        """Relay whatever shard can be had, as the real process does."""
        turn, prefix = self.chance.randrange(3), self.chance.choice(["sale-relay", "another-name"])
        log: EventLog = self.log
        if self.without is Guard.PREFIX_IN_LAYOUT:
            log = Renamed(log=log, prefix=prefix)
        while True:
            try:
                layout = await self._agree(log, shards, prefix)
                shards = 0
                turn += 1
                await self._relay(name, layout.parts()[turn % layout.shards], log).run()
            except (Fenced, StoreUnavailable, EventLogUnavailable):
                await self.sleep(0.5)

    async def _agree(self, log: EventLog, shards: int, prefix: str) -> Layout:
        """Agree on a layout: one of our own at first if we were told a number of shards, else the newest."""
        newest = await self.outbox.newest_layout()
        if newest and not shards:
            shards, prefix = newest.shards, newest.prefix
        if self.without is Guard.PREFIX_IN_LAYOUT:
            prefix = USUAL_PREFIX
        return await agree_on_layout(outbox=self.outbox, log=log, shards=shards or 2, prefix=prefix)

    def _policy(self) -> RelayPolicy:
        policy = RelayPolicy(topics=(PAYMENTS,), batch_size=6)
        if self.without is Guard.SLOW_COMMIT_DOUBTED:
            return attrs.evolve(policy, slow_publish_seconds=math.inf)
        return policy

    def _relay(self, name: str, shard: Shard, log: EventLog) -> ShardRelay:
        return ShardRelay(
            shard=shard,
            owner=name,
            outbox=self.outbox,
            log=log,
            pace=self,
            observer=Notebook(),
            policy=self._policy(),
        )


@attrs.frozen(kw_only=True)
class Renamed:
    """A log whose producers have the prefix that their own process was told, whatever the layout says."""

    log: EventLog
    prefix: str

    async def open(self, shard: Shard) -> LogSession:
        return await self.log.open(attrs.evolve(shard, prefix=self.prefix))
