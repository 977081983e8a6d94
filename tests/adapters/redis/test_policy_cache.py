"""Policies remembered in this process and in Redis; neither may be missed when it is gone (C9)."""

import asyncio
import logging
import re
import socket
import time
from collections.abc import AsyncIterator

import attrs
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError  # noqa: A004 - Redis' own

from sale_adapters.redis.connection import connect
from sale_adapters.redis.policy_cache import CachedPolicies, Freshness
from sale_domain.permissions import Effect, Permission
from sale_domain.port_errors import SisterUnavailable

CREATE = Permission.ORDER_CREATE
KEPT_SECONDS = 1_000.0
FRESHNESS = Freshness(process=10, redis=60, kept=KEPT_SECONDS, redis_rest=5)


@attrs.define
class Identity:
    """Says one thing of everything, and counts how often it is asked."""

    says: Effect | None = Effect.ALLOW
    is_down: bool = False
    asked: int = 0
    answers: asyncio.Event = attrs.Factory(asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.answers.set()

    async def effect(self, role: str, permission: Permission) -> Effect | None:  # noqa: ARG002 - the port's shape
        self.asked += 1
        await self.answers.wait()
        if self.is_down:
            raise SisterUnavailable(sister="identity", reason="it is away")
        return self.says


@attrs.define
class Process:
    """A process of Sale's with a memory of its own and a clock that only the test moves."""

    identity: Identity
    redis: Redis
    now: float = 1000.0
    limit: int = 10
    policies: CachedPolicies = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.policies = CachedPolicies(
            asked=self.identity,
            redis=self.redis,
            freshness=FRESHNESS,
            limit=self.limit,
            monotonic=lambda: self.now,
        )

    async def effect(self, role: str = "cashier") -> Effect | None:
        return await self.policies.effect(role, CREATE)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(redis_url) as redis:
        await redis.flushdb()
        yield redis


@pytest.fixture
async def no_redis() -> AsyncIterator[Redis]:
    """Yield a client of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with connect(_url(silent), timeout_seconds=0.05) as redis:
            yield redis


def _url(server: socket.socket) -> str:
    return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


async def grow_old(redis: Redis, seconds: float) -> None:
    """Let what Redis knows be as old as that."""
    for name in await redis.keys("*"):
        await redis.pexpire(name, int((KEPT_SECONDS - seconds) * 1_000))


@pytest.mark.parametrize("said", [Effect.ALLOW, Effect.DENY, None])
async def test_an_answer_is_remembered_here_for_a_while_and_then_in_redis(redis: Redis, said: Effect | None) -> None:
    identity = Identity(said)
    process = Process(identity, redis)
    assert await process.effect() is said
    await redis.flushdb()
    process.now += 9.9
    assert await process.effect() is said
    assert identity.asked == 1
    process.now += 0.2
    assert await process.effect() is said
    assert identity.asked == 2
    process.now += 10
    assert await process.effect() is said
    assert identity.asked == 2, "Redis knows"


async def test_what_one_process_has_learnt_the_others_know(redis: Redis) -> None:
    identity = Identity()
    for _ in range(3):
        assert await Process(identity, redis).effect() is Effect.ALLOW
    assert identity.asked == 1


async def test_every_role_and_every_permission_has_an_answer_of_its_own(redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, redis)
    assert await process.effect() is Effect.ALLOW
    identity.says = Effect.DENY
    assert await process.effect("cook") is Effect.DENY
    assert await process.policies.effect("cashier", Permission.ORDER_CANCEL) is Effect.DENY
    assert await process.effect() is Effect.ALLOW


async def test_a_change_of_mind_is_seen_when_redis_answer_is_a_minute_old(redis: Redis) -> None:
    identity = Identity()
    await Process(identity, redis).effect()
    identity.says = Effect.DENY
    await grow_old(redis, 44)
    assert await Process(identity, redis).effect() is Effect.ALLOW
    await grow_old(redis, 60)
    assert await Process(identity, redis).effect() is Effect.DENY
    assert await Process(identity, redis).effect() is Effect.DENY
    assert identity.asked == 2


async def test_an_answer_is_asked_for_again_before_it_is_too_old_and_nobody_waits_for_that(redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, redis)
    await process.effect()
    identity.says = Effect.DENY
    identity.answers.clear()
    await grow_old(redis, 50)
    process.now += 10
    async with asyncio.timeout(1):
        assert [await process.effect(), await Process(identity, redis).effect()] == [Effect.ALLOW] * 2
    identity.answers.set()
    await asyncio.gather(*process.policies._renewals.values())
    assert await process.effect() is Effect.DENY
    assert await Process(identity, redis).effect() is Effect.DENY
    assert identity.asked == 3


async def test_nobody_who_has_an_answer_waits_for_an_identity_that_has_just_failed(redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, redis)
    await process.effect()
    await grow_old(redis, 900)
    identity.is_down = True
    process.now += 10
    assert await process.effect() is Effect.ALLOW
    identity.answers.clear()
    async with asyncio.timeout(1):
        for _ in range(6):
            process.now += 9.9
            assert await process.effect() is Effect.ALLOW
    await asyncio.sleep(0)
    assert identity.asked == 3, "the second is still under way"


async def test_while_identity_is_down_the_last_answer_holds(redis: Redis) -> None:
    identity = Identity(Effect.DENY)
    await Process(identity, redis).effect()
    await grow_old(redis, 900)
    identity.is_down = True
    assert await Process(identity, redis).effect() is Effect.DENY
    identity.is_down, identity.says = False, Effect.ALLOW
    assert await Process(identity, redis).effect() is Effect.ALLOW


async def test_when_nobody_knows_it_is_said(redis: Redis) -> None:
    identity = Identity(is_down=True)
    process = Process(identity, redis)
    with pytest.raises(SisterUnavailable):
        await process.effect()
    identity.is_down = False
    assert await process.effect() is Effect.ALLOW


@pytest.mark.parametrize("written", ["ALLOW", "", "garbage", b"\xff"])
async def test_what_redis_should_not_hold_is_not_believed(redis: Redis, written: str | bytes) -> None:
    identity = Identity(Effect.DENY)
    await Process(identity, redis).effect()
    [name] = await redis.keys("*")
    await redis.set(name, written, px=1_000_000)
    assert await Process(identity, redis).effect() is Effect.DENY
    assert identity.asked == 2


async def test_a_key_of_another_kind_is_an_accident_like_any_other(redis: Redis) -> None:
    identity = Identity()
    await Process(identity, redis).effect()
    [name] = await redis.keys("*")
    await redis.delete(name)
    await redis.rpush(name, "allow")
    assert await Process(identity, redis).effect() is Effect.ALLOW
    assert identity.asked == 2


async def test_without_redis_identity_is_asked_soon_and_redis_is_left_alone_for_a_while(no_redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, no_redis)
    began = time.monotonic()
    for n in range(100):
        assert await process.effect(f"role-{n}") is Effect.ALLOW
    assert time.monotonic() - began < 2
    assert identity.asked == 100


async def test_without_redis_and_identity_this_process_trusts_its_memory_and_nothing_else(no_redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, no_redis)
    await process.effect()
    identity.is_down = True
    process.now += 10_000
    assert await process.effect() is Effect.ALLOW
    with pytest.raises(SisterUnavailable):
        await process.effect("cook")


async def test_redis_that_is_back_is_used_again(redis: Redis, no_redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, no_redis)
    await process.effect()
    process.policies._redis = redis
    process.now += 4.9
    await process.effect("cook")
    assert await redis.keys("*") == []
    process.now += 0.2
    await process.effect("waiter")
    assert await redis.keys("*") == [b"sale:policy:SaleOrder.create:waiter"]


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        ("+set", "policies cannot be read in Redis, .*permissions"),
        ("+get +pttl +multi +exec", "policies cannot be kept"),
    ],
)
async def test_what_redis_refuses_is_said_once_until_it_works_again(
    rights: str, said: str, redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    counts: list[int] = []
    url = redis_url.replace("redis://", "redis://limited:lotus@")  # pragma: allowlist secret
    async with connect(url) as limited:
        process = Process(Identity(), limited)
        for given in (rights, "+@all", rights):
            await redis.acl_setuser(
                "limited", enabled=True, reset=True, passwords=["+lotus"], keys=["*"], commands=given.split()
            )
            for role in ("cashier", "cook", "waiter"):
                process.now += 10.1
                assert await process.effect(f"{role} {len(counts)}") is Effect.ALLOW
            counts.append(len(caplog.records))
    await redis.acl_deluser("limited")

    assert counts == [1, 1, 2]
    assert re.match(said, caplog.messages[0])


async def test_memory_is_bounded_and_forgets_the_oldest(no_redis: Redis) -> None:
    identity = Identity()
    process = Process(identity, no_redis, limit=2)
    await process.effect("cashier")
    process.now += 5
    await process.effect("cook")
    process.now += 5
    for role in ("cashier", "waiter", "cashier", "waiter"):
        await process.effect(role)
    assert identity.asked == 4
    await process.effect("cook")
    assert identity.asked == 5


async def test_a_refused_connection_is_a_redis_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = _url(server)
    async with connect(url) as redis:
        with pytest.raises(ConnectionError):
            await redis.ping()
        assert await Process(Identity(), redis).effect() is Effect.ALLOW
