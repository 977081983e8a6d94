"""How soon Sale is there: what its imports cost, and how long a `sale serve` takes until it is ready."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from functools import partial

import httpx

from asked import Asked
from report import Figure
from rig import open_rig
from sale_adapters.wire.places import BASE

IMPORTS: Mapping[str, float | None] = {
    "sale_domain": 50,
    "sale_domain.sale": None,
    "sale_app.server": None,
    "sale_app.relay": None,
}
"""What is imported, and within how many milliseconds it must be there."""

_TIMED = "import attrs, time; begun = time.perf_counter(); import {}; print(1000 * (time.perf_counter() - begun))"


async def start(asked: Asked) -> AsyncGenerator[Figure]:
    """Import each in turn, again and again, in fresh interpreters that have attrs; then start a `serve` as often."""
    times = 2 * asked.rounds + 1
    taken = {name: list[float]() for name in IMPORTS}
    for _ in range(times):
        for name, values in taken.items():
            values.append(await _import_ms(name))
    for name, values in taken.items():
        yield Figure(
            name=f"import {name}", unit="ms beyond attrs", values=values, must=IMPORTS[name], less_is_better=True
        )
    async with open_rig(replicas=1) as rig, httpx.AsyncClient(trust_env=False) as client:
        (replica,) = rig.replicas.replicas
        ready, values = partial(_is_ready, client, f"http://{replica.address}{BASE}/readyz"), list[float]()
        for _ in range(times):
            await replica.process.stop()
            begun = time.perf_counter()
            await replica.process.start(ready=ready)
            values.append(1_000 * (time.perf_counter() - begun))
    yield Figure(name="serve, from start to ready", unit="ms", values=values)


async def _import_ms(name: str) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _TIMED.format(name), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return float(told)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
