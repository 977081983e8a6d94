"""Policies that are remembered: in this process, then in Redis, then identity is asked (C9).

When identity is down, the last known answer goes on holding; when nobody knows, the door stays closed. Who asks what is
known and may still be used does not wait for identity: it is asked again behind the scenes.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

import attrs
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sale_domain.permissions import Effect, Permission
from sale_domain.port_errors import SisterUnavailable
from sale_domain.ports.sisters import Policies

_LOG = logging.getLogger("sale.redis")
_SAID = {b"allow": Effect.ALLOW, b"deny": Effect.DENY, b"none": None}
_Question = tuple[str, Permission]


@attrs.frozen(kw_only=True)
class Freshness:
    """How long an answer is good, in seconds. Identity's change of mind is seen after the first two together.

    Attributes:
        process: In this process's memory.
        renew: In Redis, before identity is asked again behind the scenes.
        redis: In Redis, for all processes, before that is waited for; and for how long after a question to identity
            failed nobody waits for it who has an answer at hand.
        kept: In Redis, for when identity is down.
        redis_rest: How long Redis is left alone after it failed.
    """

    process: float = 10.0
    renew: float = 45.0
    redis: float = 60.0
    kept: float = 7 * 86_400.0
    redis_rest: float = 5.0


@attrs.frozen(kw_only=True)
class _Known:
    effect: Effect | None
    age_seconds: float


class CachedPolicies:
    """Keep the port `Policies` around one that has to ask. That Redis is down is never an error by itself."""

    def __init__(
        self,
        *,
        asked: Policies,
        redis: Redis,
        freshness: Freshness | None = None,
        limit: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember what ``asked`` says.

        Args:
            asked: knows the truth, or raises `SisterUnavailable`.
            redis: a client with short time-outs, as `connect` makes it.
            freshness: how long an answer is good.
            limit: how many answers this process remembers.
            monotonic: seconds that never go back.
        """
        self._asked = asked
        self._redis = redis
        self._freshness = freshness or Freshness()
        self._limit = limit
        self._monotonic = monotonic
        self._here: dict[_Question, tuple[Effect | None, float]] = {}
        self._redis_rests_until = self._identity_is_away_until = float("-inf")
        self._renewals: dict[_Question, asyncio.Task[None]] = {}
        self._failing: set[str] = set()

    async def effect(self, role: str, permission: Permission) -> Effect | None:
        """Return what a role's policy says of a permission; None when it has no opinion.

        Raises:
            SisterUnavailable: identity is down, and nobody remembers what it said.
        """
        question = (role, permission)
        here = self._here.get(question)
        if here is not None and self._monotonic() < here[1]:
            return here[0]
        effect = await self._effect(question)
        self._remember(question, effect)
        return effect

    async def _effect(self, question: _Question) -> Effect | None:
        known = await self._in_redis(question)
        if known is None and question in self._here:
            known = _Known(effect=self._here[question][0], age_seconds=float("inf"))
        if known is None:
            return await self._answer(question)
        if known.age_seconds < self._freshness.renew:
            return known.effect
        if known.age_seconds < self._freshness.redis or self._monotonic() < self._identity_is_away_until:
            self._renew(question)
            return known.effect
        try:
            return await self._answer(question)
        except SisterUnavailable:
            return known.effect

    async def _answer(self, question: _Question) -> Effect | None:
        try:
            effect = await self._asked.effect(*question)
        except SisterUnavailable:
            self._identity_is_away_until = self._monotonic() + self._freshness.redis
            raise
        self._identity_is_away_until = float("-inf")
        await self._tell_redis(question, effect)
        return effect

    def _renew(self, question: _Question) -> None:
        """Ask identity, without waiting for it."""
        if question not in self._renewals:
            task = self._renewals[question] = asyncio.create_task(self._renewed(question))
            task.add_done_callback(partial(self._landed, question))

    async def _renewed(self, question: _Question) -> None:
        self._remember(question, await self._answer(question))

    def _landed(self, question: _Question, task: asyncio.Task[None]) -> None:
        del self._renewals[question]
        if not task.cancelled():
            task.exception()  # that identity is away, nobody waits to hear

    def _remember(self, question: _Question, effect: Effect | None) -> None:
        self._here.pop(question, None)  # so that the dict's order is that of age
        self._here[question] = (effect, self._monotonic() + self._freshness.process)
        if len(self._here) > self._limit:
            del self._here[next(iter(self._here))]

    async def _in_redis(self, question: _Question) -> _Known | None:
        if self._monotonic() < self._redis_rests_until:
            return None
        try:
            async with self._redis.pipeline(transaction=True) as both:
                both.get(_name(question))
                both.pttl(_name(question))
                said, left = await both.execute()
        except (RedisError, OSError) as failure:
            self._let_redis_rest("read", failure)
            return None
        self._failing.discard("read")
        if said not in _SAID:
            return None
        return _Known(effect=_SAID[said], age_seconds=self._freshness.kept - left / 1_000)

    async def _tell_redis(self, question: _Question, effect: Effect | None) -> None:
        if self._monotonic() < self._redis_rests_until:
            return
        said = "none" if effect is None else effect.value
        try:
            await self._redis.set(_name(question), said, px=int(self._freshness.kept * 1_000))
        except (RedisError, OSError) as failure:
            self._let_redis_rest("kept", failure)
        else:
            self._failing.discard("kept")

    def _let_redis_rest(self, doing: str, failure: Exception) -> None:
        """Leave Redis alone for a while, and say why: once, until the same works again."""
        self._redis_rests_until = self._monotonic() + self._freshness.redis_rest
        if doing not in self._failing:
            self._failing.add(doing)
            _LOG.warning("policies cannot be %s in Redis, and are asked of identity more often: %s", doing, failure)


def _name(question: _Question) -> str:
    role, permission = question
    return f"sale:policy:{permission.value}:{role}"
