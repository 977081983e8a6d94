"""What a command costs: two round trips to PostgreSQL at most, BEGIN and COMMIT included (architecture, locks)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from sale_adapters.postgres import Database, PostgresAnswers, PostgresInbox, PostgresOrders
from sale_adapters.postgres.trips import Query, Row, Trips
from sale_adapters.system import UlidIds
from sale_app.composition import compose_in_memory
from sale_domain.context import Context
from sale_domain.ids import ItemId, MerchantId, OrderId, SaleChannelId, UserId
from sale_domain.ledger import FactType, PaymentFact, Source, SourceType
from sale_domain.sale import Sale
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import NewOrder, ProductRequest
from sale_domain.use_cases.settlement import Delivery

LAN = Context(merchant_id=MerchantId("merchant-1"), user_id=UserId("lan"))
PHO = ProductRequest(item_id=ItemId("variant-pho"))


@pytest.fixture
async def sale(tables_url: str) -> AsyncIterator[Sale]:
    async with Database(tables_url) as database:
        parts = attrs.evolve(
            compose_in_memory().sale.parts,
            orders=PostgresOrders(database),
            answers=PostgresAnswers(database),
            inbox=PostgresInbox(database),
            ids=UlidIds(),
        )
        yield Sale(parts)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of statements of each round trip."""
    counted: list[int] = []
    go = Trips.go

    async def counting(self: Trips, *queries: Query, commit: bool = False) -> list[list[Row]]:
        counted.append(len(queries))
        return list(await go(self, *queries, commit=commit))

    monkeypatch.setattr(Trips, "go", counting)
    return counted


async def _draft(sale: Sale) -> OrderId:
    new = NewOrder(sale_channel_id=SaleChannelId("channel-vnd"), items=(PHO,))
    return (await sale.create_order(LAN, new)).order.id


def _payment(order_id: OrderId, uid: str, amount: int) -> PaymentFact:
    return PaymentFact(
        type=FactType.ATTEMPT_SUCCESS,
        source=Source(type=SourceType.SALE_ORDER, id=order_id),
        amount=Decimal(amount),
        attempt_uid=uid,
        at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )


async def test_creating_an_order_takes_one_round_trip(sale: Sale, trips: list[int]) -> None:
    await _draft(sale)

    assert len(trips) == 1


async def test_adding_an_item_takes_two(sale: Sale, trips: list[int]) -> None:
    order_id = await _draft(sale)
    trips.clear()

    await sale.add_item(LAN, order_id, PHO)

    assert len(trips) == 2
    # The order row alone, its lines, on which stands what the kitchen has of them, its ledger.
    assert trips[0] == 3


async def test_a_payment_takes_two_and_reads_no_snapshot(sale: Sale, trips: list[int]) -> None:
    order_id = await _draft(sale)
    await sale.check_out(LAN, order_id, CheckoutRequest())
    trips.clear()

    await sale.receive_payment(Delivery(body=b"{}", event_type=None), _payment(order_id, "a1", 65_000))

    assert len(trips) == 2
    # The order row alone, its lines, its ledger, its ACTIVE usages, which it may end.
    assert trips[0] == 4


async def test_checking_out_reads_once_outside_the_lock_and_takes_two_inside(sale: Sale, trips: list[int]) -> None:
    order_id = await _draft(sale)
    trips.clear()

    await sale.check_out(LAN, order_id, CheckoutRequest())

    assert len(trips) == 3
