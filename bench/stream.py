"""How soon a committed change is on every screen: 1 000 of them at one `sale serve`, 5 % of which do not read.

The changes are committed by another process than the one that serves, as with several replicas.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import httpx
from websockets.asyncio.client import ClientConnection, connect

from sale_adapters.embedded import ChildProcess, EmbeddedPostgres, EmbeddedRedis, free_ports
from sale_adapters.postgres import Database, PostgresOrders
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.redis.alarm import FEED_CHANNEL, RedisAlarm
from sale_adapters.sandbox import IdentitySettings
from sale_adapters.system import UlidIds
from sale_adapters.wire.places import BASE, STREAM
from sale_app.settings import variable
from sale_domain.ids import MerchantId, OrderId, SaleChannelId, merchant_bucket
from sale_domain.money import Currency
from sale_domain.orders import Order
from sale_domain.ports.orders import Decision

CHANGES_A_SECOND, SECONDS, STALLED = 10, 20, 0.05
MERCHANT = MerchantId("merchant-1")
HERE = Path(__file__).parent


@attrs.define(kw_only=True)
class Watch:
    """When each change was committed, and how late each screen saw it."""

    committed: dict[int, float] = attrs.field(factory=dict)
    late_ms: list[float] = attrs.field(factory=list)

    async def read(self, screen: ClientConnection, *, until: int) -> None:
        """Note every frame of a screen."""
        seq = 0
        while seq < until:
            text = str(await screen.recv())
            if '"seq":' in text and "event" not in text:
                seq = int(text.rpartition('"seq":')[2].partition(",")[0])
                self.late_ms.append(1000 * (time.perf_counter() - self.committed.get(seq, time.perf_counter())))


async def main(clients: int) -> int:
    """Measure, print, and write `report-stream.json`; return the exit code."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="sale-bench-") as home:
        async with _served(Path(home)) as (serve, stream, token, database_url, redis_url):
            before = _memory_mb(serve.pid)
            async with AsyncExitStack() as stack:
                screens = [await stack.enter_async_context(_screen(stream, token)) for _ in range(clients)]
                with_all = _memory_mb(serve.pid)
                watch = await _measured(screens, database_url, redis_url)
                after = _memory_mb(serve.pid)
    report = _report(watch, clients, (before, with_all, after))
    (HERE / "report-stream.json").write_text(json.dumps(report, indent=2) + "\n")
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in report.items()))
    return 0


async def _measured(screens: Sequence[ClientConnection], database_url: str, redis_url: str) -> Watch:
    count, watch = CHANGES_A_SECOND * SECONDS, Watch()
    reading = screens[int(STALLED * len(screens)) :]
    tasks = [asyncio.create_task(watch.read(each, until=count)) for each in reading]
    async with Database(database_url) as database, RedisAlarm(redis_url, channel=FEED_CHANNEL) as alarm:
        orders, ids = PostgresOrders(database), UlidIds()
        for number in range(1, count + 1):
            pause = asyncio.create_task(asyncio.sleep(1 / CHANGES_A_SECOND))
            await orders.create(Decision(change=_draft(ids).created()), once=None)
            watch.committed[number] = time.perf_counter()
            alarm.ring()
            await pause
        async with asyncio.timeout(120):
            await asyncio.gather(*tasks)
    return watch


def _draft(ids: UlidIds) -> Order:
    order_id, now = OrderId(ids.new(merchant_bucket(MERCHANT))), datetime.now(UTC)
    return Order(
        id=order_id,
        number=order_id,
        merchant_id=MERCHANT,
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=Currency("VND"),
        created_at=now,
        created_by="bench",
        updated_at=now,
    )


def _report(watch: Watch, clients: int, memory_mb: Sequence[float]) -> Mapping[str, object]:
    percentiles = statistics.quantiles(watch.late_ms, n=100)
    before, with_all, after = memory_mb
    return {
        "screens": clients,
        "stalled": int(STALLED * clients),
        "changes": len(watch.committed),
        "frames": len(watch.late_ms),
        "p50 ms from commit to frame": round(percentiles[49], 1),
        "p99 ms from commit to frame": round(percentiles[98], 1),
        "most ms": round(max(watch.late_ms), 1),
        "serve MB without screens": round(before),
        "serve MB with all screens": round(with_all),
        "serve MB at the end": round(after),
    }


@asynccontextmanager
async def _screen(stream: str, token: str) -> AsyncIterator[ClientConnection]:
    options = {"compression": None, "ping_interval": None, "proxy": None, "close_timeout": 0.1}
    async with connect(stream, **options) as screen:  # type: ignore[arg-type]  # options of several types
        who = {"type": "Bearer", "token": token, "merchantId": MERCHANT}
        await screen.send(json.dumps({"event": "authenticate", "data": who}))
        await screen.recv()
        topics = {"topics": ["observation/sale/sale-order"]}
        await screen.send(json.dumps({"event": "subscribe", "data": topics}))
        await screen.recv()
        yield screen


@asynccontextmanager
async def _served(home: Path) -> AsyncIterator[tuple[ChildProcess, str, str, str, str]]:
    """Start everything; yield the serving process, the stream's URL, a token, PostgreSQL and Redis."""
    port, sandbox_port = free_ports(2)
    sandbox, http = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{port}{BASE}"
    async with AsyncExitStack() as stack:
        postgres, redis = EmbeddedPostgres(data_dir=home / "postgres"), EmbeddedRedis(data_dir=home / "redis")
        for part in (postgres, redis):
            await part.start()
            stack.push_async_callback(part.stop)
        await asyncio.to_thread(migrate, postgres.url)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=30, trust_env=False))
        identity = IdentitySettings()
        settings = {
            "http_port": str(port),
            "database_url": postgres.url,
            "redis_url": redis.url,
            "identity_url": f"{sandbox}/identity",
            "commerce_url": f"{sandbox}/commerce",
            "pricing_url": f"{sandbox}/pricing",
            "client_id": identity.client_id,
            "client_secret": identity.client_secret,
            "jwt_issuer": identity.issuer,
            "jwt_audience": identity.audience,
        }
        serve = _process(home, "serve", settings)
        for process, url in (
            (_process(home, "sandbox", {}, "--port", str(sandbox_port)), f"{sandbox}/healthz"),
            (serve, f"{http}/readyz"),
        ):
            stack.push_async_callback(process.stop)
            await process.start(ready=_Answers(client, url))
        who = {"userId": "bench", "roles": ["admin"], "merchants": [MERCHANT]}
        answer = await client.post(f"{sandbox}/identity/dev-token", json=who)
        stream = f"ws://127.0.0.1:{port}{STREAM}"
        yield serve, stream, answer.json()["access_token"], postgres.url, redis.url


@attrs.frozen
class _Answers:
    client: httpx.AsyncClient
    url: str

    async def __call__(self) -> bool:
        try:
            return (await self.client.get(self.url)).is_success
        except httpx.HTTPError:
            return False


def _process(home: Path, name: str, settings: Mapping[str, str], *arguments: str) -> ChildProcess:
    told = {variable(key): value for key, value in settings.items()}
    return ChildProcess(
        name=f"sale {name}",
        argv=(sys.executable, "-m", "sale_app", name, *arguments),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **told},
        log=home / f"{name}.log",
    )


def _memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    sys.exit(asyncio.run(main(parser.parse_args().clients)))
