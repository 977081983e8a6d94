"""Standard Webhooks: the specification's own example, and everything that is not it."""

from datetime import UTC, datetime, timedelta

import pytest

from sale_adapters.wire.refusals import SignatureMissing, SignatureStale, SignatureWrong
from sale_adapters.wire.signatures import check_signature, check_time, secret_of, signed

# The example that every implementation of Standard Webhooks is tried with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, tz=UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OURS = secret_of(SECRET)
ANOTHER = bytes(range(32))


def test_the_examples_headers_are_what_we_sign_and_what_we_take() -> None:
    assert signed(BODY, webhook_id=HEADERS["webhook-id"], at=AT, secrets=[OURS]) == HEADERS
    check_time(HEADERS, now=AT)
    check_signature(HEADERS, BODY, secrets=[OURS])


@pytest.mark.parametrize("ours", [[OURS], [ANOTHER, OURS], [OURS, ANOTHER]])
@pytest.mark.parametrize("theirs", [[OURS], [ANOTHER, OURS], [b"x" * 24, OURS]])
def test_one_secret_in_common_is_enough(ours: list[bytes], theirs: list[bytes]) -> None:
    check_signature(signed(BODY, webhook_id="msg_1", at=AT, secrets=theirs), BODY, secrets=ours)


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-timestamp": "1614265331"}, BODY),
        ({}, b'{"test": 2432232315}'),
        ({}, b"\xff\xfe"),
        ({"webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY),
        ({"webhook-signature": "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY),
        ({"webhook-signature": "v1,"}, BODY),
        ({"webhook-signature": "v1,\xfc\xfc , ,,"}, BODY),
    ],
)
def test_whatever_was_changed_is_wrong(change: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureWrong):
        check_signature(HEADERS | change, body, secrets=[OURS, ANOTHER])


@pytest.mark.parametrize("name", list(HEADERS))
@pytest.mark.parametrize("how", ["empty", "not there"])
def test_every_header_is_needed(name: str, how: str) -> None:
    headers = {key: value for key, value in HEADERS.items() if key != name or how == "empty"}
    with pytest.raises(SignatureMissing):
        check_time({**headers, **({name: ""} if how == "empty" else {})}, now=AT)


@pytest.mark.parametrize("seconds", [-301, 301, 10**6])
def test_five_minutes_are_the_limit_either_way(seconds: int) -> None:
    with pytest.raises(SignatureStale):
        check_time(HEADERS, now=AT + timedelta(seconds=seconds))
    check_time(HEADERS, now=AT + timedelta(seconds=300))
    check_time(HEADERS, now=AT - timedelta(seconds=300))


@pytest.mark.parametrize("timestamp", ["nan", "1e9", "-1", "1614265330.0", "١٦١٤٢٦٥٣٣٠", "9" * 400])
def test_a_time_is_written_in_whole_seconds(timestamp: str) -> None:
    with pytest.raises(SignatureWrong):
        check_time(HEADERS | {"webhook-timestamp": timestamp}, now=AT)


@pytest.mark.parametrize(
    "text", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_???", "whsec_é"]
)
def test_what_is_no_secret_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ and base64 of 24 to 64 bytes") as refused:
        secret_of(text)
    assert text == "whsec_" or text not in str(refused.value)
