"""The metrics of the real composition: on PostgreSQL, with sisters that are away, and with a database that is."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from ordering_over_http import payment
from sale_adapters.embedded import free_ports
from sale_adapters.web import create_app
from sale_app.composition import compose
from sale_app.setting_fields import Process
from sale_app.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
UNKNOWN = "01KE6YB4M0000000000000000126"
# Signed by nobody: only its header is looked at before identity is asked for its keys.
TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.e30.AAAA"  # pragma: allowlist secret


@asynccontextmanager
async def serving(database_url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """Serve in process; whatever is not PostgreSQL is away."""
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    given = {
        "SALE_DATABASE_URL": database_url,
        "SALE_REDIS_URL": f"redis://{nowhere}",
        **{f"SALE_{sister}_URL": f"http://{nowhere}" for sister in ("IDENTITY", "COMMERCE", "PRICING")},
        "SALE_CLIENT_ID": "sale",
        "SALE_CLIENT_SECRET": "secret-of-sale",
        "SALE_JWT_ISSUER": "https://identity",
        "SALE_JWT_AUDIENCE": "sale",
    }
    async with compose(Settings.read(given, process=Process.SERVE)) as service:
        app = create_app(service.sale, readiness=service.readiness, metrics=service.metrics)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sale/v1/api/sale") as client:
            yield client


async def test_every_metric_of_the_documentation_is_there_and_none_besides(tables_url: str) -> None:
    documented = set(re.findall(r"^\| `(sale_\w+)` ", PAGE.read_text().partition("## Of the relay")[0], re.MULTILINE))
    async with serving(tables_url) as client:
        text = (await client.get("/metrics")).text

    assert set(re.findall(r"^# TYPE (sale_\w+) ", text, re.MULTILINE)) == documented
    assert len(documented) > 15
    assert "sale_store_up 1.0\n" in text
    assert "process_resident_memory_bytes" in text


async def test_webhooks_sisters_breakers_and_the_pool_are_counted(tables_url: str) -> None:
    async with serving(tables_url) as client:
        parked = await client.post("/webhooks/payment", json=payment(UNKNOWN, 65_000))
        asked = await client.get("/sale-orders", headers={"authorization": f"Bearer {TOKEN}", "x-merchant-id": "m"})
        text = (await client.get("/metrics")).text

    assert (parked.status_code, asked.status_code) == (202, 503)
    assert 'sale_webhook_deliveries_total{outcome="parked"} 1.0\n' in text
    assert "sale_parked_payments 1.0\n" in text
    assert 'sale_sister_calls_total{outcome="unavailable",sister="identity"} 1.0\n' in text
    assert 'sale_sister_breakers{sister="identity",state="closed"} 2.0\n' in text
    assert 'sale_sister_breakers{sister="pricing",state="closed"} 1.0\n' in text
    assert re.search(r"^sale_database_pool_connections [1-9]", text, re.MULTILINE)
    assert "sale_database_pool_waiting_requests 0.0\n" in text
    assert re.search(r"^sale_database_pool_wait_seconds_count [1-9]", text, re.MULTILINE)


async def test_a_scrape_needs_no_database() -> None:
    async with serving(f"postgresql://127.0.0.1:{free_ports(1)[0]}/sale") as client:
        answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert "sale_store_up 0.0\n" in answer.text
    assert "sale_open_orders" not in answer.text
    assert 'sale_http_requests_total{operation="operating.metrics",status="2xx"}' not in answer.text
