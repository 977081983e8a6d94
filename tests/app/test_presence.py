"""What `/readyz` of serve answers: one look at a time, and nothing good once the process is leaving."""

import asyncio
from collections.abc import Mapping

from sale_app.server import Presence


async def test_many_who_ask_at_once_cost_one_look() -> None:
    looks = 0

    async def look() -> Mapping[str, str | None]:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return {"database": None}

    presence = Presence(look)
    told = await asyncio.gather(*(presence.readiness() for _ in range(50)))

    assert (looks, told) == (1, [{"database": None}] * 50)
    presence.leave()
    assert await presence.readiness() == {"process": "is stopping"}
