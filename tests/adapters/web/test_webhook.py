"""The payment webhook over HTTP: contract §6's answers, and what is kept of each delivery."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordering_over_http import checked_out, opened, payment
from sale_app.composition import InMemorySale
from sale_domain.ids import NO_BUCKET, bucket_of
from sale_domain.port_errors import StoreUnavailable

WEBHOOK = "/webhooks/payment"


@pytest.fixture
def mq_pay(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return a client that sends no token: the network is trusted (C25)."""
    del client.headers["authorization"], client.headers["x-merchant-id"]
    return client


async def told(client: httpx.AsyncClient, body: Any, **headers: str) -> tuple[int, Any]:  # noqa: ANN401 - any JSON
    answer = await client.post(WEBHOOK, json=body, headers=headers)
    return answer.status_code, answer.json().get("outcome", answer.json().get("code"))


async def test_money_is_applied_once_and_what_is_new_but_moves_nothing_is_recorded(client: httpx.AsyncClient) -> None:
    order = await checked_out(client)

    assert await told(client, payment(order["id"], 65_000)) == (200, "applied")
    assert await told(client, payment(order["id"], 65_000)) == (200, "already-applied")
    assert await told(client, payment(order["id"], 1, uid="attempt-2", kind="failed")) == (200, "recorded")
    assert await told(client, payment(order["id"], 70_000, uid="attempt-3")) == (200, "applied")
    assert await told(client, payment(order["id"], 5_000, uid="attempt-4")) == (200, "unallocated")
    seen = (await client.get(f"/sale-orders/{order['id']}")).json()
    assert (seen["status"], seen["paid"], seen["unallocated"]) == ("COMPLETED", 130_000, 10_000)
    assert [row["status"] for row in seen["payments"]] == ["success", "failed", "success", "success"]


async def test_early_money_waits_unallocated(client: httpx.AsyncClient) -> None:
    order = await opened(client)

    assert await told(client, payment(order["id"], 65_000)) == (200, "unallocated")


async def test_the_header_names_the_event(mq_pay: httpx.AsyncClient, shop: InMemorySale) -> None:
    body = payment("01KE6YB4M0000000000000000126", 1)

    assert await told(mq_pay, body, **{"x-webhook-event-type": "mq-pay:attempt.opened"}) == (200, "ignored")
    assert [(row.event_type, row.outcome) for row in shop.store.webhooks] == [("mq-pay:attempt.opened", "ignored")]


async def test_money_for_an_order_that_is_not_there_is_parked(mq_pay: httpx.AsyncClient, shop: InMemorySale) -> None:
    nobodys = payment("", 5)
    check = payment("check-1", 7, uid="attempt-7")
    check["payload"]["attempt"]["metadata"]["source"]["type"] = "SaleCheck"

    assert await told(mq_pay, payment("01KE6YB4M0000000000000000126", 1)) == (202, "parked")
    assert await told(mq_pay, payment("no id of ours", 1)) == (202, "parked")
    assert await told(mq_pay, nobodys) == (202, "parked")
    assert await told(mq_pay, check) == (202, "parked")
    assert [fact.amount for fact in shop.store.parked.values()] == [1, 1, 5, 7]
    assert [bucket_of(row.id) for row in shop.store.webhooks] == [38 + 32, NO_BUCKET, NO_BUCKET, NO_BUCKET]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"eventType": ""}', b"[" * 50_000])
async def test_a_body_that_says_nothing_is_refused_and_kept(
    mq_pay: httpx.AsyncClient, shop: InMemorySale, body: bytes
) -> None:
    answer = await mq_pay.post(WEBHOOK, content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [(row.body, row.outcome) for row in shop.store.webhooks] == [(body, "refused")]


async def test_a_body_of_ours_that_is_wrong_is_refused_at_its_pointer_and_kept(
    mq_pay: httpx.AsyncClient, shop: InMemorySale
) -> None:
    answer = await mq_pay.post(WEBHOOK, json=payment("x", "-5"))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"pointer": "/payload/attempt/amount", "detail": "must not be negative"}]
    assert [row.outcome for row in shop.store.webhooks] == ["refused"]
    assert not shop.store.parked


async def test_a_body_beyond_all_bounds_is_refused_and_its_beginning_is_kept(
    mq_pay: httpx.AsyncClient, shop: InMemorySale
) -> None:
    answer = await mq_pay.post(WEBHOOK, content=b"x" * 3_000_000, headers={"x-webhook-event-type": "a\x00b"})

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert [(len(row.body), row.outcome) for row in shop.store.webhooks] == [(1024 * 1024, "refused")]
    assert shop.store.webhooks[0].event_type == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("body", [b"{", b'{"eventType": "other"}', None])
async def test_a_missing_database_makes_mq_pay_try_again(
    mq_pay: httpx.AsyncClient, shop: InMemorySale, body: bytes | None
) -> None:
    shop.store.fail_with = StoreUnavailable(reason="down")

    payload: Any = {"json": payment("x", 1)} if body is None else {"content": body}
    answer = await mq_pay.post(WEBHOOK, **payload)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "store-unavailable", "1")


async def test_the_trace_of_the_request_goes_with_the_event(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    order = await checked_out(client)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    await told(client, payment(order["id"], 130_000), traceparent=traceparent)

    assert [message.traceparent for message in shop.store.messages] == [traceparent]


@given(body=st.binary(max_size=200))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_is_ever_a_server_error(client: httpx.AsyncClient, body: bytes) -> None:
    for headers in ({}, {"x-webhook-event-type": "mq-pay:attempt.success"}):
        assert (await client.post(WEBHOOK, content=body, headers=headers)).status_code < 500
