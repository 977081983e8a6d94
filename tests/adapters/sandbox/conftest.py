"""One sandbox in process per test, with keys that are made once."""

from collections.abc import AsyncIterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sale_adapters.sandbox import Patience, create_sandbox
from sandbox_world import SandboxWorld

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
async def world() -> AsyncIterator[SandboxWorld]:
    world = SandboxWorld()
    app = create_sandbox(
        webhook=world.deliver,
        key=KEY,
        patience=Patience(attempts=4),
        seed=7,
        clock=lambda: world.now,
        sleep=world.wait,
    )
    async with httpx.AsyncClient(base_url="http://sandbox", transport=httpx.ASGITransport(app=app)) as world.http:
        yield world
