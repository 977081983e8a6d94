"""Real processes, real PostgreSQL, real Kafka, kill -9: no money is lost or doubled, no event either.

`make chaos CYCLES=300` runs more of it; `SEED=` plans other troubles; the machine's own timing is never twice the same.
"""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from chaos_audit import Audit, read_log, read_tables, unpublished
from chaos_stage import ChaosStage, Troublemaker
from chaos_tellers import Sold, Teller
from chaos_witness import Witness, witness
from sale_adapters.embedded import EmbeddedParts, free_ports

pytestmark = pytest.mark.long
CYCLES = int(os.environ.get("CYCLES", "15"))
AT_MOST_SECONDS = float(os.environ.get("AT_MOST_SECONDS", "100000"))
SEED = int(os.environ.get("SEED", "1"))
TELLERS = ("merchant-1", "merchant-1", "merchant-1", "merchant-2")
_QUIET_WITHIN_SECONDS = 120.0


@attrs.define(kw_only=True)
class Evening:
    """One run: the stage, the witness, the tellers' book."""

    stage: ChaosStage
    witness: Witness
    client: httpx.AsyncClient
    trouble: Troublemaker
    tellers: list[Teller] = attrs.field(factory=list)
    book: list[Sold] = attrs.field(factory=list)
    latest: float = attrs.field(factory=lambda: time.monotonic() + AT_MOST_SECONDS)
    cycles: int = 0

    async def go_on(self, cycles: int) -> None:
        """Sell under so many cycles of trouble, and close the tills; whoever fails ends it all."""
        closing, selling = asyncio.Event(), list[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as everybody:
            for number, merchant in enumerate(TELLERS):
                chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - a plan, not a secret
                teller = Teller(stage=self.stage, client=self.client, merchant=merchant, chance=chance, book=self.book)
                self.tellers.append(teller)
                selling.append(everybody.create_task(teller.sell_until(closing)))
            watching = everybody.create_task(self.stage.watch())
            for number in range(1, cycles + 1):
                if time.monotonic() > self.latest:
                    break
                await self.trouble.cycle(number)
                self.cycles = number
            await self.trouble.until_all_is_well()
            closing.set()
            await asyncio.gather(*selling)
            await self._settled()
            watching.cancel()

    async def _settled(self) -> None:
        """Wait until mq-pay has told everything and the outbox is empty, with nobody killed any more."""
        again = await self.witness.tell_again()
        print(f"told again, as mq-pay had died or given up: {again} events", flush=True)  # noqa: T201 - as below
        async with asyncio.timeout(_QUIET_WITHIN_SECONDS):
            while await asyncio.to_thread(unpublished, self.stage.parts.postgres.url):  # noqa: ASYNC110 - a table sets no event
                await asyncio.sleep(0.1)

    async def audit(self) -> Audit:
        """Ask everybody."""
        assert self.stage.kafka_bootstrap is not None
        tables = await asyncio.to_thread(read_tables, self.stage.parts.postgres.url)
        for merchant, numbers in tables.feeds.items():
            assert list(numbers) == list(range(1, len(numbers) + 1)), f"the feed of {merchant} has a gap"
        assert all(row["published_at"] for row in tables.outbox)
        committed = await asyncio.to_thread(read_log, self.stage.kafka_bootstrap, isolation="read_committed")
        every = await asyncio.to_thread(read_log, self.stage.kafka_bootstrap, isolation="read_uncommitted")
        ids: dict[tuple[str, int], set[str]] = {}
        for record in every:
            ids.setdefault((record.key, record.event["transition"]), set()).add(record.ce_id)
        assert all(len(names) == 1 for names in ids.values()), "one transition was told under two ids"
        orders = {order["id"]: order for merchant in set(TELLERS) for order in await self._orders(merchant)}
        self._print(committed=len(committed), uncommitted=len(every))
        return Audit(
            witness=self.witness,
            book=self.book,
            orders=orders,
            outbox=tables.outbox,
            history=tables.history,
            committed=committed,
            parked=tables.parked,
        )

    async def reconcile(self) -> None:
        """Let `sale reconcile` compare its books, which the auditor has not seen."""
        program = [sys.executable, "-m", "sale_app", "reconcile"]
        environment = {**os.environ, **self.stage.environment()}
        told = await asyncio.to_thread(
            subprocess.run, program, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        print(told.stdout.strip().splitlines()[-1:], flush=True)  # noqa: T201 - as below
        assert told.returncode == 0, told.stdout + told.stderr

    async def _orders(self, merchant: str) -> list[Any]:
        teller = next(teller for teller in self.tellers if teller.merchant == merchant)
        found: list[Any] = []
        after = ""
        while True:
            page = await teller.call("GET", f"/sale-orders?limit=100{after}")
            found += page["items"]
            if page.get("nextCursor") is None:
                return found
            after = f"&cursor={page['nextCursor']}"

    def _print(self, **records: int) -> None:
        events = self.witness.events.values()
        answers = Counter(str(answer) for told in events for answer in told.answers)
        figures = {
            "cycles": self.cycles,
            "orders": len(self.book),
            "payments": sum(len(sold.told) + sold.broken_off for sold in self.book),
            "broken off": sum(sold.broken_off for sold in self.book),
            "events": len(events),
            "answers": dict(sorted(answers.items())),
            "records": records,
            "troubles": dict(sorted(self.trouble.done.items())),
        }
        print(figures, flush=True)  # noqa: T201 - the figures are what a long run is for


@pytest.mark.timeout(120 + 60 * CYCLES)
async def test_under_kill_9_every_payment_counts_once_and_every_transition_is_told_once(tmp_path: Path) -> None:
    started = time.monotonic()
    print(f"chaos: CYCLES={CYCLES} SEED={SEED}", flush=True)  # noqa: T201 - so that it can be replayed
    http, road = free_ports(2)
    async with contextlib.AsyncExitStack() as stack:
        parts = await stack.enter_async_context(EmbeddedParts(data_dir=tmp_path, durable=False))
        stage = ChaosStage(
            parts=parts,
            http_port=http,
            data_dir=tmp_path,
            tell=lambda *_: None,
            witness_url=f"http://127.0.0.1:{road}/",
        )
        stage.tell = stage.hear
        seen = await stack.enter_async_context(witness(port=road, webhook=lambda: stage.straight_webhook))
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        trouble = Troublemaker(stage=stage, chance=random.Random(SEED))  # noqa: S311 - a plan, not a secret
        stack.push_async_callback(stage.stop)
        stack.callback(trouble.let_go)
        await stage.start()
        evening = Evening(stage=stage, witness=seen, client=client, trouble=trouble)
        await evening.go_on(CYCLES)
        audit = await evening.audit()
        audit.check()
        await evening.reconcile()
    print(f"no loss, no double, in {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201 - as above
