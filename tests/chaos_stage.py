"""The demo's stage with two relays over two shards, and somebody who kills and pauses what is on it."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping

import attrs

from sale_adapters.embedded import ChildProcess
from sale_app.demo.stage import Stage

SECOND_RELAY = "relay-2"
LEASE_SECONDS = 5.0
_BACK_WITHIN_SECONDS = 120.0

# How often each happens, against the others; Kafka takes the longest to come back.
TROUBLES: Mapping[tuple[str, str], int] = {
    ("kill", "relay"): 4,
    ("kill", SECOND_RELAY): 4,
    ("kill", "serve"): 5,
    ("kill", "postgres"): 4,
    ("kill", "kafka"): 2,
    ("kill", "redis"): 2,
    ("kill", "sandbox"): 2,
    ("pause", "relay"): 1,
    ("pause", SECOND_RELAY): 1,
    ("pause", "serve"): 1,
}


@attrs.define(kw_only=True)
class ChaosStage(Stage):
    """A stage whose mq-pay delivers by way of a witness, and which knows what is down.

    Attributes:
        witness_url: Where mq-pay delivers.
    """

    witness_url: str
    down: set[str] = attrs.field(factory=set)
    said: list[str] = attrs.field(factory=list)

    @property
    def webhook(self) -> str:
        """See `Stage`; the way round by the witness."""
        return self.witness_url

    @property
    def straight_webhook(self) -> str:
        """Return where the witness passes on to."""
        return f"{self.http}/webhooks/payment"

    def environment(self) -> Mapping[str, str]:
        """See `Stage`."""
        return {**Stage.environment(self), "SALE_RELAY_SHARDS": "2"}

    def hear(self, name: str, sentence: str) -> None:
        """Remember what is down and what came back; `tell` of the stage."""
        self.said.append(f"{time.monotonic():.1f} {name}: {sentence}")
        if sentence == "is back":
            self.down.discard(name)
        elif sentence.startswith(("died", "does not come back")):
            self.down.add(name)

    async def start(self) -> None:
        """See `Stage`; with a second relay."""
        await Stage.start(self)
        await self._start(SECOND_RELAY)

    def pid(self, name: str) -> int:
        """Return the process id of a part or a process of ours."""
        parts = {part.name: part.process.pid for part in self.parts.running}
        return parts[name] if name in parts else self.children[name].pid

    def runs(self, name: str) -> bool:
        """Say whether a part is up and not on its way back."""
        processes = {part.name: part.process for part in self.parts.running} | self.children
        return name not in self.down and processes[name].running

    async def _start(self, name: str) -> None:
        if name != SECOND_RELAY:
            await Stage._start(self, name)
            return
        self.children[name] = ChildProcess(
            name="sale relay",
            argv=(sys.executable, "-m", "sale_app", "relay"),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **self.environment()},
            log=self.data_dir / f"{name}.log",
        )
        await self.children[name].start()


@attrs.define(kw_only=True)
class Troublemaker:
    """Does terrible things to a stage, by one seed; the interleaving is the machine's own.

    Attributes:
        done: How often each thing was done.
        paused: Processes that stand still now, and who lets them walk on.
    """

    stage: ChaosStage
    chance: random.Random
    done: Counter[str] = attrs.field(factory=Counter)
    paused: dict[int, asyncio.Task[None]] = attrs.field(factory=dict)

    async def cycle(self, number: int) -> None:
        """Wait a moment, strike once or twice, and mostly wait until everything is back."""
        await asyncio.sleep(self.chance.random() * 0.8)
        struck = [await self._strike(number) for _ in range(self.chance.choice([1, 1, 2]))]
        if self.chance.random() < 0.75:
            await self.until_back({name: pid for name, pid in struck if pid})

    async def until_back(self, killed: Mapping[str, int]) -> None:
        """Wait until others run in the place of the killed, and nothing is down."""
        async with asyncio.timeout(_BACK_WITHIN_SECONDS):
            while self.stage.down or any(self.stage.pid(name) == pid for name, pid in killed.items()):  # noqa: ASYNC110 - processes set no event
                await asyncio.sleep(0.05)

    async def until_all_is_well(self) -> None:
        """Wait until nobody stands still and nothing is down."""
        await asyncio.gather(*self.paused.values())
        await self.until_back({})

    def let_go(self) -> None:
        """Let everybody walk on who stands still."""
        for pid in self.paused:
            _signal(pid, signal.SIGCONT)

    async def _strike(self, number: int) -> tuple[str, int]:
        """Kill, or pause for longer than a lease; return what was killed, with 0 for nothing."""
        await asyncio.sleep(self.chance.random() * 0.3)
        (kind, name), *_ = self.chance.choices(list(TROUBLES), weights=list(TROUBLES.values()))
        seconds = LEASE_SECONDS + 0.5 + self.chance.random() * 1.5
        pid = self.stage.pid(name)
        if not self.stage.runs(name) or pid in self.paused:
            self.done[f"{name} was down already"] += 1
            return name, 0
        self.done[f"{kind} {name}"] += 1
        print(f"cycle {number}: {kind} {name} (pid {pid})", flush=True)  # noqa: T201 - a chaos run is read by people
        if kind == "kill":
            _signal(pid, signal.SIGKILL)
            return name, pid
        # The next ones are struck meanwhile.
        self.paused[pid] = asyncio.create_task(self._stand_still(pid, seconds))
        return name, 0

    async def _stand_still(self, pid: int, seconds: float) -> None:
        _signal(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        _signal(pid, signal.SIGCONT)
        del self.paused[pid]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
