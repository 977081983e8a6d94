"""The shards of a relay process: one task each, for as long as their leases can be had.

Processes share the shards: one that has none, or fewer, asks for those of the others, and who has more leaves one.
"""

import asyncio
import logging
import math
import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from sale_app.chores import Chore, Rota, keep_doing
from sale_app.relay_log import RelayLog
from sale_app.relay_pace import AsyncioPace
from sale_domain.errors import Unavailable
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.publishing import USUAL_PREFIX, EventLog, Layout, Outbox, Shard
from sale_domain.ports.publishing_errors import Fenced, ShardHalted
from sale_domain.ports.relaying import RelayObserver, Standing
from sale_domain.publishing import RelayPolicy, ShardRelay
from sale_domain.publishing_layout import agree_on_layout, make_ready

_LOG = logging.getLogger("sale.relay")
_CLAIM_SECONDS = 0.5
_ASK_SECONDS = 2 * _CLAIM_SECONDS
"""No longer, or a shard is left to a process that is not there any more."""
_LEFT_SECONDS = 3 * _CLAIM_SECONDS
"""So long a shard is not taken back, for whoever has asked to come first; then it is, if nobody came."""
_GRACE_SECONDS = 10.0


def _own_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@attrs.define(kw_only=True)
class RelayProcess:
    """Serves the newest layout's shards, one task each, over any outbox and log.

    Attributes:
        chores: What else is done for the buckets of each shard that is held.
        owner: A name that no other process has or had: leases are renewed by it.
        observer: Makes one for each shard's relay.
    """

    outbox: Outbox
    log: EventLog
    policy: RelayPolicy
    shards: int
    prefix: str = USUAL_PREFIX
    stop: asyncio.Event
    chores: tuple[Chore, ...] = ()
    owner: str = attrs.field(factory=_own_name)
    observer: Callable[[], RelayObserver] = RelayLog
    _rota: Rota = attrs.field(init=False, factory=Rota)
    _layout: Layout | None = attrs.field(init=False, default=None)
    _pace: AsyncioPace = attrs.field(init=False)
    _relays: dict[ShardRelay, AsyncioPace] = attrs.field(init=False, factory=dict)
    _held: set[int] = attrs.field(init=False, factory=set)
    _halted: set[int] = attrs.field(init=False, factory=set)
    _left_at: float = attrs.field(init=False, default=-math.inf)

    def __attrs_post_init__(self) -> None:
        """Make what depends on the arguments."""
        self._pace = AsyncioPace(self.stop)

    def wake(self) -> None:
        """Say that there is work; losing a call costs `poll_seconds` at most."""
        for pace in self._relays.values():
            pace.wake()

    def standing(self) -> Standing:
        """Return what this process has at the moment."""
        shards = 0 if self._layout is None else self._layout.shards
        return Standing(shards=shards, held=frozenset(self._held), halted=frozenset(self._halted))

    async def run(self) -> None:
        """Serve layout after layout until told to stop, then finish the transactions under way."""
        self._layout = await self._first_layout()
        while self._layout is not None and not self.stop.is_set():
            layout = {"layout": self._layout.number, "shards": self._layout.shards}
            _LOG.info("serving", extra={**layout, "owner": self.owner})
            await self._serve_layout(self._layout)

    async def _first_layout(self) -> Layout | None:
        """Agree on a layout as soon as database and Kafka let us."""
        wait_seconds = self.policy.shortest_wait_seconds
        while not self.stop.is_set():
            try:
                return await agree_on_layout(outbox=self.outbox, log=self.log, shards=self.shards, prefix=self.prefix)
            except Exception as error:  # noqa: BLE001 - whatever is away may come back; the reason is told each time
                _LOG.warning("cannot begin: %s", error, extra={"retry_seconds": round(wait_seconds, 1)})
                await self._pace.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, self.policy.longest_wait_seconds)
        return None

    async def _serve_layout(self, layout: Layout) -> None:
        """Serve until told to stop, or until there is a newer layout."""
        serving = [asyncio.create_task(self._serve(shard)) for shard in layout.parts()]
        ending = [asyncio.create_task(self._replace(layout)), asyncio.create_task(self.stop.wait())]
        try:
            await asyncio.wait([*serving, *ending], return_when=asyncio.FIRST_COMPLETED)
            for relay in self._relays:
                relay.stop()
            self.wake()
            await asyncio.wait(serving, timeout=_GRACE_SECONDS)
        finally:
            for failure in await _end(*serving, *ending):
                _LOG.error("a task of the relay has failed", exc_info=failure)

    async def _replace(self, layout: Layout) -> None:
        """Wait for a layout that replaces this one, shut this one's relays out, and name the new one for `run`."""
        while self._serves(layout):
            await self._pace.sleep(self.policy.lease_seconds)
            with suppress(Unavailable):
                newest = await self.outbox.newest_layout()
                if newest is not None and newest.number > layout.number:
                    _LOG.warning("layout is replaced", extra={"layout": layout.number, "by": newest.number})
                    self._layout = await make_ready(newest, outbox=self.outbox, log=self.log)

    def _serves(self, layout: Layout) -> bool:
        # Every loop asks this: a cancellation alone can get lost inside a client library.
        return self._layout is layout and not self.stop.is_set()

    async def _serve(self, shard: Shard) -> None:
        """Empty the shard whenever it can be had."""
        layout = self._layout
        while layout is not None and self._serves(layout):
            left = False
            try:
                left = await self._empty(shard)
            except Fenced:
                _LOG.debug("somebody else's shard", extra={"shard": shard.index})
                await self._ask(shard)
            await self._pace.sleep(_LEFT_SECONDS if left else _CLAIM_SECONDS)

    async def _ask(self, shard: Shard) -> None:
        """Let the shard's owner know of us: it gives the shard up if it has more than we should have with it."""
        with suppress(StoreUnavailable):
            await self.outbox.ask(shard, held=len(self._held), seconds=_ASK_SECONDS)

    async def _empty(self, shard: Shard) -> bool:
        """Relay the shard, keep its lease, and do its chores; end with either of the first two.

        Returns:
            Whether it was to end, for another to have the shard.
        """
        pace = AsyncioPace(self.stop)
        relay = ShardRelay(
            shard=shard,
            owner=self.owner,
            outbox=self.outbox,
            log=self.log,
            pace=pace,
            observer=self.observer(),
            policy=self.policy,
        )
        self._relays[relay] = pace
        held = asyncio.Event()
        relaying = asyncio.create_task(self._relay(relay))
        keeping = asyncio.create_task(self._keep(relay, held, until=relaying))
        chores = [asyncio.create_task(self._do(chore, relay, held)) for chore in self.chores]
        try:
            done, _ = await asyncio.wait({relaying, keeping}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return relay.stopping
        finally:
            relay.stop()
            await _end(relaying, keeping, *chores)
            del self._relays[relay]
            self._held.discard(shard.index)
            self._halted.discard(shard.index)
            with suppress(StoreUnavailable):
                await self.outbox.release(shard, owner=self.owner)

    async def _relay(self, relay: ShardRelay) -> None:
        """Relay, and look again now and then when only a person can decide how to go on; the rest goes on meanwhile."""
        while not relay.stopping:
            try:
                await relay.run()
            except ShardHalted as halt:
                _LOG.critical("halted: %s", halt.reason, extra={"layout": halt.shard.layout, "shard": halt.shard.index})
                self._halted.add(relay.shard.index)
                await self._pace.sleep(self.policy.halted_seconds)
                self._halted.discard(relay.shard.index)

    async def _do(self, chore: Chore, relay: ShardRelay, held: asyncio.Event) -> None:
        """Do a chore from when on the shard is known to be ours."""
        await held.wait()
        await keep_doing(
            chore,
            relay.shard.buckets,
            rota=self._rota,
            sleep=self._pace.sleep,
            going_on=lambda: not (relay.stopping or self.stop.is_set()),
        )

    async def _keep(self, relay: ShardRelay, held: asyncio.Event, *, until: "asyncio.Task[None]") -> None:
        """Renew the lease until the relay has ended, and let it end when another should have the shard.

        When the database is away, the fence decides what is still allowed.
        """
        while not until.done():
            await asyncio.sleep(self.policy.lease_seconds * 0.3)
            try:
                asker_has = await self.outbox.renew(
                    relay.shard, owner=self.owner, lease_seconds=self.policy.lease_seconds
                )
            except StoreUnavailable as error:
                _LOG.warning("lease not renewed: %s", error, extra={"shard": relay.shard.index})
                continue
            if relay.stopping:
                continue
            held.set()
            self._held.add(relay.shard.index)
            if asker_has is not None and self._has_too_many(asker_has):
                _LOG.info("shard is left to a relay that has fewer", extra={"shard": relay.shard.index})
                self._left_at = self._pace.seconds()
                self._held.discard(relay.shard.index)
                relay.stop()
                self._relays[relay].wake()

    def _has_too_many(self, asker_has: int) -> bool:
        """Tell whether one of our shards should be the asker's; one at a time, as its count may be an older one."""
        lately = self._pace.seconds() - self._left_at < self.policy.lease_seconds
        return len(self._held) > asker_has + 1 and not lately


async def _end(*tasks: "asyncio.Task[Any]") -> list[Exception]:
    """Cancel the tasks, wait for them, and return what went wrong in them."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]
