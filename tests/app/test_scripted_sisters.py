"""Sisters in memory follow a script, and what Kafka would hold is captured as a consumer gets it."""

import asyncio
import time

import pytest

from counter import LAN, item, opened, pay
from sale_app.in_memory import InMemorySale, compose_in_memory
from sale_domain import PAYMENT_SUCCESS, KitchenItemStatusChanged, PaymentSuccess, read_event
from sale_domain.port_errors import SisterRefused, SisterUnavailable
from sale_domain.use_cases.checkout import CheckoutRequest

AWAY = SisterUnavailable(sister="pricing", reason="connection refused")
NO_FARE = SisterRefused(sister="pricing", status=422, reason="no fare")


@pytest.fixture
def shop() -> InMemorySale:
    return compose_in_memory()


async def test_answers_come_one_way_after_the_other_and_then_as_usual(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    shop.pricing.then(AWAY, None, NO_FARE)
    with pytest.raises(SisterUnavailable):
        await shop.sale.preview_prices(LAN, order_id)
    await shop.sale.preview_prices(LAN, order_id)
    with pytest.raises(SisterRefused):
        await shop.sale.preview_prices(LAN, order_id)
    shop.pricing.fail_with = AWAY
    with pytest.raises(SisterUnavailable):
        await shop.sale.preview_prices(LAN, order_id)
    shop.pricing.fail_with = None
    await shop.sale.preview_prices(LAN, order_id)


async def test_v2_has_a_script_of_its_own(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    shop.pricing.v2.then(AWAY)
    with pytest.raises(SisterUnavailable):
        await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    assert (await shop.sale.check_out(LAN, order_id, CheckoutRequest())).order.status.value == "PROCESSING"


async def test_a_slow_sister_takes_her_time_and_an_impatient_caller_gets_none(shop: InMemorySale) -> None:
    order_id = (await opened(shop, item("pho"))).order.id
    shop.pricing.latency_seconds = 0.05
    started = time.monotonic()
    await shop.sale.preview_prices(LAN, order_id)
    assert time.monotonic() - started >= 0.05
    shop.pricing.latency_seconds = 60
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await shop.sale.preview_prices(LAN, order_id)


async def test_events_are_captured_as_values_and_as_records(shop: InMemorySale) -> None:
    events = shop.events
    assert list(events) == []
    order_id = (await opened(shop, item("pho"))).order.id
    await shop.sale.check_out(LAN, order_id, CheckoutRequest())
    await pay(shop, order_id, "a1", 65_000)

    (paid,) = events
    assert events.of(PaymentSuccess) == (paid,)
    assert events.of(KitchenItemStatusChanged) == ()
    assert events[-1] is paid
    assert list(events[:1]) == [paid]
    (record,) = events.records()
    assert (record.topic, record.key) == (PAYMENT_SUCCESS, order_id.encode())
    assert read_event(record.topic, record.value) == paid
    assert dict(record.headers)["ce_id"] == paid.event_id.encode()
