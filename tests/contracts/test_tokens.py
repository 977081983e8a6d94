"""What everyone who verifies tokens does, in memory and with identity's keys (C8)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest

from sale_adapters.memory import MemoryTokens
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sale_domain.port_errors import SisterUnavailable, Unauthenticated
from sale_domain.ports.sisters import TokenVerifier
from sisters_world import sisters_world


@attrs.frozen(kw_only=True)
class Subject:
    verifier: TokenVerifier
    lans_token: str
    take_down: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "jwks"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "memory":
        yield _in_memory()
        return
    async with sisters_world() as world:
        token = await world.issue(userId="lan", roles=["cashier", "cook"], merchants=["merchant-1"])
        yield Subject(verifier=world.verifier, lans_token=token, take_down=lambda: world.control("identity", down=True))


def _in_memory() -> Subject:
    memory = MemoryTokens()
    memory.issue("a-token-of-lan", user_id="lan", roles=("cashier", "cook"), merchants=("merchant-1",))

    async def take_down() -> None:
        memory.fail_with = SisterUnavailable(sister="identity", reason="it is away")

    return Subject(verifier=memory, lans_token="a-token-of-lan", take_down=take_down)


async def test_a_good_token_speaks_for_its_user(subject: Subject) -> None:
    principal = await subject.verifier.verify(subject.lans_token)
    # When the token ends is identity's affair.
    assert attrs.evolve(principal, expires_at=None) == Principal(
        user_id=UserId("lan"),
        roles=frozenset({"cashier", "cook"}),
        merchants=frozenset({MerchantId("merchant-1")}),
    )


@pytest.mark.parametrize("change", [lambda _: "", lambda _: "nonsense", lambda token: token + "x", str.swapcase])
async def test_anything_else_proves_nothing(subject: Subject, change: Callable[[str], str]) -> None:
    with pytest.raises(Unauthenticated):
        await subject.verifier.verify(change(subject.lans_token))


async def test_an_identity_that_is_away_from_the_beginning_is_said_to_be(subject: Subject) -> None:
    await subject.take_down()
    with pytest.raises(SisterUnavailable) as gone:
        await subject.verifier.verify(subject.lans_token)
    assert gone.value.sister == "identity"
