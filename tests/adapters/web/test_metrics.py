"""What HTTP counts, and how it is read."""

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ordering_over_http import TWO_PHO, checked_out, opened, payment
from sale_adapters.web.operations import OPERATIONS
from sale_app.composition import InMemorySale
from sale_domain.permissions import Principal
from sale_domain.port_errors import StoreUnavailable

WEBHOOK = "/webhooks/payment"
UNKNOWN = "01KE6YB4M0000000000000000126"


async def value(client: httpx.AsyncClient, name: str, **labels: str) -> float:
    """Scrape, without any credentials, and return one sample; 0 when there is none."""
    answer = await client.get("/metrics", headers={"authorization": "", "x-merchant-id": ""})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    samples = (sample for family in families for sample in family.samples)
    return next((s.value for s in samples if s.name == name and s.labels == labels), 0.0)


async def commands(client: httpx.AsyncClient, command: str, code: str) -> float:
    return await value(client, "sale_commands_total", command=command, code=code)


async def test_anyone_may_scrape_and_gets_prometheus_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"authorization": ""})

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "sale_store_up 1.0\n" in answer.text
    document = (await client.get("/doc/openapi.json")).json()
    described = document["paths"]["/v1/api/sale/metrics"]["get"]["responses"]["200"]
    assert set(described["content"]) == {"text/plain"}


async def test_requests_are_counted_by_operation_and_status_class(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    await client.get(f"/sale-orders/{order['id']}")
    await client.get(f"/sale-orders/{UNKNOWN}")
    await client.get("/nothing")
    await client.put("/sale-orders")

    assert await value(client, "sale_http_requests_total", operation="orders.create", status="2xx") == 1
    assert await value(client, "sale_http_requests_total", operation="orders.find_by_id", status="2xx") == 1
    assert await value(client, "sale_http_requests_total", operation="orders.find_by_id", status="4xx") == 1
    assert await value(client, "sale_http_requests_total", operation="none", status="4xx") == 2
    assert await value(client, "sale_http_request_duration_seconds_count", operation="orders.create") == 1


async def test_commands_are_counted_by_what_came_of_them(client: httpx.AsyncClient) -> None:
    order = await checked_out(client)
    path = f"/sale-orders/{order['id']}"
    await client.post(f"{path}/checkout", json={})
    await client.post(f"{path}/cancel", json={})
    await client.get(path)
    await client.post("/sale-orders", json=TWO_PHO, headers={"authorization": ""})

    assert await commands(client, "orders.create", "ok") == 1
    assert await commands(client, "orders.create", "unauthenticated") == 1
    assert await commands(client, "orders.check_out", "ok") == 1
    assert await commands(client, "orders.check_out", "illegal-transition") == 1
    assert await commands(client, "orders.cancel", "invalid") == 1
    assert await commands(client, "orders.find_by_id", "ok") == 0


async def test_a_kept_refusal_counts_as_itself_once_and_then_as_replayed(client: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "till-4"}
    order = await opened(client, {"saleChannelId": "channel-vnd"})
    for _ in range(3):
        answer = await client.post(f"/sale-orders/{order['id']}/checkout", json={}, headers=key)
        assert answer.json()["code"] == "empty-order"

    assert await commands(client, "orders.check_out", "empty-order") == 1
    assert await commands(client, "orders.check_out", "replayed") == 2


async def test_a_repeated_command_with_a_key_counts_once_as_done(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await client.post("/sale-orders", json=TWO_PHO, headers={"idempotency-key": "till-4"})

    assert await commands(client, "orders.create", "ok") == 1
    assert await commands(client, "orders.create", "replayed") == 1


async def test_a_bug_counts_as_one(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    async def broken(token: str) -> Principal:
        raise ZeroDivisionError(token)

    shop.tokens.verify = broken  # type: ignore[method-assign]
    await client.post("/sale-orders", json=TWO_PHO)

    assert await commands(client, "orders.create", "internal-error") == 1
    assert await value(client, "sale_http_requests_total", operation="orders.create", status="5xx") == 1


async def test_webhooks_are_counted_by_outcome(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    order = await checked_out(client)
    told = payment(order["id"], 130_000)
    bodies = (
        told,
        told,
        payment(order["id"], 5_000, uid="attempt-2"),
        payment(order["id"], 5_000, uid="attempt-3", kind="failed"),
        payment(UNKNOWN, 1),
        {"eventType": "mq-pay:weather.changed"},
        {"eventType": "mq-pay:attempt.success"},
    )
    for body in bodies:
        await client.post(WEBHOOK, json=body)
    await client.post(WEBHOOK, content=b"x" * (1024 * 1024 + 1))
    shop.store.fail_with = StoreUnavailable(reason="gone")
    assert (await client.post(WEBHOOK, json=told)).status_code == 503
    shop.store.fail_with = None

    outcomes = ("applied", "already-applied", "unallocated", "recorded", "parked", "ignored", "refused", "unavailable")
    seen = {outcome: await value(client, "sale_webhook_deliveries_total", outcome=outcome) for outcome in outcomes}
    assert seen == dict.fromkeys(outcomes, 1.0) | {"refused": 2.0}


async def test_a_store_that_is_away_does_not_fail_the_scrape(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    shop.store.fail_with = StoreUnavailable(reason="gone")
    answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert "sale_store_up 0.0\n" in answer.text
    assert "sale_outbox_" not in answer.text


async def test_figures_of_the_store_are_shown(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    order = await checked_out(client)
    await client.post(WEBHOOK, json=payment(order["id"], "130000.5"))
    await client.post(WEBHOOK, json=payment(UNKNOWN, 1))
    await opened(client)
    shop.clock.advance(60)

    assert await value(client, "sale_unallocated_money", currency="VND") == 0.5
    assert await value(client, "sale_outbox_unpublished_rows") == 1
    assert await value(client, "sale_outbox_oldest_unpublished_age_seconds") == 60
    assert await value(client, "sale_parked_payments") == 1
    assert await value(client, "sale_parked_payments_oldest_age_seconds") == 60
    assert await value(client, "sale_open_orders", status="DRAFT") == 1
    assert await value(client, "sale_open_orders_oldest_age_seconds", status="DRAFT") == 60


LABELS = {
    "operation": {operation.name for operation in OPERATIONS} | {"none"},
    "command": {operation.name for operation in OPERATIONS},
    "status": {"2xx", "3xx", "4xx", "5xx", "none", "DRAFT", "PROCESSING", "PARTIAL"},
    "currency": {"VND"},
}


@pytest.mark.parametrize("secret", ["minh-s-secret", "merchant-1", "user-lan"])
async def test_no_label_holds_what_callers_send_or_who_they_are(client: httpx.AsyncClient, secret: str) -> None:
    order = await checked_out(client)
    await client.post(WEBHOOK, json=payment(order["id"], 200_000) | {"eventType": f"mq-pay:{secret}"})
    await client.get(f"/{secret}")
    await client.request(f"X{secret}".upper(), "/sale-orders")
    await client.post("/sale-orders", json={"saleChannelId": secret}, headers={"idempotency-key": secret})
    await client.get(f"/sale-orders/{order['id']}", headers={"x-merchant-id": secret, "x-request-id": secret})
    text = (await client.get("/metrics")).text

    assert secret.lower() not in text.lower()
    assert not re.search(r"[0-9A-HJKMNP-TV-Z]{28}", text), "an id of ours"
    assert order["saleChannelId"] not in text
    labels = {pair for f in text_string_to_metric_families(text) for s in f.samples for pair in s.labels.items()}
    assert {name for name, _ in labels} <= {*LABELS, "code", "outcome", "le"}
    for name, values in LABELS.items():
        assert {value for label, value in labels if label == name} <= values
