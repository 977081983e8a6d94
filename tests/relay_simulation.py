"""Relay processes in a world of models: started, run up to their next await, paused, and killed, all by one seed."""

from relay_model import Guard, ModelLog, ModelOutbox, Process, Surroundings
from relay_world import PAYMENTS, Notebook, event
from sale_domain.errors import StoreUnavailable
from sale_domain.ports.publishing import EventLogUnavailable, Fenced, Shard
from sale_domain.publishing import RelayPolicy, ShardRelay
from sale_domain.publishing_layout import agree_on_layout


class World(Surroundings):
    """Relay processes over one outbox and one log."""

    def __init__(self, seed: int, *, without: Guard | None = None) -> None:
        super().__init__(seed, without=without)
        self.outbox = ModelOutbox(self)
        self.log = ModelLog(self)
        self._processes: list[Process] = []
        self._spawned = 0
        self._events = 0
        self._per_order: dict[str, int] = {}

    def run(self, *, troubled_steps: int = 1200, calm_steps: int = 20_000) -> None:
        """Let things go wrong for a while, then let everything work until all is published."""
        for _ in range(troubled_steps):
            if self.chance.random() < 0.04:
                self._sell()
            self._step()
        self.trouble = 0.0
        for _ in range(calm_steps):
            if set(self.outbox.published) == set(self.outbox.rows):
                return
            self._step()
        raise AssertionError(f"{len(self.outbox.rows) - len(self.outbox.published)} rows are never published")

    def check(self) -> None:
        """Look at the log as a `read_committed` consumer does."""
        committed = self.log.committed(PAYMENTS)
        ids = [row.event_id for _, row in committed]
        assert len(ids) == len(set(ids)), "an event is in the log twice"
        assert set(ids) == set(self.outbox.rows), "an event was lost"
        assert self.outbox.published == {row.event_id: at for at, row in committed}, "an address is not true"
        for order in self._per_order:
            numbers = [row.seq for _, row in committed if row.order_id == order]
            assert numbers == sorted(numbers), f"the events of {order} are out of order"

    def close(self) -> None:
        """Kill whoever still runs."""
        for process in self._processes:
            process.work.close()

    def _sell(self) -> None:
        self._events += 1
        order = f"order-{self.chance.randrange(6)}"
        self._per_order[order] = seq = self._per_order.get(order, 0) + 1
        bucket = int(order[-1]) * 170
        self.outbox.append(event(self._events, order=order, seq=seq, bucket=bucket))

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
        elif fate < self.trouble / 3:
            process.asleep_until = self.now + self.chance.random() * 12
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
        turn = self.chance.randrange(3)
        while True:
            try:
                newest = await self.outbox.newest_layout()
                wanted = shards or (newest.shards if newest else 2)
                shards = 0
                layout = await agree_on_layout(outbox=self.outbox, log=self.log, shards=wanted)
                turn += 1
                await self._relay(name, layout.parts()[turn % layout.shards]).run()
            except (Fenced, StoreUnavailable, EventLogUnavailable):
                await self.sleep(0.5)

    def _relay(self, name: str, shard: Shard) -> ShardRelay:
        return ShardRelay(
            shard=shard,
            owner=name,
            outbox=self.outbox,
            log=self.log,
            pace=self,
            observer=Notebook(),
            policy=RelayPolicy(topics=(PAYMENTS,), batch_size=4),
        )
