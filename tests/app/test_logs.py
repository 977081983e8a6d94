"""What processes write to their logs: JSON with names, and never what is secret."""

import base64
import io
import json
import logging
import re
import sys
import time

import pytest

from live import Live
from ordering_over_http import payment
from sale_app.logs import formatter, secrets_of, start_logging
from sale_app.setting_fields import Process
from sale_app.settings import Settings
from spoken import said

CARD = "4111111111111111"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.getLogger("sale.test").makeRecord("sale.test", logging.WARNING, "", 1, message, args, None)
    made.__dict__.update(fields)
    return made


def test_a_whole_sale_leaves_json_that_names_everything_and_gives_nothing_away(sale: Live) -> None:
    order_id = sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "note": "hush-hush"})["id"]
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho"})
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    told = payment(order_id, 65_000)
    told["payload"]["attempt"]["metadata"]["card"] = CARD
    # Other tests have sold at this service too.
    before = len((sale.home / "relay.log").read_text())
    assert sale.good("POST", "/webhooks/payment", told) == {"outcome": "applied"}
    sale.records(order_id, count=1)

    # The record is there before the relay has marked it and says so.
    deadline = time.monotonic() + 30
    while '"published"' not in (sale.home / "relay.log").read_text()[before:] and time.monotonic() < deadline:
        time.sleep(0.05)
    serve, relay = ((sale.home / f"{name}.log").read_text() for name in ("serve", "relay"))
    lines = [json.loads(line) for line in (serve + relay).splitlines()]
    assert all(TIME.fullmatch(line["time"]) and line["level"] and line["logger"] and line["event"] for line in lines)
    paid, *_ = [line for line in lines if line.get("order_id") == order_id and "webhooks" in line.get("route", "")]
    assert (paid["method"], paid["status"], len(paid["trace_id"])) == ("POST", 200, 32)
    opened = next(line for line in lines if line.get("route") == "/v1/api/sale/sale-orders/{orderId}/checkout")
    assert (opened["user_id"], opened["merchant_id"], bool(opened["request_id"])) == ("lan", "merchant-1", True)
    sent = json.loads(next(line for line in relay[before:].splitlines() if '"published"' in line))
    assert (sent["logger"], sent["layout"], sent["events"]) == ("sale.relay", 1, 1)

    token = sale.client.headers["authorization"].removeprefix("Bearer ")
    for secret in (token, token.split(".")[1], "sandbox-secret", CARD, "hush-hush", "attempt-1", "eyJ"):
        assert secret not in serve + relay


def test_secrets_are_masked_whoever_says_them() -> None:
    given = {
        "SALE_DATABASE_URL": "postgresql://sale:p%40ssw0rd-of-db@db/sale",  # pragma: allowlist secret
        "SALE_KAFKA_BOOTSTRAP": "kafka:9092",
        "SALE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "SALE_KAFKA_USERNAME": "sale",
        "SALE_KAFKA_PASSWORD": 'cá kiếm "9"',
        "SALE_REDIS_URL": "redis://:rabbit-hole-9@redis/0",
    }
    secrets = tuple(secrets_of(Settings.read(given, process=Process.RELAY)))
    assert set(secrets) == {"p%40ssw0rd-of-db", "p@ssw0rd-of-db", 'cá kiếm "9"', "rabbit-hole-9"}

    spoken = formatter(as_json=True, secrets=secrets).format(
        record(
            "cannot reach %s as p@ssw0rd-of-db, authorization: Bearer abc.def-123, key eyJhbGciOi.eyJzdWIi.c2ln",
            "postgresql://other:short@db/sale",  # pragma: allowlist secret
            sasl='cá kiếm "9"',
        )
    )
    assert "postgresql://other:********@db/sale" in spoken
    assert '"sasl": "********"' in spoken
    for secret in (*secrets, "short", "abc.def", "eyJ"):
        assert secret not in spoken


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("postgresql://db/sale?user=sale&password=lotus%2Fgarden", {"lotus%2Fgarden", "lotus/garden"}),
        (
            "postgresql://sale:rose-garden@db/sale?sslpassword=lotus+pond",  # pragma: allowlist secret
            {"rose-garden", "lotus+pond"},
        ),
        ("postgresql://db/sale?sslmode=require&password=", set()),
    ],
)
def test_a_password_behind_a_question_mark_is_a_secret_too(url: str, secrets: set[str]) -> None:
    settings = Settings.read({"SALE_DATABASE_URL": url}, process=Process.INBOX)

    assert set(secrets_of(settings)) == secrets


def test_a_webhooks_secret_is_masked_in_every_spelling() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaT/+w==")  # pragma: allowlist secret
    settings = Settings(webhook_secrets=(key,))
    spellings = ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaT/", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaT_", repr(key)[2:-1])
    said = " ".join((f"whsec_{spellings[0]}+w==", f"{spellings[1]}-w", repr(key), f"{key!r}"))

    for as_json in (True, False):
        spoken = formatter(as_json=as_json, secrets=tuple(secrets_of(settings))).format(record(said))
        assert spoken.count("********") == 4
        assert "MfKQ" not in spoken
        assert "o\\xda" not in spoken


def test_the_row_that_postgresql_shows_of_a_violated_constraint_is_left_out() -> None:
    error = ValueError(f"null value\nDETAIL:  Failing row contains ({CARD}).")
    told = record("bug")
    told.exc_info = (ValueError, error, None)
    spoken = json.loads(formatter(as_json=True).format(told))

    assert CARD not in spoken["exception"]
    assert "null value" in spoken["exception"]


def test_text_is_one_line_whatever_a_library_says_and_a_traceback_keeps_its_lines() -> None:
    refused = 'connection to "127.0.0.1" failed: Connection refused\n\tIs the server running?\n'
    assert said(record(refused, layout=1, reason="two words")) == (
        'WARNING sale.test connection to "127.0.0.1" failed: Connection refused Is the server running? '
        'layout=1 reason="two words"'
    )
    bug = record("bug")
    bug.exc_info = (ValueError, ValueError("a bug\nof two lines"), None)
    assert len(said(bug).splitlines()) == 3


def test_a_secret_that_begins_with_another_is_masked_to_its_end() -> None:
    secrets = tuple(f"swordfish{'-9' * times}" for times in range(12))
    spoken = formatter(as_json=True, secrets=secrets).format(record(f"log in with {secrets[-1]}"))

    assert json.loads(spoken)["event"] == "log in with ********"


def test_half_a_character_is_written_too() -> None:
    assert json.loads(formatter(as_json=True).format(record("request", path="\ud800")))["path"] == "\ud800"


def test_where_in_the_code_it_was_said_is_told_where_that_is_asked_for() -> None:
    told = record("odd")
    told.stack_info = "Stack (most recent call last):\n  in the kitchen"

    assert json.loads(formatter(as_json=True).format(told))["stack"].endswith("in the kitchen")


def test_a_forged_line_stays_inside_its_field() -> None:
    forged = '/a\n{"level":"CRITICAL","event":"halted"}'
    for as_json in (True, False):
        assert len(formatter(as_json=as_json).format(record("request", path=forged)).splitlines()) == 1


@pytest.mark.parametrize(
    ("log_format", "terminal", "as_json"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("text", False, False)],
)
def test_a_terminal_gets_text_and_everything_else_json_unless_told(
    monkeypatch: pytest.MonkeyPatch, log_format: str, *, terminal: bool, as_json: bool
) -> None:
    given = {"SALE_DATABASE_URL": "postgresql://db/sale", "SALE_LOG_FORMAT": log_format}
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "root", root)
    for chatty in ("httpx", "httpcore"):
        monkeypatch.setattr(logging.getLogger(chatty), "level", logging.NOTSET)
    monkeypatch.setattr(sys, "stderr", _Terminal() if terminal else io.StringIO())
    start_logging(Settings.read(given, process=Process.OUTBOX))

    (handler,) = root.handlers
    assert handler.format(record("hello")).startswith("{") is as_json


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
