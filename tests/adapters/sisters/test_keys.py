"""Identity's keys: fetched rarely whatever callers bring, and known while identity is away (C8)."""

import asyncio
from typing import Any

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from sale_adapters.sisters.keys import SigningKeys
from sale_domain.port_errors import SisterUnavailable
from sisters_world import ScriptedSister, gone


def jwk(kid: str, curve: ec.EllipticCurve | None = None, **more: object) -> dict[str, Any]:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


@attrs.define
class Identity:
    """Publishes keys, or whatever else a test wants it to answer."""

    published: Any = attrs.Factory(lambda: [jwk("k1")])
    is_down: bool = False
    retries: int = 0
    sister: ScriptedSister = attrs.field(init=False)
    keys: SigningKeys = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.sister = ScriptedSister(name="identity", answer=self.answer, retries=self.retries)
        self.keys = SigningKeys(transport=self.sister.transport(), monotonic=self.sister.monotonic)

    def answer(self, request: httpx.Request) -> httpx.Response:
        return gone(request) if self.is_down else httpx.Response(200, json={"keys": self.published})

    @property
    def fetches(self) -> int:
        return len(self.sister.seen)

    async def known(self, kid: str) -> bool:
        return await self.keys.find(kid) is not None

    async def has_answered(self) -> None:
        await asyncio.gather(*self.keys._flights._tasks.values())


async def test_keys_are_fetched_once_for_all_who_need_them() -> None:
    identity = Identity()
    assert all(await asyncio.gather(*(identity.known("k1") for _ in range(50))))
    assert (identity.fetches, identity.sister.seen[0].url.path) == (1, "/jw-certs")


async def test_a_new_key_is_found_when_the_first_token_shows_it() -> None:
    identity = Identity()
    assert await identity.known("k1")
    identity.sister.now += 10
    identity.published = [jwk("k1"), jwk("k2")]
    assert await identity.known("k2")
    assert identity.fetches == 2


@pytest.mark.parametrize("is_down", [False, True])
async def test_ten_thousand_unknown_keys_cost_one_fetch_per_cool_down(*, is_down: bool) -> None:
    identity = Identity()
    assert await identity.known("k1")
    identity.is_down = is_down
    identity.sister.now += 10
    for n in range(10_000):
        assert not await identity.known(f"random-{n}")
    assert identity.fetches == 2
    assert await identity.known("k1")
    identity.sister.now += 10
    for n in range(100):
        assert not await identity.known(f"random-{n}")
    assert identity.fetches == 3


async def test_known_keys_go_on_serving_during_hours_of_outage_and_then_are_fetched_again() -> None:
    identity = Identity()
    assert await identity.known("k1")
    identity.is_down = True
    for _ in range(3 * 3600):
        identity.sister.now += 1
        assert await identity.known("k1")
        await identity.has_answered()
    assert 3 * 3600 / 10 - 25 < identity.fetches < 3 * 3600 / 10 + 2
    identity.is_down = False
    identity.published = [jwk("k2")]
    identity.sister.now += 10
    assert await identity.known("k1"), "what is known does not wait for an identity that was down"
    await identity.has_answered()
    assert not await identity.known("k1")
    assert await identity.known("k2")


async def test_a_known_key_never_waits_for_a_slow_identity() -> None:
    identity = Identity()
    assert await identity.known("k1")
    asked = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        asked.set()
        return await asyncio.Future()

    identity.sister.answer = never  # type: ignore[assignment]  # httpx awaits it
    identity.sister.now += 240
    async with asyncio.timeout(1):
        assert await identity.known("k1")
        await asked.wait()
        identity.sister.now += 59
        assert await identity.known("k1")
    assert identity.fetches == 2


async def test_without_keys_a_fetch_is_tried_again_and_with_keys_the_cool_down_is_the_retry() -> None:
    identity = Identity(is_down=True, retries=3)
    with pytest.raises(SisterUnavailable):
        await identity.known("k1")
    assert identity.fetches == 4
    identity.is_down = False
    identity.sister.now += 10
    assert await identity.known("k1")
    identity.is_down = True
    identity.sister.now += 240
    for _ in range(6):
        identity.sister.now += 10
        assert await identity.known("k1")
        assert not await identity.known("random")
    assert identity.fetches == 5 + 6


async def test_a_withdrawn_key_is_forgotten_when_the_keys_are_five_minutes_old() -> None:
    identity = Identity()
    assert await identity.known("k1")
    identity.published = [jwk("k2")]
    identity.sister.now += 299
    assert await identity.known("k1")
    identity.sister.now += 1
    assert not await identity.known("k1")


async def test_keys_that_were_never_had_are_identitys_fault_and_asked_for_after_the_cool_down() -> None:
    identity = Identity(is_down=True)
    for _ in range(100):
        with pytest.raises(SisterUnavailable, match="the connection failed"):
            await identity.known("k1")
    assert identity.fetches == 1
    identity.is_down = False
    identity.sister.now += 10
    assert await identity.known("k1")


async def test_a_caller_who_goes_away_does_not_end_the_fetch_of_the_others() -> None:
    identity = Identity()
    first, second = (asyncio.create_task(identity.known("k1")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert identity.fetches == 1


async def test_only_keys_for_the_algorithm_are_known() -> None:
    rsa_key = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
    private = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    identity = Identity(
        [
            jwk("good", alg="ES256", use="sig", x5t="ignored"),
            jwk("also-good"),
            jwk("for-encryption", use="enc"),
            jwk("other-curve", ec.SECP384R1()),
            jwk("other-algorithm", alg="ES384"),
            {**rsa_key, "kid": "rsa"},
            {**rsa_key, "kid": "rsa-named-es256", "alg": "ES256"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret-named-es256", "alg": "ES256"},
            {**private, "kid": "private"},
            {**jwk("broken"), "x": 7},
            {**jwk("short"), "x": "AAAA"},
            {**jwk("no-point"), "y": jwk("other")["y"]},
            jwk("none", alg="none"),
            {name: value for name, value in jwk("nameless").items() if name != "kid"},
            {**jwk("x"), "kid": ["list"]},
            {},
        ]
    )
    names = [str(key.get("kid")) for key in identity.published]
    assert [name for name in names if await identity.known(name)] == ["good", "also-good"]


@pytest.mark.parametrize("published", [[], [{"kty": "RSA"}], ["k1"], None, {"k1": {}}])
async def test_an_answer_without_a_usable_key_does_not_replace_those_that_are_known(published: object) -> None:
    identity = Identity()
    assert await identity.known("k1")
    identity.published = published
    identity.sister.now += 300
    assert await identity.known("k1")
    nobody = Identity(published)
    with pytest.raises(SisterUnavailable, match="cannot be used"):
        await nobody.known("k1")


def test_a_shared_secret_can_never_be_configured() -> None:
    with pytest.raises(AssertionError, match="public key"):
        SigningKeys(transport=Identity().sister.transport(), algorithms=("ES256", "HS256"))
