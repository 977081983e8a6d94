"""The relay's chores: done for the shards that are held, at their own pace, and never in the relay's way."""

import asyncio
import logging
from datetime import timedelta

import pytest

from counter import AT_THE_SHOP, LAN, item, opened, pay
from sale_adapters.embedded import free_ports
from sale_adapters.memory import MemoryEventLog, MemoryLeftovers, MemoryOutbox
from sale_adapters.postgres import Database, Patience
from sale_app.chores import Chore, Rota, keep_doing
from sale_app.composition import InMemorySale, compose_in_memory
from sale_app.relay_process import RelayProcess
from sale_app.setting_fields import Process
from sale_app.settings import Settings
from sale_app.upkeep import Upkeep, comparing
from sale_domain.context import Context
from sale_domain.ids import BUCKETS, MerchantId, bucket_of
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.port_errors import EventTooLarge, StoreUnavailable
from sale_domain.ports.leftovers import Leftover
from sale_domain.publishing import RelayPolicy
from sale_domain.use_cases import sweeping
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder
from sale_domain.use_cases.sweep import AWAY
from spoken import said

ALL = range(BUCKETS)
PATIENCE_SECONDS = 10


def upkeep_of(shop: InMemorySale) -> Upkeep:
    return Upkeep(
        parts=shop.sale.parts,
        leftovers=MemoryLeftovers(shop.store),
        stay={Leftover.WEBHOOKS: timedelta(days=7)},
        late_after=timedelta(minutes=15),
    )


async def parked_before_its_order(shop: InMemorySale, amount: int = 65_000) -> str:
    """Play the race: the money is parked, and its order is there a moment later, checked out."""
    order_id = (await opened(shop, item("pho"))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    order = shop.store.orders.pop(order_id)
    await pay(shop, order_id, "a1", amount)
    shop.store.orders[order_id] = order
    return order_id


# --- what they do ------------------------------------------------------------------------------------------------


async def test_parked_money_pays_for_its_order_once_it_is_there(caplog: pytest.LogCaptureFixture) -> None:
    shop = compose_in_memory()
    order_id = await parked_before_its_order(shop)
    with caplog.at_level(logging.INFO):
        await upkeep_of(shop).apply_recent(ALL)
        await upkeep_of(shop).apply_recent(ALL)

    order = next(iter(shop.store.orders.values()))
    assert (order.status, order.transition, order.version) == (OrderStatus.COMPLETED, 1, 3)
    assert (len(shop.store.messages), len(shop.inbox.parked)) == (1, 0)
    assert [said(record).count(order_id) for record in caplog.records] == [1]


async def test_another_shards_money_is_left_to_the_other_shard() -> None:
    shop = compose_in_memory()
    own = bucket_of(await parked_before_its_order(shop))

    for others in (range(own), range(own + 1, BUCKETS)):
        assert (await shop.sale.sweep_parked(others, since=shop.clock.now())).applied == ()
    assert len((await shop.sale.sweep_parked(range(own, own + 1), since=shop.clock.now())).applied) == 1


async def test_what_was_parked_long_ago_is_found_by_the_slower_chore() -> None:
    shop = compose_in_memory()
    await parked_before_its_order(shop)
    shop.clock.advance(3600)

    left = []
    for chore in (upkeep_of(shop).apply_recent, upkeep_of(shop).apply_all):
        await chore(ALL)
        left.append(len(shop.inbox.parked))
    assert left == [1, 0]


async def test_money_that_waits_too_long_is_called_out_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    shop = compose_in_memory()
    await pay(shop, "not an id", "a1", 65_000)
    await upkeep_of(shop).apply_all(ALL)
    shop.clock.advance(16 * 60)
    await upkeep_of(shop).apply_all(ALL)

    (record,) = [record for record in caplog.records if record.name == "sale.upkeep"]
    assert record.levelno == logging.WARNING
    assert f"count=1 oldest_since=2026-01-05T07:30:00+00:00 webhooks={shop.inbox.webhooks[0].id}" in said(record)
    assert len(shop.inbox.parked) == 1


@pytest.mark.parametrize(
    "failure",
    [
        AssertionError("a bug"),
        EventTooLarge(topic="payment.success", size=2, limit=1),
        StoreUnavailable(reason="a connection was lost"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_one_payment_that_cannot_be_applied_keeps_no_other_waiting(
    failure: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = compose_in_memory()
    broken = await parked_before_its_order(shop)
    good = await parked_before_its_order(shop)
    change = shop.sale.parts.orders.change

    async def failing(order_id: str, *given: object, **named: object) -> object:
        if order_id == broken:
            raise failure
        return await change(order_id, *given, **named)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(shop.sale.parts.orders, "change", failing)
    await upkeep_of(shop).apply_all(ALL)

    assert [fact.source.id for fact in shop.inbox.parked] == [broken]
    assert {order.id: order.status for order in shop.store.orders.values()}[good] is OrderStatus.COMPLETED  # type: ignore[index]  # see NewType
    assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [True]


async def test_a_payment_that_cannot_be_applied_is_tried_once_a_sweep_however_many_pages_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop, asked = compose_in_memory(), list[str]()
    waiting = []
    for _ in range(5):
        waiting.append(await parked_before_its_order(shop))
        shop.clock.advance(1)

    async def failing(order_id: str, *_: object, **__: object) -> object:
        asked.append(order_id)
        raise AssertionError("a bug")

    monkeypatch.setattr(sweeping, "PAGE", 3)
    monkeypatch.setattr(shop.sale.parts.orders, "change", failing)
    await upkeep_of(shop).apply_all(ALL)

    assert asked == waiting


async def test_a_sweep_ends_when_the_database_goes_away_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, asked = compose_in_memory(), list[str]()
    for _ in range(3 * AWAY):
        await parked_before_its_order(shop)

    async def away(order_id: str, *_: object, **__: object) -> object:
        asked.append(order_id)
        raise StoreUnavailable(reason="connection refused")

    monkeypatch.setattr(shop.sale.parts.orders, "change", away)
    with pytest.raises(StoreUnavailable):
        await upkeep_of(shop).apply_all(ALL)

    assert len(asked) == AWAY


async def test_old_bodies_go_and_what_has_no_limit_stays(caplog: pytest.LogCaptureFixture) -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho"))).order.id
    await pay(shop, order_id, "a1", 65_000)
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    shop.clock.advance(8 * 24 * 3600)
    await pay(shop, order_id, "a2", 65_000)

    with caplog.at_level(logging.INFO):
        await upkeep_of(shop).clean(ALL)

    assert [webhook.body for webhook in shop.inbox.webhooks] == [b'{"attempt": "a2"}']
    assert len(shop.store.outbox.rows) == 1
    assert "dropped 1 webhook bodies" in caplog.text


@pytest.mark.parametrize(("minutes", "chores"), [("0", 0), ("10", 1)])
async def test_a_sample_is_compared_as_often_as_the_settings_say_by_whoever_holds_the_first_bucket(
    minutes: str, chores: int, caplog: pytest.LogCaptureFixture
) -> None:
    ports = free_ports(2)
    environment = {
        "SALE_DATABASE_URL": f"postgresql://127.0.0.1:{ports[0]}/sale",
        "SALE_KAFKA_BOOTSTRAP": f"127.0.0.1:{ports[1]}",
        "SALE_RECONCILE_MINUTES": minutes,
    }
    settings = Settings.read(environment, process=Process.RELAY)
    async with Database(settings.database_url, patience=Patience(connection_seconds=0.2)) as nowhere:
        found = list(comparing(settings, nowhere))
        for chore in found:
            await chore.work(range(512, BUCKETS))
            assert "sample" not in caplog.text
            await chore.work(range(512))
            assert "sample not finished" in caplog.text

    assert [chore.every_seconds for chore in found] == [600.0] * chores


# --- how they are done -----------------------------------------------------------------------------------------------


async def test_a_chore_waits_before_it_works_and_goes_on_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    failures = [StoreUnavailable(reason="away"), ZeroDivisionError(), None]

    async def sleep(seconds: float) -> None:
        done.append(f"slept {seconds:g}")

    async def work(buckets: range) -> None:
        done.append(f"worked {len(buckets)}")
        if failure := failures.pop(0):
            raise failure

    chore = Chore(name="sweep", every_seconds=5, work=work)
    await keep_doing(chore, range(8), rota=Rota(lambda: 0), sleep=sleep, going_on=lambda: bool(failures))

    assert done == ["slept 5", *["worked 8", "slept 5"] * 3]
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


async def test_a_lease_that_is_lost_and_won_again_does_not_put_a_chore_off() -> None:
    now, done = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += min(seconds, 40)

    async def work(_: range) -> None:
        done.append(now)

    rota, chore = Rota(lambda: now), Chore(name="clean up", every_seconds=100, work=work)
    for _ in range(5):
        # Each lease is lost after some forty seconds.
        lost_at = now + 40
        await keep_doing(chore, ALL, rota=rota, sleep=sleep, going_on=lambda: now < lost_at)  # noqa: B023 - run at once
        now += 1

    assert done == [100, 200]


async def test_a_relay_does_the_chores_of_each_shard_that_it_holds_and_stops_with_them() -> None:
    done: list[range] = []
    both, stop = asyncio.Event(), asyncio.Event()

    async def work(buckets: range) -> None:
        done.append(buckets)
        if len(set(done)) == 2:
            both.set()
        raise ZeroDivisionError

    process = RelayProcess(
        outbox=MemoryOutbox(),
        log=MemoryEventLog({"payment.success": 1}),
        policy=RelayPolicy(topics=("payment.success",)),
        shards=2,
        stop=stop,
        chores=(Chore(name="count", every_seconds=0.01, work=work),),
    )
    running = asyncio.create_task(process.run())
    await asyncio.wait_for(both.wait(), PATIENCE_SECONDS)
    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)

    assert set(done) == {range(512), range(512, 1024)}


async def test_a_relay_that_is_told_to_stop_cuts_a_long_chore_off() -> None:
    at_work, stop, cut_off = asyncio.Event(), asyncio.Event(), list[str]()

    async def work(_: range) -> None:
        at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.append("cut off")

    process = RelayProcess(
        outbox=MemoryOutbox(),
        log=MemoryEventLog({"payment.success": 1}),
        policy=RelayPolicy(topics=("payment.success",)),
        shards=1,
        stop=stop,
        chores=(Chore(name="dig", every_seconds=0.01, work=work),),
    )
    running = asyncio.create_task(process.run())
    await asyncio.wait_for(at_work.wait(), PATIENCE_SECONDS)
    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)

    assert cut_off == ["cut off"]


async def test_a_shard_that_another_relay_holds_is_left_alone() -> None:
    outbox, stop, done = MemoryOutbox(), asyncio.Event(), list[str]()
    served = asyncio.Event()

    def relay(name: str) -> RelayProcess:
        async def work(_: range) -> None:
            done.append(name)
            served.set()

        return RelayProcess(
            outbox=outbox,
            log=MemoryEventLog({"payment.success": 1}),
            policy=RelayPolicy(topics=("payment.success",)),
            shards=1,
            stop=stop,
            chores=(Chore(name="count", every_seconds=0.02, work=work),),
        )

    first = asyncio.create_task(relay("first").run())
    await asyncio.wait_for(served.wait(), PATIENCE_SECONDS)
    second = asyncio.create_task(relay("second").run())
    before = len(done)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(done) < before + 40:
            served.clear()
            await served.wait()
    stop.set()
    await asyncio.wait_for(asyncio.gather(first, second), PATIENCE_SECONDS)

    assert set(done) == {"first"}


async def test_a_merchants_unallocated_money_is_its_own() -> None:
    shop = compose_in_memory()
    order_id = (await opened(shop, item("pho"))).order.id
    await pay(shop, order_id, "a1", 65_000)
    other = Context(merchant_id=MerchantId("merchant-2"), user_id=LAN.user_id)
    await shop.sale.create_order(LAN, NewOrder(sale_channel_id=AT_THE_SHOP))

    mine = await shop.sale.unallocated(LAN, after=None, limit=10)
    theirs = await shop.sale.unallocated(other, after=None, limit=10)

    assert ([order.id for order in mine.orders], theirs.orders) == ([order_id], ())
