"""What a token must be to prove anything (C8, contract §9)."""

from datetime import UTC, datetime

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from forged_tokens import ATTACKS, NOW, PUBLISHED, base64url, but, signed
from sale_adapters.sisters.identity import _MOST_PROVEN, JwksTokenVerifier
from sale_adapters.sisters.keys import SigningKeys
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sale_domain.port_errors import Unauthenticated
from sisters_world import RULES, ScriptedSister, sisters_world

LAN = Principal(
    user_id=UserId("lan"),
    roles=frozenset({"cashier"}),
    merchants=frozenset({MerchantId("merchant-1"), MerchantId("merchant-2")}),
)


@attrs.define
class Now:
    """Stands still until it is set."""

    seconds: float = NOW

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


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


async def test_a_token_that_was_good_before_is_not_when_identity_has_withdrawn_its_key() -> None:
    published = [PUBLISHED]
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json={"keys": published}))
    keys = SigningKeys(transport=sister.transport(), monotonic=sister.monotonic)
    verify, token = JwksTokenVerifier(keys=keys, rules=RULES, clock=Now()).verify, signed()
    assert [await verify(token) for _ in range(3)] == [await verify(token)] * 3

    published[0] = {**PUBLISHED, "kid": "the-next"}
    sister.now += 301

    with pytest.raises(Unauthenticated, match="not signed with a key of identity"):
        await verify(token)


async def test_a_token_that_was_good_before_is_not_when_another_key_has_got_its_name() -> None:
    published = [PUBLISHED]
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json={"keys": published}))
    keys = SigningKeys(transport=sister.transport(), monotonic=sister.monotonic)
    verify, token = JwksTokenVerifier(keys=keys, rules=RULES, clock=Now()).verify, signed()
    await verify(token)

    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    published[0] = {**PUBLISHED, **ECAlgorithm.to_jwk(other, as_dict=True)}
    sister.now += 301

    with pytest.raises(Unauthenticated, match="signature"):
        await verify(token)


async def test_a_token_that_was_good_before_expires() -> None:
    sister = ScriptedSister(name="identity", answer=lambda _: httpx.Response(200, json={"keys": [PUBLISHED]}))
    keys, clock = SigningKeys(transport=sister.transport(), monotonic=sister.monotonic), Now()
    verify, token = JwksTokenVerifier(keys=keys, rules=RULES, clock=clock).verify, but(exp=NOW + 60)
    await verify(token)

    clock.seconds += 70

    with pytest.raises(Unauthenticated, match="expired"):
        await verify(token)


async def test_only_some_thousands_of_tokens_are_remembered() -> None:
    subject = verifier()
    for n in range(_MOST_PROVEN + 3):
        await subject.verify(but(jti=n))

    assert len(subject._proven) == _MOST_PROVEN


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
