"""Policies that are remembered: in this process, then in Redis, then identity is asked (C9).

When identity is down, the last known answer goes on holding; when nobody knows, the door stays closed.
"""

import time
from collections.abc import Callable

import attrs
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sale_domain.errors import SisterUnavailable
from sale_domain.permissions import Effect, Permission
from sale_domain.ports.sisters import Policies

_SAID = {b"allow": Effect.ALLOW, b"deny": Effect.DENY, b"none": None}
_Question = tuple[str, Permission]


@attrs.frozen(kw_only=True)
class Freshness:
    """How long an answer is good, in seconds. Identity's change of mind is seen after the first two together.

    Attributes:
        process: In this process's memory.
        redis: In Redis, for all processes.
        kept: In Redis, for when identity is down.
        redis_rest: How long Redis is left alone after it failed.
    """

    process: float = 10.0
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
        self._redis_rests_until = float("-inf")

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
        if known is not None and known.age_seconds < self._freshness.redis:
            return known.effect
        try:
            effect = await self._asked.effect(*question)
        except SisterUnavailable:
            if known is not None:
                return known.effect
            if question in self._here:
                return self._here[question][0]
            raise
        await self._tell_redis(question, effect)
        return effect

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
        except (RedisError, OSError):
            self._redis_rests_until = self._monotonic() + self._freshness.redis_rest
            return None
        if said not in _SAID:
            return None
        return _Known(effect=_SAID[said], age_seconds=self._freshness.kept - left / 1_000)

    async def _tell_redis(self, question: _Question, effect: Effect | None) -> None:
        if self._monotonic() < self._redis_rests_until:
            return
        said = "none" if effect is None else effect.value
        try:
            await self._redis.set(_name(question), said, px=int(self._freshness.kept * 1_000))
        except (RedisError, OSError):
            self._redis_rests_until = self._monotonic() + self._freshness.redis_rest


def _name(question: _Question) -> str:
    role, permission = question
    return f"sale:policy:{permission.value}:{role}"
