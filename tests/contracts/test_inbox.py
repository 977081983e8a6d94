"""What every inbox promises (contract §6)."""

import os

import attrs
import pytest

from orders_world import attempt, delivered, fresh_id
from sale_domain.ids import NO_BUCKET, OrderId, bucket_of
from sale_domain.ledger import Source, SourceType
from stores import Stores


async def test_a_body_is_kept_verbatim(stores: Stores) -> None:
    webhook = delivered(bucket=NO_BUCKET, outcome="ignored", event_type=None)

    await stores.inbox.log(webhook)

    assert webhook in await stores.webhooks()


async def test_a_fact_waits_for_its_order_and_its_body_is_logged(stores: Stores) -> None:
    order_id = OrderId(fresh_id(77))
    fact = attempt(order_id, 65_000)
    webhook = delivered(bucket=bucket_of(order_id))

    await stores.inbox.park(fact, webhook=webhook)

    assert fact in await stores.parked()
    assert webhook in await stores.webhooks()


async def test_a_fact_that_comes_again_is_parked_once_and_logged_twice(stores: Stores) -> None:
    order_id = OrderId(fresh_id(77))
    first, again = attempt(order_id, 65_000), attrs.evolve(attempt(order_id, 65_000), reason="told again")
    bodies = [delivered(bucket=77), delivered(bucket=77)]

    await stores.inbox.park(first, webhook=bodies[0])
    await stores.inbox.park(again, webhook=bodies[1])

    assert [fact for fact in await stores.parked() if fact.source.id == order_id] == [first]
    logged = await stores.webhooks()
    assert all(body in logged for body in bodies)


@pytest.mark.parametrize("source_id", ["no id of ours", os.urandom(5000).hex()], ids=["short", "long"])
async def test_a_fact_without_a_usable_id_is_kept_too(stores: Stores, source_id: str) -> None:
    fact = attrs.evolve(
        attempt(OrderId("any"), 65_000), source=Source(type=SourceType.SALE_CHECK, id=source_id), attempt_uid="u" * 5000
    )

    await stores.inbox.park(fact, webhook=delivered(bucket=NO_BUCKET))

    assert fact in await stores.parked()
