"""What every store of kitchen stations promises."""

import asyncio

import attrs
import pytest

from orders_world import Refused, fresh_merchant
from sale_domain.ids import ItemId, StationId
from sale_domain.stations import Station, Stations
from stores import Stores

STOVE = Station(
    id=StationId("stove"), name="Bếp 🔥", item_ids=(ItemId("variant-pho"),), category_ids=("category-mon-chinh",)
)


async def test_stations_are_none_until_they_are_set_and_then_as_they_were_set(stores: Stores) -> None:
    merchant = fresh_merchant()
    assert await stores.stations.find(merchant) == Stations()

    set_once = await stores.stations.change(merchant, lambda known: known.replaced((STOVE,)))

    assert set_once == Stations(version=1, stations=(STOVE,))
    assert await stores.stations.find(merchant) == set_once
    assert await stores.stations.find(fresh_merchant()) == Stations()


async def test_a_refused_change_of_stations_leaves_them_as_they_were(stores: Stores) -> None:
    merchant = fresh_merchant()
    await stores.stations.change(merchant, lambda known: known.replaced((STOVE,)))

    def refuse(_: Stations) -> Stations:
        raise Refused

    with pytest.raises(Refused):
        await stores.stations.change(merchant, refuse)
    assert await stores.stations.find(merchant) == Stations(version=1, stations=(STOVE,))


async def test_stations_that_are_set_at_the_same_time_are_set_in_turn(stores: Stores) -> None:
    merchant = fresh_merchant()

    def renamed(number: int, known: Stations) -> Stations:
        return known.replaced((attrs.evolve(STOVE, name=f"Bếp {number}"),))

    changed = await asyncio.gather(
        *(stores.stations.change(merchant, lambda known, n=number: renamed(n, known)) for number in range(6))  # type: ignore[misc]  # the lambda keeps its number
    )

    assert sorted(stations.version for stations in changed) == [1, 2, 3, 4, 5, 6]
    assert (await stores.stations.find(merchant)).version == 6
