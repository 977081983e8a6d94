"""What a token must be to prove anything (C8, contract §9)."""

from datetime import UTC, datetime

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forged_tokens import ATTACKS, NOW, PUBLISHED, base64url, but, signed
from sale_adapters.sisters.identity import JwksTokenVerifier
from sale_adapters.sisters.keys import SigningKeys
from sale_domain.errors import Unauthenticated
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sisters_world import RULES, ScriptedSister, sisters_world

LAN = Principal(
    user_id=UserId("lan"),
    roles=frozenset({"cashier"}),
    merchants=frozenset({MerchantId("merchant-1"), MerchantId("merchant-2")}),
)


class Now:
    """Stands still."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


def verifier() -> JwksTokenVerifier:
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json={"keys": [PUBLISHED]}))
    keys = SigningKeys(transport=sister.transport(), monotonic=sister.monotonic)
    return JwksTokenVerifier(keys=keys, rules=RULES, clock=Now())


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(typ="at+jwt"),
        but(aud=["others", "sale"]),
        but(exp=NOW - 9),
        but(exp=NOW + 0.5),
        but(nbf=NOW + 9),
        but(iat=...),
        but(organizers="whatever", extra={"x": 1}),
    ],
)
async def test_a_good_token_speaks_for_its_user(token: str) -> None:
    assert attrs.evolve(await verifier().verify(token), expires_at=None) == LAN


@pytest.mark.parametrize(
    ("exp", "expires_at"),
    [
        (NOW + 60, datetime.fromtimestamp(NOW + 60, UTC)),
        (NOW + 0.5, datetime.fromtimestamp(NOW + 0.5, UTC)),
        (10**15, None),
        (10**18, None),
        (10**400, None),
    ],
    ids=["soon", "in half a second", "beyond the calendar", "in nanoseconds", "beyond any float"],
)
async def test_the_principal_says_when_its_token_ends(exp: float, expires_at: datetime | None) -> None:
    assert (await verifier().verify(but(exp=exp))).expires_at == expires_at


async def test_a_user_may_have_no_role_and_no_merchant() -> None:
    principal = await verifier().verify(but(roles=[], merchants=[]))
    assert (principal.roles, principal.merchants) == (frozenset(), frozenset())


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_token_that_is_not_good_proves_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier().verify(token)


async def test_any_change_of_any_letter_proves_nothing() -> None:
    verify, token = verifier().verify, signed()
    # The last letter has bits that say nothing.
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Unauthenticated):
            await verify(changed)


@given(st.text() | st.binary().map(lambda data: f"{base64url(data)}.e30.AAAA"))
async def test_no_text_at_all_is_an_accident(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier().verify(token)


async def test_the_reason_never_shows_the_token() -> None:
    token = but(userId=7)
    with pytest.raises(Unauthenticated) as refused:
        await verifier().verify(token)
    assert str(refused.value) == "The token's claim userId cannot be used."


async def test_tokens_of_the_sandbox_hold_until_they_expire() -> None:
    async with sisters_world() as world:
        token = await world.issue(userId="lan", roles=["cashier"], merchants=["merchant-1"], expiresIn=60)
        assert (await world.verifier.verify(token)).user_id == "lan"
        await world.box.wait(69)
        assert (await world.verifier.verify(token)).user_id == "lan"
        await world.box.wait(1)
        with pytest.raises(Unauthenticated, match="expired"):
            await world.verifier.verify(token)
        with pytest.raises(Unauthenticated, match="claim userId"):
            await world.verifier.verify(await world.tokens.token())
