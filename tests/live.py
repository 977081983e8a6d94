"""Everything real at once: PostgreSQL, Redis, Kafka, the sandbox, serve and relay, and callers for them."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx

from sale_adapters.embedded import EmbeddedKafka, EmbeddedParts, PartUnavailable, free_ports
from sale_adapters.kafka.reading import CommittedRecord, committed_records
from sale_app.demo.stage import Stage
from sale_domain.events import PAYMENT_SUCCESS


@attrs.frozen(kw_only=True)
class Live:
    """A running Sale, and a cashier of merchant-1 at it."""

    stage: Stage
    client: httpx.Client
    home: Path

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Call the service as the cashier; extra headers replace the usual ones."""
        return self.client.request(method, f"{self.stage.http}{path}", json=body, headers=headers)

    def good(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Call the service and return the body of a good answer."""
        answer = self.call(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def token(self, **claims: object) -> str:
        """Return a token of identity's; the claims win over a cashier's of merchant-1."""
        who = {"userId": "lan", "roles": ["cashier"], "merchants": ["merchant-1"], **claims}
        return str(self.client.post(f"{self.stage.sandbox}/identity/dev-token", json=who).json()["access_token"])

    def pay(self, order_id: str, amount: float, **how: object) -> list[str]:
        """Let mq-pay tell of a payment; return the outcome of each delivery."""
        body = {"saleOrderId": order_id, "amount": amount, **how}
        answer = self.client.post(f"{self.stage.sandbox}/mq-pay/payments", json=body)
        return [delivery["outcome"] for delivery in answer.json()["deliveries"]]

    def records(
        self, order_id: str, *, count: int, topic: str = PAYMENT_SUCCESS, timeout_seconds: float = 30
    ) -> list[CommittedRecord]:
        """Read the order's committed records off Kafka, waiting for `count` of them."""
        assert self.stage.kafka_bootstrap is not None
        return committed_records(
            self.stage.kafka_bootstrap,
            topic=topic,
            key=order_id,
            count=count,
            timeout_seconds=timeout_seconds,
        )

    def control(self, sister: str, **faults: object) -> None:
        """Make a sister sick; without faults make it well."""
        self.client.put(f"{self.stage.sandbox}/control/{sister}", json=faults).raise_for_status()


class _NoKafka(EmbeddedKafka):
    """A Kafka that is not to be had."""

    async def start(self) -> None:
        raise PartUnavailable("these tests do without")


@contextmanager
def running(*, kafka: bool = True) -> Iterator[Live]:
    """Start everything on free ports in a new directory; end with nothing of it left.

    Args:
        kafka: Whether to start Kafka and the relay too, which take longest.
    """
    with tempfile.TemporaryDirectory(prefix="sale-live-") as directory, asyncio.Runner() as runner:
        home = Path(directory)
        parts = EmbeddedParts(data_dir=home, durable=False)
        if not kafka:
            parts.kafka = _NoKafka(data_dir=home / "kafka")
        runner.run(parts.__aenter__())
        stage = Stage(parts=parts, http_port=free_ports(1)[0], data_dir=home, tell=lambda _part, _sentence: None)
        try:
            runner.run(stage.start())
            with httpx.Client(timeout=30, trust_env=False) as client:
                live = Live(stage=stage, client=client, home=home)
                client.headers.update({"authorization": f"Bearer {live.token()}", "x-merchant-id": "merchant-1"})
                yield live
        finally:
            runner.run(stage.stop())
            runner.run(parts.__aexit__(None, None, None))


def demo_json(data_dir: Path) -> dict[str, Any]:
    """Read what a running demo says of itself."""
    found: dict[str, Any] = json.loads((data_dir / "demo.json").read_text())
    return found
