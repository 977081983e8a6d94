"""What is measured: a PostgreSQL that is safe against a crash, Redis, the sandbox, and `sale serve` processes."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import psycopg

import filling
from cpu import cpu_seconds, family_seconds
from filling import Shelf
from load import Load, load
from replicas import MERCHANT, Replicas, running_replicas
from sale_adapters.embedded import EmbeddedPostgres
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.wire.places import BASE
from yardstick import TIMES

MERCHANTS = 100
KINDS = ("payment", "item")
LONG = "long"
"""Drafts of many lines; all others have two."""
LINES = 199
_SALE_TIMES = {"payment": "01KE6YB4M0", "item": "01KE6YB4M1", LONG: "01KE6YB4M4"}
_ORDER = {
    "saleChannelId": "channel-vnd",
    "items": [
        {"itemId": "variant-pho", "quantity": 2},
        # Too dear to be paid in full by what the benchmark pays.
        {"mode": "CUSTOM", "name": "Tiệc cưới", "unitPrice": "900000000", "quantity": 1},
    ],
}
_LONG_ORDER = {
    "saleChannelId": "channel-vnd",
    "items": [{"itemId": "variant-pho", "quantity": 1, "note": f"bàn {n}"} for n in range(LINES)],
}


@attrs.frozen(kw_only=True)
class Used:
    """Seconds of processor time."""

    serve: float
    postgres: float
    sisters: float

    def since(self, before: "Used", *, each: float) -> "Used":
        """Return what each of so many things has used, in milliseconds."""
        thousandth = 1_000 / each
        return Used(
            serve=(self.serve - before.serve) * thousandth,
            postgres=(self.postgres - before.postgres) * thousandth,
            sisters=(self.sisters - before.sisters) * thousandth,
        )


@attrs.define(kw_only=True)
class Rig:
    """Everything that runs, and how many orders of each kind there are: checked out for payments, drafts for items."""

    home: Path
    url: str
    postgres: EmbeddedPostgres
    replicas: Replicas
    templates: Mapping[str, str]
    count: int = 0
    rounds: int = 0
    _asked: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def places(self) -> list[str]:
        """Return host and port of each `serve`."""
        return [replica.address for replica in self.replicas.replicas]

    def used(self) -> "Used":
        """Return what everything has used of the processor so far."""
        serve = sum(cpu_seconds(replica.process.pid) for replica in self.replicas.replicas)
        return Used(
            serve=serve,
            postgres=family_seconds(self.postgres.process.pid),
            sisters=cpu_seconds(self.replicas.sisters.pid),
        )

    async def load(self, kind: str, *, seconds: int, places: Sequence[str] = ()) -> Load:
        """Ask for so long, all `serve` or these, for orders that no round has asked for while there are any."""
        self.rounds += 1
        orders, before = self.orders(kind), self._asked[kind]
        found = await load(kind, places or self.places, orders, before=before, name=f"{self.rounds}", seconds=seconds)
        self._asked[kind] += found.requests
        return found

    async def fill(self, count: int) -> None:
        """Have so many orders of each kind, for Sale and for pgbench."""
        await asyncio.to_thread(self._fill, count)
        for kind in KINDS:
            await self._list(kind, count)

    async def fill_long(self, count: int) -> None:
        """Have so many drafts of many lines, for Sale."""
        shelf = Shelf.of_sale(_SALE_TIMES[LONG], merchants=MERCHANTS)

        def fill() -> None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                filling.fill(connection, shelf, template=self.templates[LONG], first=1, last=count)
                filling.settle(connection)

        await asyncio.to_thread(fill)
        await self._list(LONG, count)

    async def token(self, merchant: str) -> str:
        """Return the token of somebody who may do everything at a merchant's till."""
        who = {"userId": "lan", "roles": ["cashier"], "merchants": [merchant], "expiresIn": 3_600}
        return await self.replicas.token(**who)

    async def _list(self, kind: str, count: int) -> None:
        shelf = Shelf.of_sale(_SALE_TIMES[kind], merchants=MERCHANTS)
        tokens = {merchant: await self.token(merchant) for merchant in shelf.merchants}
        lines = [f"{order} {merchant} {tokens[merchant]}\n" for order, merchant in shelf.orders(count)]
        random.Random(1).shuffle(lines)  # noqa: S311 - no secret depends on it
        self.orders(kind).write_text("".join(lines))

    def orders(self, kind: str) -> Path:
        """Return the file that lists the orders of a kind."""
        return self.home / f"{kind}.txt"

    def _fill(self, count: int) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for kind in KINDS:
                for shelf in (
                    Shelf.of_sale(_SALE_TIMES[kind], merchants=MERCHANTS),
                    Shelf.of_pgbench(TIMES[kind], merchants=MERCHANTS),
                ):
                    filling.fill(connection, shelf, template=self.templates[kind], first=self.count + 1, last=count)
            filling.settle(connection)
        self.count = count


@asynccontextmanager
async def open_rig(*, replicas: int, more: Mapping[str, str] | None = None) -> AsyncGenerator[Rig]:
    """Start everything, with one order of each kind in it; end with nothing of it left."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="sale-bench-")))
        postgres = EmbeddedPostgres(data_dir=home / "postgres")
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        await asyncio.to_thread(migrate, postgres.url)
        world = await stack.enter_async_context(
            running_replicas(postgres.url, home, polls_ms=(1_000,) * replicas, more=more)
        )
        rig = Rig(home=home, url=postgres.url, postgres=postgres, replicas=world, templates=await _templates(world))
        yield rig


async def _templates(world: Replicas) -> Mapping[str, str]:
    headers = {"authorization": f"Bearer {await world.token()}", "x-merchant-id": MERCHANT}
    at = f"http://{world.replicas[0].address}{BASE}/sale-orders"
    made = {}
    for kind, order in {**dict.fromkeys(KINDS, _ORDER), LONG: _LONG_ORDER}.items():
        answer = (await world.client.post(at, json=order, headers=headers)).raise_for_status()
        made[kind] = str(answer.json()["id"])
    (await world.client.post(f"{at}/{made['payment']}/checkout", json={}, headers=headers)).raise_for_status()
    return made
