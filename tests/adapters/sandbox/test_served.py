"""The sandbox behind a real server: what only a real connection can show."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from sale_adapters.sandbox import create_sandbox

KEYS = "/identity/jw-certs"
RECORDED = "/identity/dev-token"


@pytest.fixture
async def served() -> AsyncIterator[httpx.AsyncClient]:
    """Serve a sandbox whose webhooks go to a path of its own that is recorded."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(create_sandbox(webhook=url + RECORDED), log_level="critical", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to await
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=url) as http:
        yield http
    server.should_exit = True
    await serving


async def test_a_sister_that_is_down_breaks_the_connection_and_heals(served: httpx.AsyncClient) -> None:
    assert (await served.get(KEYS)).status_code == 200
    await served.put("/control/identity", json={"down": True})
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            await served.get(KEYS)
    await served.delete("/control")
    assert (await served.get(KEYS)).status_code == 200


async def test_webhooks_are_posted_with_the_header_that_names_their_type(served: httpx.AsyncClient) -> None:
    answer = await served.post("/mq-pay/payments", json={"saleOrderId": "order-1", "amount": 3.5})
    assert [delivery["status"] for delivery in answer.json()["deliveries"]] == [200, 200]
    posted, settled = (await served.get("/control/identity/requests")).json()
    assert (posted["method"], posted["path"]) == ("POST", RECORDED)
    assert posted["headers"]["content-type"] == "application/json"
    assert posted["headers"]["x-webhook-event-type"] == posted["body"]["eventType"] == "mq-pay:attempt.success"
    assert settled["body"]["payload"]["transaction"]["paid"] == 3.5
