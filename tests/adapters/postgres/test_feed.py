"""What a look at the feed costs in round trips to PostgreSQL, counted on the wire."""

from orders_world import adding, fresh_merchant, opened, pho
from sale_adapters.postgres import Database, PostgresFeed, PostgresOrders
from sale_domain.ports.orders import Decision
from wire_tap import WireTap


async def test_a_look_is_one_round_trip_and_only_news_of_several_merchants_is_one_more(tables_url: str) -> None:
    async with WireTap(tables_url) as tap, Database(tap.url, connections=1) as database:
        feed, orders = PostgresFeed(database), PostgresOrders(database)
        mine, other = fresh_merchant(), fresh_merchant()
        order = (await orders.create(Decision(change=opened(mine, pho())), once=None)).order
        seen = await feed.heads([mine, other])
        (client,) = tap.clients

        async def trips(*merchants: str) -> int:
            before = len(client.trips)
            await feed.since({each: n for each, n in seen.items() if each in merchants}, limit=10)
            return len(client.trips) - before

        quiet = [await trips(mine, other), await trips(mine)]
        await orders.change(order.id, adding(pho(note="extra hot")), merchant_id=mine)

        assert (quiet, [await trips(mine, other), await trips(mine)]) == ([1, 1], [2, 1])
