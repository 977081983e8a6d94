"""The protocol of one socket, at a clock that the test turns."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sale_adapters.web.stream.conversation import CODES, Close, Code, Conversation, StreamLimits
from sale_adapters.web.stream.messages import Authenticate, Subscribe
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Principal
from sale_domain.port_errors import Forbidden

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
START = 1_000.0
HELLO = '{"event":"authenticate","data":{"type":"Bearer","token":"t","merchantId":"merchant-1"}}'


def principal(*, lasts_seconds: float | None = None) -> Principal:
    expires_at = None if lasts_seconds is None else NOON + timedelta(seconds=lasts_seconds)
    merchants = frozenset({MerchantId("merchant-1")})
    return Principal(user_id=UserId("lan"), roles=frozenset(), merchants=merchants, expires_at=expires_at)


def begun() -> Conversation:
    return Conversation(limits=StreamLimits(), now=START, request_id="r-1")


def connected(*, lasts_seconds: float | None = None) -> Conversation:
    talk = begun()
    talk.welcome(principal(lasts_seconds=lasts_seconds), connection_id="c-1", at=NOON, now=START + 1)
    return talk


def said(talk: Conversation) -> list[Any]:
    return [json.loads(text) for text in talk.unread()]


def ended(talk: Conversation) -> Code | None:
    return talk.closing.code if talk.closing else None


def test_who_says_who_it_is_in_time_is_let_in() -> None:
    talk = begun()
    assert talk.due == START + 5
    wanted = talk.hear(HELLO, now=START + 4.9)
    assert wanted == Authenticate(token="t", merchant_id="merchant-1")  # type: ignore[arg-type]  # names of text
    talk.welcome(principal(), connection_id="c-1", at=NOON, now=START + 5.5)
    assert said(talk) == [
        {"event": "connected", "data": {"id": "c-1", "userId": "lan", "time": "2026-01-05T12:00:00Z"}}
    ]
    talk.tick(now=START + 6)
    assert talk.closing is None


def test_who_does_not_is_sent_away_whatever_else_it_says() -> None:
    talk = begun()
    for second in range(1, 5):
        talk.hear('{"event":"heartbeat"}', now=START + second)
        talk.hear("nonsense", now=START + second)
    talk.tick(now=START + 4.9)
    assert talk.closing is None
    talk.tick(now=START + 5)
    assert talk.closing == Close(Code.TOO_LATE, "Say who you are within 5 s.")


def test_how_long_a_token_is_looked_at_is_not_the_clients_fault() -> None:
    talk = begun()
    talk.hear(HELLO, now=START + 4.9)
    talk.tick(now=START + 8)
    assert talk.closing is None


def test_a_token_that_has_just_expired_lets_nobody_in() -> None:
    assert connected(lasts_seconds=0).closing == Close(Code.REFUSED, "The token has expired.")


def test_the_socket_ends_when_its_token_expires_however_lively_it_is() -> None:
    talk = connected(lasts_seconds=40)
    for second in (20, 40):
        talk.hear('{"event":"heartbeat"}', now=START + second)
        talk.tick(now=START + second)
    assert talk.closing is None
    assert talk.due == START + 41
    talk.tick(now=START + 41)
    assert talk.closing == Close(Code.REFUSED, "The token has expired.")


def test_nothing_more_is_heard_of_one_whose_token_has_expired() -> None:
    talk = connected(lasts_seconds=40)
    asked = '{"event":"subscribe","data":{"topics":["observation/sale/sale-order"]}}'
    assert talk.hear(asked, now=START + 40.9) is not None
    assert talk.hear(asked, now=START + 41) is None
    assert talk.closing == Close(Code.REFUSED, "The token has expired.")


def test_a_token_without_an_end_never_expires() -> None:
    talk = connected()
    talk.hear('{"event":"heartbeat"}', now=START + 1e6)
    talk.tick(now=START + 1e6)
    assert talk.closing is None


def test_the_server_gives_a_sign_of_life_every_30_seconds() -> None:
    talk = connected()
    said(talk)
    assert talk.due == START + 30
    talk.tick(now=START + 29)
    assert said(talk) == []
    talk.tick(now=START + 30)
    talk.tick(now=START + 31)
    assert said(talk) == [{"event": "heartbeat"}]
    assert talk.due == START + 60


def test_after_90_seconds_of_silence_the_client_is_gone() -> None:
    talk = connected()
    talk.hear('{"event":"heartbeat"}', now=START + 10)
    for second in (30, 60, 90, 99.9):
        talk.tick(now=START + second)
    assert talk.closing is None
    assert talk.due == START + 100
    talk.tick(now=START + 100)
    assert ended(talk) is Code.SILENT


def test_whatever_is_heard_is_a_sign_of_life() -> None:
    talk = connected()
    talk.hear("nonsense", now=START + 50)
    talk.tick(now=START + 139)
    assert talk.closing is None


def test_a_subscription_is_handed_on() -> None:
    talk = connected()
    text = '{"event":"subscribe","data":{"topics":["observation/sale/kitchen-ticket"],"stationId":"grill","since":7}}'
    wanted = talk.hear(text, now=START + 2)
    assert isinstance(wanted, Subscribe)
    assert (wanted.topics, wanted.station_id, wanted.since) == (("observation/sale/kitchen-ticket",), "grill", 7)


def test_a_topic_that_is_asked_for_twice_is_followed_once() -> None:
    topic: Any = "observation/sale/sale-order"
    assert Subscribe(topics=(topic, topic)).subscription().topics == (topic,)


def test_a_refusal_is_a_problem_with_the_request_id_of_the_handshake() -> None:
    talk = connected()
    said(talk)
    talk.refuse(Forbidden(reason="Not you."))
    ((event, data),) = ((each["event"], each["data"]) for each in said(talk))
    assert event == "error"
    assert (data["status"], data["code"], data["detail"], data["requestId"]) == (403, "forbidden", "Not you.", "r-1")


def test_the_first_reason_to_end_holds_and_nothing_more_is_heard() -> None:
    talk = connected()
    said(talk)
    talk.hear(b"\x00", now=START + 2)
    talk.close(Code.RESTART, "later")
    assert talk.closing == Close(Code.NO_TEXT, "Only text is understood here.")
    assert talk.hear(HELLO, now=START + 3) is None
    assert said(talk) == []


def test_answers_that_nobody_reads_are_not_kept_for_ever() -> None:
    talk = connected()
    for _ in range(100):
        talk.hear("nonsense", now=START + 2)
    assert talk.closing is not None
    assert talk.closing.code is Code.OVERLOADED


@pytest.mark.parametrize("code", Code)
def test_every_code_is_explained(code: Code) -> None:
    assert CODES[code.value]
