"""The client in docs/how-to/follow-live.md does what the page says."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from counter import item, opened
from sale_adapters.web import create_app
from sale_adapters.web.stream import Stream, StreamLimits
from sale_app.composition import compose_in_memory
from stream_world import serving

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "follow-live.md"


async def readiness() -> Mapping[str, str | None]:
    return {}


async def test_the_client_of_the_page_sees_every_change_also_after_a_break(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    shop = compose_in_memory()
    shop.tokens.issue("lan", user_id="lan", roles=("admin",), merchants=("merchant-1",))
    await opened(shop, item("pho"))
    stream = Stream(shop.sale, tail=shop.tail, limits=StreamLimits(resume=50))
    async with serving(create_app(shop.sale, readiness=readiness, stream=stream), farewell=stream.close) as address:
        following = asyncio.create_task(_follow(address))
        shown = ""
        async with asyncio.timeout(30):
            while "ORDER_CREATED" not in shown:
                # The client says nothing of when it is ready.
                seen = (await opened(shop, item("pho"))).order.id
                await asyncio.sleep(0.05)
                shown += capsys.readouterr().out
            await stream.close()
            stream._ending = False
            missed = (await opened(shop, item("pho"))).order.id
            while missed not in shown:
                await asyncio.sleep(0.05)
                shown += capsys.readouterr().out
            await stream.close()
            for _ in range(60):
                await opened(shop, item("pho"))
            stream._ending = False
            while "resync: 50 orders" not in shown:
                await asyncio.sleep(0.05)
                shown += capsys.readouterr().out
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    told = [line.split() for line in shown.splitlines() if line.startswith("ORDER_")]
    assert {version for _, _, version in told} == {"1"}
    ids = [order_id for _, order_id, _ in told]
    assert len(ids) == len(set(ids))
    assert ids.index(missed) > ids.index(seen)
    assert "closed: received 1012" in shown


async def test_the_client_of_the_page_says_why_it_is_refused_and_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    shop = compose_in_memory()
    shop.tokens.issue("lan", user_id="lan", roles=("admin",), merchants=("merchant-1",))
    stream = Stream(shop.sale, tail=shop.tail)
    async with (
        serving(create_app(shop.sale, readiness=readiness, stream=stream), farewell=stream.close) as address,
        asyncio.timeout(30),
    ):
        with pytest.raises(RuntimeError, match="is no topic"):
            await _follow(address, topic="observation/sale/sale-check")


async def _follow(address: str, *, topic: str = "observation/sale/sale-order") -> None:
    """Run the page's program, but for its last line, against this server."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    ours = {"127.0.0.1:31030": address, "…": "lan", "observation/sale/sale-order": topic, "asyncio.run(follow())": ""}
    for theirs, our in ours.items():
        assert theirs in program
        program = program.replace(theirs, our)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own page
    await names["follow"]()
