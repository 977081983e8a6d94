"""Several `sale serve` processes over one PostgreSQL and one Redis, and a cashier who sells through any of them."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import httpx

from orders_world import MORNING, opened, pho
from sale_adapters.embedded import ChildProcess, EmbeddedRedis, free_ports
from sale_adapters.postgres import Database, PostgresOrders
from sale_adapters.sandbox import IdentitySettings
from sale_app.setting_fields import variable
from sale_domain.ids import MerchantId
from sale_domain.ports.orders import Decision

MERCHANT = MerchantId("merchant-1")


@attrs.define(kw_only=True)
class Replica:
    """One process.

    Attributes:
        address: Its host and port.
        webhook_address: Where it takes webhooks; the same unless they are apart.
    """

    process: ChildProcess
    address: str
    webhook_address: str


@attrs.define(kw_only=True)
class Replicas:
    """All of them, and what they share.

    Attributes:
        sandbox: Where the sisters are.
        sisters: The process that plays them.
    """

    replicas: list[Replica]
    redis: EmbeddedRedis
    sandbox: str
    sisters: ChildProcess
    database_url: str
    client: httpx.AsyncClient

    async def token(self, **claims: object) -> str:
        """Return a token of identity's, a cook's of merchant-1 who needs no policy unless the claims say otherwise."""
        who = {"userId": "lan", "roles": ["admin"], "merchants": [MERCHANT], **claims}
        answer = await self.client.post(f"{self.sandbox}/identity/dev-token", json=who)
        return str(answer.json()["access_token"])

    async def sell(self, replica: int, *, token: str) -> int:
        """Open an order at a replica: one change. Return its number."""
        headers = {"authorization": f"Bearer {token}", "x-merchant-id": MERCHANT}
        base = f"http://{self.replicas[replica].address}/v1/api/sale/sale-orders"
        made = await self.client.post(base, json={"saleChannelId": "channel-vnd"}, headers=headers)
        made.raise_for_status()
        history = await self.client.get(f"{base}/{made.json()['id']}/history", headers=headers)
        return int(history.json()["items"][0]["n"])

    async def sell_and_die(self, count: int) -> None:
        """Commit changes as a process that dies before it could tell anybody."""
        async with Database(self.database_url) as database:
            for _ in range(count):
                await PostgresOrders(database).create(Decision(change=opened(MERCHANT, pho(), at=MORNING)), once=None)


@asynccontextmanager
async def running_replicas(
    database_url: str,
    home: Path,
    *,
    polls_ms: tuple[int, ...],
    more: Mapping[str, str] | None = None,
    own: tuple[Mapping[str, str], ...] = (),
    webhook_apart: bool = False,
) -> AsyncGenerator[Replicas]:
    """Start a Redis, the sandbox and one replica for each polling time; end with none of them left.

    Args:
        database_url: A database with its tables.
        home: Where data and logs go.
        polls_ms: How often each replica looks by itself.
        more: Other settings of them all, the sandbox included.
        own: Other settings of each replica; empty for none.
        webhook_apart: Whether webhooks have a port of their own.
    """
    sandbox_port, *free = free_ports(1 + 2 * len(polls_ms))
    ports, apart = free[: len(polls_ms)], free[len(polls_ms) :]
    webhook_ports = apart if webhook_apart else ports
    more = dict(more or {})
    redis = EmbeddedRedis(data_dir=home / "redis")
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    async with AsyncExitStack() as stack:
        await redis.start()
        stack.push_async_callback(redis.stop)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False))
        environment = _environment(database_url, redis.url, sandbox)
        webhook_url = f"http://127.0.0.1:{webhook_ports[0]}/v1/api/sale/webhooks/payment"
        started = [_process(home, "sandbox", more, "--port", str(sandbox_port), "--webhook-url", webhook_url)]
        each = zip(ports, polls_ms, webhook_ports, own or ({},) * len(ports), strict=True)
        for port, poll_ms, webhook_port, other in each:
            settings = {**environment, **more, "http_port": str(port), "stream_poll_ms": str(poll_ms), **other}
            if webhook_apart:
                settings["webhook_port"] = str(webhook_port)
            started.append(_process(home, "serve", settings))
        places = (f"{sandbox}/healthz", *(f"http://127.0.0.1:{port}/v1/api/sale/readyz" for port in ports))
        for process in started:
            stack.push_async_callback(process.stop)
        expected = zip(started, places, strict=True)
        await asyncio.gather(*(process.start(ready=partial(_answers, client, url)) for process, url in expected))
        found = [
            Replica(process=process, address=f"127.0.0.1:{port}", webhook_address=f"127.0.0.1:{webhook_port}")
            for process, port, webhook_port in zip(started[1:], ports, webhook_ports, strict=True)
        ]
        yield Replicas(
            replicas=found, redis=redis, sandbox=sandbox, sisters=started[0], database_url=database_url, client=client
        )


def _environment(database_url: str, redis_url: str, sandbox: str) -> dict[str, str]:
    identity = IdentitySettings()
    return {
        "http_host": "127.0.0.1",
        "database_url": database_url,
        "redis_url": redis_url,
        "identity_url": f"{sandbox}/identity",
        "commerce_url": f"{sandbox}/commerce",
        "pricing_url": f"{sandbox}/pricing",
        "client_id": identity.client_id,
        "client_secret": identity.client_secret,
        "jwt_issuer": identity.issuer,
        "jwt_audience": identity.audience,
    }


def _process(home: Path, name: str, settings: dict[str, str], *arguments: str) -> ChildProcess:
    told = {variable(key): value for key, value in settings.items()}
    return ChildProcess(
        name=f"sale {name}",
        argv=(sys.executable, "-m", "sale_app", name, *arguments),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **told},
        log=home / f"{name}{settings.get('http_port', '')}.log",
    )


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        await asyncio.sleep(0.05)
        return False
