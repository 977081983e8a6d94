"""PostgreSQL, Redis and Kafka together: started at the same time, stopped together, one directory for all."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import attrs

from sale_adapters.embedded.directory import exclusive
from sale_adapters.embedded.errors import PartUnavailable
from sale_adapters.embedded.kafka import EmbeddedKafka
from sale_adapters.embedded.postgres import EmbeddedPostgres
from sale_adapters.embedded.process import ChildProcess
from sale_adapters.embedded.redis import EmbeddedRedis

PartProgress = Callable[[str, str], None]


def _silent(part: str, message: str) -> None:
    """Take the news of a part and keep it to oneself."""


class Part(Protocol):
    """What the three have in common; after a death `start` brings the part back, on the same port if it is free."""

    name: str
    process: ChildProcess

    async def start(self) -> None:
        """Start, and return when the part answers."""

    async def stop(self) -> None:
        """Stop in good order; no effect when it does not run."""


@attrs.define(kw_only=True)
class EmbeddedParts:
    """All parts as an async context manager. Without a network to fetch Kafka the others start all the same.

    Attributes:
        data_dir: The home of all data; used by one process at a time, and again and again.
        on_progress: Gets the part's name and a sentence, at each step of each part.
        durable: See `EmbeddedPostgres`.
        unavailable: Why a part is not there, by its name; only Kafka may be missing.
    """

    data_dir: Path
    on_progress: PartProgress = _silent
    durable: bool = True
    postgres: EmbeddedPostgres = attrs.field(init=False)
    redis: EmbeddedRedis = attrs.field(init=False)
    kafka: EmbeddedKafka = attrs.field(init=False)
    unavailable: dict[str, str] = attrs.field(factory=dict, init=False)
    _exit: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        """Make the parts, unstarted."""
        home, tell = self.data_dir, self.on_progress
        self.postgres = EmbeddedPostgres(
            data_dir=home / "postgres", durable=self.durable, on_progress=partial(tell, EmbeddedPostgres.name)
        )
        self.redis = EmbeddedRedis(data_dir=home / "redis", on_progress=partial(tell, EmbeddedRedis.name))
        self.kafka = EmbeddedKafka(data_dir=home / "kafka", on_progress=partial(tell, EmbeddedKafka.name))

    @property
    def running(self) -> tuple[Part, ...]:
        """Return the parts that were started and are not known to be unavailable."""
        return tuple(part for part in self._all if part.name not in self.unavailable)

    @property
    def _all(self) -> tuple[Part, ...]:
        return self.postgres, self.redis, self.kafka

    async def __aenter__(self) -> Self:
        """Start every part at the same time; when one fails, stop the others again.

        Raises:
            DirectoryInUse: Another process uses the directory.
            PartUnavailable: PostgreSQL or Redis cannot be had.
            PartFailed: A part ended or did not answer.
        """
        async with AsyncExitStack() as starting:
            # Refuse a second demo at once: it is only the children of a killed one that are waited for.
            await starting.enter_async_context(exclusive(self.data_dir / "lock", timeout_seconds=0))
            starting.push_async_callback(self._stop)
            try:
                async with asyncio.TaskGroup() as group:
                    for part in self._all:
                        group.create_task(self._start(part))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None
            self._exit = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every part and let go of the directory."""
        await self._exit.aclose()

    async def _start(self, part: Part) -> None:
        try:
            await part.start()
        except PartUnavailable as reason:
            if part.name != EmbeddedKafka.name:
                raise
            self.unavailable[part.name] = str(reason)
            self.on_progress(part.name, f"not available: {reason}")

    async def _stop(self) -> None:
        await asyncio.gather(*(part.stop() for part in self._all))
