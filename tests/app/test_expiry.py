"""The relay frees what was reserved until now: for its own buckets, once, and whatever else goes wrong."""

import logging
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from counter import LAN, item, opened
from sale_adapters.memory import MemoryLeftovers
from sale_app.composition import InMemorySale, compose_in_memory
from sale_app.upkeep import SOON_SECONDS, Upkeep
from sale_domain.feed import FeedAction
from sale_domain.ids import BUCKETS, OrderId, UnitId, bucket_of
from sale_domain.port_errors import KeyInUse, StoreUnavailable
from sale_domain.ports.allocations import UsageFilter
from sale_domain.seating import Units
from sale_domain.usage_lifecycle import UsageStatus
from sale_domain.use_cases import seating
from sale_domain.use_cases.sweep import AWAY
from spoken import said

ALL = range(BUCKETS)


def upkeep_of(shop: InMemorySale) -> Upkeep:
    return Upkeep(
        parts=shop.sale.parts, leftovers=MemoryLeftovers(shop.store), stay={}, late_after=timedelta(minutes=15)
    )


async def reserved(shop: InMemorySale, *names: str, minutes: int = 30) -> OrderId:
    """Open an order with tables that are free again so many minutes later."""
    order_id = (await opened(shop, item("pho"))).order.id
    until = shop.clock.now() + timedelta(minutes=minutes)
    await shop.sale.allocate(LAN, order_id, Units(unit_ids=tuple(map(UnitId, names)), reserved_to=until))
    return order_id


async def tables(shop: InMemorySale, status: UsageStatus) -> list[str]:
    page = await shop.sale.usages(LAN, UsageFilter(status=status), after=None, limit=200)
    return [usage.unit_id for usage in reversed(page.usages)]


async def test_a_table_is_free_again_when_its_time_has_come(caplog: pytest.LogCaptureFixture) -> None:
    shop = compose_in_memory()
    order_id = await reserved(shop, "table-4", "table-5")
    await reserved(shop, "table-6", minutes=31)
    expire = upkeep_of(shop).expire
    shop.clock.advance(30 * 60 - 1)
    await expire(ALL)
    assert await tables(shop, UsageStatus.EXPIRED) == []

    shop.clock.advance(1)
    with caplog.at_level(logging.INFO):
        await expire(ALL)
        await expire(ALL)

    assert await tables(shop, UsageStatus.EXPIRED) == ["table-4", "table-5"]
    assert await tables(shop, UsageStatus.ACTIVE) == ["table-6"]
    told = [entry for entry in shop.store.feeds[LAN.merchant_id] if entry.action is FeedAction.USAGE_EXPIRED]
    assert [(entry.by, entry.version, entry.at) for entry in told] == [("sale-sweep", 2, shop.clock.now())] * 2
    assert [said(each).partition(" sale.upkeep ")[2] for each in caplog.records] == [
        f"allocation usages expired order_id={order_id}"
    ]


async def test_another_shards_tables_are_left_to_the_other_shard() -> None:
    shop = compose_in_memory()
    own = bucket_of(await reserved(shop, "table-4"))
    shop.clock.advance(3600)

    for others in (range(own), range(own + 1, BUCKETS)):
        assert (await shop.sale.sweep_expired(others)).orders == ()
    assert len((await shop.sale.sweep_expired(range(own, own + 1))).orders) == 1


async def test_more_tables_than_fit_on_a_page_are_all_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seating, "PAGE", 2)
    shop = compose_in_memory()
    for n in range(3):
        await reserved(shop, f"table-{n}", f"bench-{n}", minutes=10)
    shop.clock.advance(3600)

    assert len((await shop.sale.sweep_expired(ALL)).orders) == 3
    assert await tables(shop, UsageStatus.ACTIVE) == []


@pytest.mark.parametrize(
    "failure", [AssertionError("a bug"), StoreUnavailable(reason="a connection was lost")], ids=["bug", "hiccup"]
)
async def test_one_order_that_cannot_be_swept_keeps_no_other_table_taken(
    failure: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = compose_in_memory()
    broken, _ = await reserved(shop, "table-4"), await reserved(shop, "table-5")
    shop.clock.advance(3600)
    change = shop.sale.parts.orders.change

    async def failing(order_id: str, *given: object, **named: object) -> object:
        if order_id == broken:
            raise failure
        return await change(order_id, *given, **named)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(shop.sale.parts.orders, "change", failing)
    await upkeep_of(shop).expire(ALL)

    assert await tables(shop, UsageStatus.ACTIVE) == ["table-4"]
    assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [True]


async def test_orders_that_others_keep_locked_are_left_to_the_next_sweep_and_keep_no_other_table_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = compose_in_memory()
    locked = [await reserved(shop, f"table-{n}") for n in range(AWAY + 1)]
    await reserved(shop, "table-free")
    shop.clock.advance(3600)
    shop.store.lock_timeout_seconds = 0.01
    upkeep = upkeep_of(shop)

    async with AsyncExitStack() as others:
        for order_id in locked:
            await others.enter_async_context(shop.store.locked(order_id, otherwise=KeyInUse()))
        await upkeep.expire(ALL)

    assert await tables(shop, UsageStatus.EXPIRED) == ["table-free"]
    (told,) = caplog.records
    assert told.levelno == logging.WARNING
    assert said(told).endswith(
        f"others kept the orders locked: left to the next sweep count={AWAY + 1} orders={','.join(locked)}"
    )
    await upkeep.expire(ALL)
    assert await tables(shop, UsageStatus.ACTIVE) == []


async def test_a_table_that_is_given_up_before_its_time_says_why_and_never_expires() -> None:
    shop = compose_in_memory()
    order_id = await reserved(shop, "table-4")
    (usage,) = shop.store.orders[order_id].seating.usages

    await shop.sale.cancel_usage(LAN, usage.id, reason="rain")
    shop.clock.advance(3600)

    assert (await shop.sale.sweep_expired(ALL)).orders == ()
    told = shop.store.feeds[LAN.merchant_id][-1]
    assert (told.action, told.reason) == (FeedAction.USAGE_CANCELLED, "rain")


async def test_a_store_that_goes_away_ends_the_sweep_and_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, asked = compose_in_memory(), list[str]()
    for n in range(3 * AWAY):
        await reserved(shop, f"table-{n}")
    shop.clock.advance(3600)

    async def away(order_id: str, *_: object, **__: object) -> object:
        asked.append(order_id)
        raise StoreUnavailable(reason="away")

    monkeypatch.setattr(shop.sale.parts.orders, "change", away)
    with pytest.raises(StoreUnavailable):
        await shop.sale.sweep_expired(ALL)
    assert len(asked) == AWAY


async def test_an_order_whose_guests_have_just_left_is_not_told_as_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = compose_in_memory()
    order_id = await reserved(shop, "table-4")
    shop.clock.advance(3600)
    due = shop.sale.parts.usages.due

    async def due_and_left(*given: object, **named: object) -> object:
        if found := await due(*given, **named):  # type: ignore[arg-type]  # as they were given
            await shop.sale.complete_usage(LAN, found[0].id)
        return found

    monkeypatch.setattr(shop.sale.parts.usages, "due", due_and_left)
    assert (await shop.sale.sweep_expired(ALL)).orders == ()
    assert shop.store.orders[order_id].seating.usages[0].status is UsageStatus.SUCCESS


async def test_a_store_that_is_away_is_tried_again_later() -> None:
    shop = compose_in_memory()
    await reserved(shop, "table-4")
    shop.clock.advance(3600)
    shop.store.fail_with = StoreUnavailable(reason="away")
    with pytest.raises(StoreUnavailable):
        await upkeep_of(shop).expire(ALL)

    shop.store.fail_with = None
    await upkeep_of(shop).expire(ALL)
    assert await tables(shop, UsageStatus.EXPIRED) == ["table-4"]


def test_it_is_done_every_few_seconds() -> None:
    upkeep = upkeep_of(compose_in_memory())
    assert [chore.every_seconds for chore in upkeep.chores() if chore.work == upkeep.expire] == [SOON_SECONDS]
