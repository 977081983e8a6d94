"""Two waiters, one table, a real PostgreSQL: exactly one gets it, and nothing is half written."""

import asyncio
import random
from collections.abc import Awaitable, Sequence

import psycopg
import pytest
from psycopg import errors

from lookout import until_waiting
from orders_world import attempt, checking_out, create, fresh_merchant, paying
from parts import parts_on
from sale_adapters.postgres import (
    Database,
)
from sale_adapters.postgres.trips import Query, Row, Trips
from sale_domain.allocation_errors import UnitInUse
from sale_domain.context import Context
from sale_domain.errors import IllegalTransition, SaleError
from sale_domain.ids import MerchantId, OrderId, UnitId, UsageId, UserId
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.orders import Order
from sale_domain.ports.allocations import UsageFilter
from sale_domain.seating import Units
from sale_domain.usage_lifecycle import UsageStatus
from sale_domain.use_cases import seating
from sale_domain.views import OrderView

RACES = 40
CHANCE = random.Random(20260105)  # noqa: S311 - a seed makes the same races again

Outcome = OrderView | BaseException


class House:
    """One merchant's tables, and waiters who are all in a hurry."""

    def __init__(self, database: Database) -> None:
        self.parts = parts_on(database)
        self.merchant_id = fresh_merchant()
        self.context = Context(merchant_id=self.merchant_id, user_id=UserId("lan"))

    async def order(self) -> Order:
        return await create(self.parts.orders, merchant_id=self.merchant_id)

    async def take(self, order_id: OrderId, *names: str) -> OrderView:
        units = Units(unit_ids=tuple(map(UnitId, names)))
        return await seating.allocate(self.parts, self.context, order_id, units)

    async def seated(self, order_id: OrderId, name: str) -> UsageId:
        (usage_id,) = (await self.take(order_id, name)).touched
        return UsageId(usage_id)

    async def active(self) -> dict[str, OrderId]:
        """Return who has which table now, no table twice."""
        found = await self.parts.usages.find_many(UsageFilter(), merchant_id=self.merchant_id, after=None, limit=200)
        assert len({usage.unit_id for usage in found.usages}) == len(found.usages)
        return {usage.unit_id: usage.order_id for usage in found.usages}


async def at_once(*commands: Awaitable[OrderView]) -> Sequence[Outcome]:
    """Begin each at a moment of its own; return what became of them, where only refusals are no surprise."""

    async def begun(command: Awaitable[OrderView]) -> OrderView:
        await asyncio.sleep(CHANCE.uniform(0, 0.004))
        return await command

    done = await asyncio.gather(*map(begun, commands), return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, SaleError):
            raise each
    return done


def refused(outcomes: Sequence[Outcome]) -> list[type[BaseException]]:
    return [type(each) for each in outcomes if isinstance(each, BaseException)]


async def told(other: psycopg.AsyncConnection, merchant_id: MerchantId) -> list[tuple[str, str]]:
    """Return the actions that screens were told of usages, with their orders."""
    rows = await other.execute(
        "SELECT action, order_id FROM history WHERE merchant_id = %s AND action LIKE 'USAGE%%' ORDER BY n",
        (merchant_id,),
    )
    return [(str(action), str(order_id)) for action, order_id in await rows.fetchall()]


@pytest.fixture
def deadlocks(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Return a list that gets every deadlock, which callers do not see: the transaction is tried again."""
    seen: list[BaseException] = []
    go = Trips.go

    async def watched(self: Trips, *queries: Query, commit: bool = False) -> Sequence[list[Row]]:
        try:
            return await go(self, *queries, commit=commit)
        except errors.DeadlockDetected as deadlock:
            seen.append(deadlock)
            raise

    monkeypatch.setattr(Trips, "go", watched)
    return seen


@pytest.mark.timeout(120)
async def test_of_two_waiters_who_take_one_table_one_wins(tables_url: str, other: psycopg.AsyncConnection) -> None:
    winners = set()
    async with Database(tables_url) as database:
        for _ in range(RACES):
            house = House(database)
            first, second = await house.order(), await house.order()

            outcomes = await at_once(house.take(first.id, "table-4"), house.take(second.id, "table-4"))

            assert refused(outcomes) == [UnitInUse]
            winner = (first, second)[isinstance(outcomes[0], BaseException)]
            winners.add(winner is first)
            assert await house.active() == {"table-4": winner.id}
            assert await told(other, house.merchant_id) == [("USAGE_CREATED", winner.id)]
    assert winners == {True, False}


@pytest.mark.timeout(120)
async def test_two_orders_that_want_the_same_tables_crosswise_do_not_wait_for_each_other_for_ever(
    tables_url: str, other: psycopg.AsyncConnection, deadlocks: list[BaseException]
) -> None:
    async with Database(tables_url) as database:
        for _ in range(RACES):
            house = House(database)
            first, second = await house.order(), await house.order()

            outcomes = await at_once(
                house.take(first.id, "table-a", "table-b"), house.take(second.id, "table-b", "table-a")
            )

            assert refused(outcomes) == [UnitInUse]
            winner = (first, second)[isinstance(outcomes[0], BaseException)]
            assert await house.active() == {"table-a": winner.id, "table-b": winner.id}
            assert await told(other, house.merchant_id) == [("USAGE_CREATED", winner.id)] * 2
    assert deadlocks == []


@pytest.mark.timeout(120)
async def test_tables_are_taken_in_the_order_of_their_names_so_that_nobody_waits_crosswise(
    tables_url: str, other: psycopg.AsyncConnection, deadlocks: list[BaseException]
) -> None:
    async with Database(tables_url) as database:
        house = House(database)
        first, second, third = [await house.order() for _ in range(3)]
        # Somebody has table-c for a moment: were tables taken as they were named, each would hold what the other needs.
        await other.execute("BEGIN")
        await other.execute(
            "INSERT INTO allocation_usages"
            " (bucket, id, merchant_id, order_id, unit_id, type, status, version, started_at)"
            " SELECT bucket, 'held', merchant_id, id, 'table-c', 'TABLE', 'ACTIVE', 1, now()"
            " FROM sale_orders WHERE id = %s",
            (third.id,),
        )
        waiters = asyncio.gather(
            house.take(first.id, "table-a", "table-c", "table-b"),
            house.take(second.id, "table-b", "table-c", "table-a"),
            return_exceptions=True,
        )
        async with await psycopg.AsyncConnection.connect(tables_url, autocommit=True) as onlooker:
            await until_waiting(onlooker, sessions=2)
        await other.execute("ROLLBACK")

        assert refused(await waiters) == [UnitInUse]
        assert len(set((await house.active()).values())) == 1
    assert deadlocks == []


@pytest.mark.timeout(120)
async def test_a_move_and_a_waiter_who_take_one_table(tables_url: str, other: psycopg.AsyncConnection) -> None:
    async with Database(tables_url) as database:
        for _ in range(RACES):
            house = House(database)
            first, second = await house.order(), await house.order()
            usage_id = await house.seated(first.id, "table-1")

            outcomes = await at_once(
                seating.move(house.parts, house.context, usage_id, unit_id=UnitId("table-4")),
                house.take(second.id, "table-4"),
            )

            assert refused(outcomes) == [UnitInUse]
            if isinstance(outcomes[0], BaseException):
                assert await house.active() == {"table-1": first.id, "table-4": second.id}
            else:
                assert await house.active() == {"table-4": first.id}
            assert len(await told(other, house.merchant_id)) == 2


@pytest.mark.timeout(120)
async def test_two_who_change_places_at_once_both_stay_where_they_are(tables_url: str) -> None:
    async with Database(tables_url) as database:
        for _ in range(5):
            house = House(database)
            first, second = await house.order(), await house.order()
            one, two = await house.seated(first.id, "table-1"), await house.seated(second.id, "table-2")

            outcomes = await at_once(
                seating.move(house.parts, house.context, one, unit_id=UnitId("table-2")),
                seating.move(house.parts, house.context, two, unit_id=UnitId("table-1")),
            )

            assert refused(outcomes) == [UnitInUse, UnitInUse]
            assert await house.active() == {"table-1": first.id, "table-2": second.id}


@pytest.mark.timeout(120)
async def test_full_payment_and_a_waiter_end_a_usage_once(tables_url: str, other: psycopg.AsyncConnection) -> None:
    late = set()
    async with Database(tables_url) as database:
        for _ in range(RACES):
            house = House(database)
            order = await house.order()
            usage_id = await house.seated(order.id, "table-4")
            await house.parts.orders.change(order.id, checking_out(), merchant_id=house.merchant_id)

            async def pay(house: House = house, order: Order = order) -> OrderView:
                paid = paying(attempt(order.id, 400_000))
                return (await house.parts.orders.change(order.id, paid, merchant_id=None)).view

            outcomes = await at_once(pay(), seating.complete(house.parts, house.context, usage_id))

            assert not isinstance(outcomes[0], BaseException)
            assert refused(outcomes) in ([], [IllegalTransition])
            late.add(bool(refused(outcomes)))
            assert await told(other, house.merchant_id) == [
                ("USAGE_CREATED", order.id),
                ("USAGE_COMPLETED", order.id),
            ]
            assert await house.active() == {}
            found = await house.parts.usages.find_many(
                UsageFilter(status=UsageStatus.SUCCESS), merchant_id=house.merchant_id, after=None, limit=9
            )
            assert [usage.version for usage in found.usages] == [2]
            paid = (await house.parts.orders.find(order.id, merchant_id=house.merchant_id)).order
            assert paid.status is OrderStatus.COMPLETED
    assert late == {True, False}
