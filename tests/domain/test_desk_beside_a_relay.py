"""An operator decides while a batch is under way: nothing is lost, doubled or swapped."""

from collections.abc import Sequence

import attrs
import pytest

from relay_world import LyingSession, World, event, make_world
from sale_adapters.memory import MemoryOutboxDesk
from sale_domain.ports.outbox_desk import Standing
from sale_domain.ports.publishing import OutboxRow, PublishedAt

FIRST, POISON, LATER = tuple(event(number) for number in (1, 2, 3))
OTHERS = tuple(event(10 + number, order="order-2", seq=number) for number in (1, 2, 3))


@attrs.define
class Operator:
    """Does one thing, in the middle of the transaction that holds the other order's second row."""

    world: World
    action: str
    acted: bool = False

    async def look_in(self, rows: Sequence[OutboxRow]) -> None:
        if not self.acted and OTHERS[1] in rows:
            self.acted = True
            desk = MemoryOutboxDesk(self.world.outbox)
            if self.action == "retry":
                await desk.retry(POISON.event_id)
            else:
                await desk.release(POISON.event_id, reason="booked by hand")


async def played(monkeypatch: pytest.MonkeyPatch, action: str, *, lies: Sequence[str] = ()) -> World:
    world = await make_world(FIRST, POISON, LATER, *OTHERS, batch_size=1)
    relay = world.relay()
    lease = await world.outbox.take(relay.shard, owner="relay-1", lease_seconds=60)
    assert lease is not None
    assert await world.outbox.set_aside(lease, event_id=POISON.event_id, reason="too large")
    operator, publish = Operator(world, action), LyingSession.publish
    world.log.lies = list(lies)

    async def watched(session: LyingSession, rows: Sequence[OutboxRow]) -> tuple[PublishedAt, ...]:
        await operator.look_in(rows)
        return await publish(session, rows)

    monkeypatch.setattr(LyingSession, "publish", watched)
    await relay.run()
    assert operator.acted
    return world


@pytest.mark.parametrize("lie", ["none", "lost acknowledgement", "died before the commit", "a record missing"])
async def test_a_retry_in_the_middle_of_a_batch_sends_the_row_once_and_its_order_in_order(
    monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    world = await played(monkeypatch, "retry", lies=("none", "none", lie, lie))
    in_log = world.in_log()
    assert sorted(in_log) == sorted(row.event_id for row in (FIRST, POISON, LATER, *OTHERS))
    assert [event_id for event_id in in_log if world.outbox.rows[event_id].order_id == "order-1"] == [
        row.event_id for row in (FIRST, POISON, LATER)
    ]
    assert world.addresses() == world.outbox.published


@pytest.mark.parametrize("lie", ["none", "lost acknowledgement", "died before the commit", "a record missing"])
async def test_a_release_in_the_middle_of_a_batch_lets_the_later_rows_go_and_never_sends_the_row(
    monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    world = await played(monkeypatch, "release", lies=("none", "none", lie, lie))
    assert sorted(world.in_log()) == sorted(row.event_id for row in (FIRST, LATER, *OTHERS))
    entry, _ = await MemoryOutboxDesk(world.outbox).find(POISON.event_id)
    assert entry.standing is Standing.RELEASED
    assert world.addresses() == world.outbox.published
