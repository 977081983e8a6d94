"""A sandbox in process, with a turnable clock, recorded waits and a programmable Sale behind the webhook."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx

from sale_adapters.sandbox.answers import from_json


@attrs.define(kw_only=True)
class SandboxWorld:
    """What a test sees of one sandbox: its client, its time, and the webhooks that it sent."""

    http: httpx.AsyncClient = attrs.field(init=False)
    now: datetime = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    waits: list[float] = attrs.Factory(list)
    webhooks: list[tuple[str, Any]] = attrs.Factory(list)
    answers: list[httpx.Response | Exception] = attrs.Factory(list)

    async def deliver(self, event_type: str, body: bytes) -> httpx.Response:
        self.webhooks.append((event_type, from_json(body)))
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json={"outcome": "applied"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    async def service_token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "sale", "client_secret": "sandbox-secret"}
        answer = await self.http.post("/identity/token", data=form)
        return str(answer.json()["access_token"])

    async def log_in(self) -> None:
        self.http.headers["authorization"] = f"Bearer {await self.service_token()}"
