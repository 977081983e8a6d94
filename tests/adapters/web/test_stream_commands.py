"""What kitchen and tables do, as screens over real sockets see it, with the least kept that a setting allows."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import pytest

from counter import LAN, item, opened
from sale_adapters.memory import MemoryFeed
from sale_adapters.web import create_app
from sale_adapters.web.stream import FeedTail, Stream
from sale_adapters.web.stream.lines import PERMISSIONS, USAGES
from sale_adapters.web.stream.tail import PAGE
from sale_app.composition import InMemorySale
from sale_domain.cooking import Portion
from sale_domain.ids import StationId, UnitId
from sale_domain.seating import Units
from stream_world import screen, serving


@pytest.fixture
async def address(shop: InMemorySale) -> AsyncIterator[str]:
    async def readiness() -> Mapping[str, str | None]:
        return {}

    stream = Stream(shop.sale, tail=FeedTail(MemoryFeed(shop.store), poll_seconds=0.01, keep=PAGE))
    async with serving(create_app(shop.sale, readiness=readiness, stream=stream), farewell=stream.close) as found:
        yield found


async def test_who_follows_a_table_learns_that_its_guests_have_left_it(shop: InMemorySale, address: str) -> None:
    order = (await opened(shop, item("pho"))).order
    table, other = UnitId("table-4"), UnitId("table-6")
    async with screen(address) as board:
        await board.subscribe(USAGES, unitId=table)
        (usage,) = (await shop.sale.allocate(LAN, order.id, Units(unit_ids=(table,)))).order.seating.usages
        await shop.sale.move_usage(LAN, usage.id, unit_id=other)
        await shop.sale.complete_usage(LAN, usage.id)
        await shop.sale.allocate(LAN, order.id, Units(unit_ids=(table,)))
        await board.follow(5)
    told = [
        (frame["data"]["action"], frame["data"]["unitId"], frame["data"].get("fromUnitId")) for frame in board.frames
    ]
    assert told == [("USAGE_CREATED", table, None), ("USAGE_MOVED", other, table), ("USAGE_CREATED", table, None)]


async def test_a_command_of_many_changes_reaches_a_screen_whole_however_little_is_kept(
    shop: InMemorySale, address: str
) -> None:
    order = (await opened(shop, item("pho", 450))).order
    stations = [
        Portion(line_id=order.basket.lines[0].id, quantity=Decimal(1), station_id=StationId(f"station-{n}"))
        for n in range(450)
    ]
    async with screen(address) as board:
        await board.subscribe(*PERMISSIONS)
        await shop.sale.send(LAN, order.id, stations)
        await board.follow(452)
        await shop.sale.cancel(LAN, order.id, reason="the guests have left")
        await board.follow(903)
    assert (len(board.frames), board.resyncs) == (902, 0)
