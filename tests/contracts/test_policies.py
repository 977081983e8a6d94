"""What all policies say, in memory, over HTTP, and remembered in Redis (C9)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest

from sale_adapters.memory import MemoryPolicies
from sale_adapters.redis.connection import connect
from sale_adapters.redis.policy_cache import CachedPolicies
from sale_domain.permissions import Effect, Permission
from sale_domain.port_errors import SisterUnavailable
from sale_domain.ports.sisters import Policies
from sisters_world import sisters_world


@attrs.frozen(kw_only=True)
class Subject:
    """Policies where a cashier may create and not cancel, an owner may all, and a cook has no say."""

    policies: Policies
    take_down: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "http", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    """Return memory, http, or a Redis server's URL, which only a fixture that is not async can ask for."""
    return str(request.getfixturevalue("redis_url") if request.param == "redis" else request.param)


@pytest.fixture
async def subject(kind: str) -> AsyncIterator[Subject]:
    if kind == "memory":
        yield _in_memory()
        return
    async with sisters_world() as world:
        await world.allow(
            {"role": "owner", "action": "*", "effect": "allow"},
            {"role": "cashier", "action": "SaleOrder.create", "effect": "allow"},
            {"role": "cashier", "action": "SaleOrder.cancel", "effect": "deny"},
        )
        if kind == "http":
            yield Subject(policies=world.policies, take_down=lambda: world.control("identity", down=True))
            return
        async with connect(kind) as redis:
            await redis.flushdb()
            cached = CachedPolicies(asked=world.policies, redis=redis, monotonic=world.monotonic)
            yield Subject(policies=cached, take_down=lambda: world.control("identity", down=True))


def _in_memory() -> Subject:
    memory = MemoryPolicies()
    memory.allow("owner")
    memory.allow("cashier", Permission.ORDER_CREATE)
    memory.deny("cashier", Permission.ORDER_CANCEL)

    async def take_down() -> None:
        memory.fail_with = SisterUnavailable(sister="identity", reason="it is away")

    return Subject(policies=memory, take_down=take_down)


@pytest.mark.parametrize(
    ("role", "permission", "effect"),
    [
        ("cashier", Permission.ORDER_CREATE, Effect.ALLOW),
        ("cashier", Permission.ORDER_CANCEL, Effect.DENY),
        ("cashier", Permission.ORDER_FIND, None),
        ("cook", Permission.ORDER_CREATE, None),
        ("owner", Permission.ORDER_CANCEL, Effect.ALLOW),
        ("đầu bếp & action=*", Permission.ORDER_CREATE, None),
    ],
)
async def test_a_role_is_allowed_denied_or_nothing_is_said(
    subject: Subject, role: str, permission: Permission, effect: Effect | None
) -> None:
    assert [await subject.policies.effect(role, permission) for _ in range(2)] == [effect, effect]


async def test_when_nobody_knows_it_is_said_and_not_guessed(subject: Subject) -> None:
    await subject.take_down()
    with pytest.raises(SisterUnavailable) as gone:
        await subject.policies.effect("cashier", Permission.ORDER_CREATE)
    assert gone.value.sister == "identity"
