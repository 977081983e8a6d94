"""What every store of answers promises (Idempotency-Key, contract §9)."""

import os

import attrs
import pytest

from orders_world import fresh_merchant, opened
from sale_domain.ids import UserId
from sale_domain.port_errors import KeyReused
from sale_domain.ports.answers import AlreadyAnswered, AnswerKey, Once, StoredAnswer
from sale_domain.ports.orders import Decision
from stores import Stores

CONFLICT = StoredAnswer(
    status=409,
    headers=(("Content-Type", "application/problem+json"), ("X-Request-Id", "tê")),
    body=b'{"code": "illegal-transition"}\x00\xff',
)
OTHER = StoredAnswer(status=422, headers=(), body=b"")


def key() -> AnswerKey:
    return AnswerKey(
        merchant_id=fresh_merchant(),
        user_id=UserId("user-1"),
        method="POST",
        # Too long for an index, and nothing that could be compressed into one.
        path="/v1/api/sale/sale-orders/" + os.urandom(4000).hex(),
        key=os.urandom(4000).hex(),
    )


async def test_what_was_never_answered_is_not_found(stores: Stores) -> None:
    assert await stores.answers.find(key(), fingerprint=b"body") is None


async def test_an_answer_is_found_as_it_was_sent(stores: Stores) -> None:
    asked = key()

    kept = await stores.answers.keep(asked, fingerprint=b"body", answer=CONFLICT)

    assert kept == CONFLICT
    assert await stores.answers.find(asked, fingerprint=b"body") == CONFLICT


async def test_the_answer_that_was_kept_first_stays(stores: Stores) -> None:
    asked = key()
    await stores.answers.keep(asked, fingerprint=b"body", answer=CONFLICT)

    assert await stores.answers.keep(asked, fingerprint=b"body", answer=OTHER) == CONFLICT
    assert await stores.answers.find(asked, fingerprint=b"body") == CONFLICT


async def test_another_body_is_refused(stores: Stores) -> None:
    asked = key()
    await stores.answers.keep(asked, fingerprint=b"body", answer=CONFLICT)

    with pytest.raises(KeyReused):
        await stores.answers.find(asked, fingerprint=b"other")
    with pytest.raises(KeyReused):
        await stores.answers.keep(asked, fingerprint=b"other", answer=OTHER)


@pytest.mark.parametrize("part", ["merchant_id", "user_id", "method", "path", "key"])
async def test_each_part_of_the_key_tells_two_requests_apart(stores: Stores, part: str) -> None:
    asked = key()
    await stores.answers.keep(asked, fingerprint=b"body", answer=CONFLICT)

    other = attrs.evolve(asked, **{part: "another"})  # type: ignore[arg-type]  # whichever part it is

    assert await stores.answers.find(other, fingerprint=b"body") is None


async def test_a_kept_refusal_is_what_an_equal_command_is_told(stores: Stores) -> None:
    asked = key()
    await stores.answers.keep(asked, fingerprint=b"body", answer=CONFLICT)
    once = Once(key=asked, fingerprint=b"body", answer=lambda _: OTHER)

    with pytest.raises(AlreadyAnswered) as told:
        await stores.orders.create(Decision(change=opened(asked.merchant_id)), once=once)

    assert told.value.answer == CONFLICT
