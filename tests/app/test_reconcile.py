"""`sale reconcile` on a whole running Sale, and over memory what its options do."""

import json
import logging
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import attrs
import psycopg
import pytest
from rich.console import Console

import evening
from evening import CLOSING_TIME
from live import Live
from sale_adapters.memory import ManualClock, MemoryBooks, MemoryLogReader, MemoryOrders, MemoryStore
from sale_app.reconcile import Report, Wish, WrongUsage, reconcile_from_settings, run
from sale_app.reconcile_limits import limits_of
from sale_app.reconcile_sample import reconcile_sample
from sale_app.setting_fields import Process
from sale_app.settings import Settings
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.reconciling import Wait
from sale_domain.reconciliation import Limits
from sale_domain.ringing_orders import RingingOrders
from spoken import said


def reconcile(sale: Live, *options: str) -> tuple[int, list[Any]]:
    """Run the command as an operator would; return its exit code and what it printed."""
    # The stage's own variables, as a deployment would give them.
    environment = {"PATH": os.environ.get("PATH", ""), **sale.stage.environment()}
    command = [sys.executable, "-m", "sale_app", "reconcile", "--json", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own program
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def paid_order(sale: Live) -> str:
    order_id = str(sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd"})["id"])
    sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": "variant-pho", "quantity": 2})
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 50_000)
    sale.pay(order_id, 80_000)
    sale.records(order_id, count=2)
    return order_id


def test_a_running_sale_agrees_and_what_is_spoilt_is_told_then_mended(sale: Live) -> None:
    order_id = paid_order(sale)
    with psycopg.connect(sale.stage.parts.postgres.url, autocommit=True) as hand:
        # Its own record is marked a moment after it can be read.
        _published(hand, order_id)
        code, clean = reconcile(sale)
        assert (code, clean[-1]["disagreements"]) == (0, 0), clean
        assert clean[-1]["records"] >= 2

        hand.execute("UPDATE sale_orders SET paid = 1 WHERE id = %s", (order_id,))
        version = sale.good("GET", f"/sale-orders/{order_id}")["version"]
        code, told = reconcile(sale, "--merchant", "merchant-1", "--repair")
        assert code == 1
        assert [(line.get("code"), line.get("repair")) for line in told[:-1]] == [
            ("money-differs", None),
            ("money-differs", "would"),
        ]
        assert sale.good("GET", f"/sale-orders/{order_id}")["version"] == version

        code, told = reconcile(sale, "--merchant", "merchant-1", "--repair", "--yes")
        assert (code, told[1]["repair"], told[-1]["mended"]) == (0, "done", 1)
        assert reconcile(sale, "--since", "1h")[0] == 0

        at = "UPDATE outbox SET log_offset = log_offset + %s WHERE order_id = %s AND seq = 1"
        hand.execute(at, (1, order_id))
        code, told = reconcile(sale, "--repair", "--yes")
        hand.execute(at, (-1, order_id))
    assert code == 1
    assert told[0]["code"] in ("record-missing", "record-differs")
    assert told[1]["repair"] == "left alone"


def _published(hand: psycopg.Connection, order_id: str) -> None:
    query = "SELECT count(*) FROM outbox WHERE order_id = %s AND published_at IS NULL"
    for _ in range(600):
        (left,) = hand.execute(query, (order_id,)).fetchone() or (1,)
        if not left:
            return
        hand.execute("SELECT pg_sleep(0.05)")
    pytest.fail("the relay has not marked the order's rows")


@attrs.frozen(kw_only=True)
class Desk:
    store: MemoryStore
    report: Report

    async def run(self, **options: Any) -> int:  # noqa: ANN401 - options are of many types
        given = {"merchant": None, "since": None, "sample": None, "every": False, "repair": False, "yes": False}
        return await run(
            Wish.of(**{**given, **options}),
            self.report,
            books=MemoryBooks(store=self.store),
            log=MemoryLogReader(log=evening.new_log()),
            orders=MemoryOrders(self.store),
            clock=ManualClock(CLOSING_TIME),
            limits=Limits(ages={Wait.UNPUBLISHED: timedelta(minutes=5)}),
        )


@pytest.fixture
async def desk() -> Desk:
    store = MemoryStore(clock=ManualClock())
    await evening.play(MemoryOrders(store))
    return Desk(store=store, report=Report(console=Console(soft_wrap=True), as_json=False))


async def test_warnings_alone_are_no_failure(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await desk.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("warning stuck-unpublished ")
    assert lines[-1].startswith("6 orders, 10 events, 0 records on Kafka (0 of them expired) and 30 feed numbers")


async def test_a_merchant_that_nothing_is_of_is_wrong_usage(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert await desk.run(merchant="nosuch") == 2
    assert capsys.readouterr().out == "There is no merchant nosuch: nothing here is of it.\n"
    (merchant_id,) = desk.store.feeds
    assert await desk.run(merchant=merchant_id) == 0


async def test_a_database_that_is_away_is_said_to_be_away(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.store.fail_with = StoreUnavailable(reason="gone fishing")
    assert await desk.run(sample=3) == 1
    assert "Not finished: The database is not available: gone fishing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sample": 5, "every": True}, "--sample goes with neither"),
        ({"sample": 5, "since": "1h"}, "--sample goes with neither"),
        ({"yes": True}, "--yes says yes to --repair"),
        ({"since": "yesterday"}, "--since takes a time such as"),
        ({"since": "5s"}, "--since takes a time such as"),
    ],
)
async def test_options_that_do_not_go_together_are_refused(desk: Desk, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongUsage, match=reason):
        await desk.run(**options)


async def test_the_background_sample_logs_disagreements_as_errors(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    parts = {"log": MemoryLogReader(log=evening.new_log()), "clock": ManualClock(CLOSING_TIME), "size": 30}
    caplog.set_level(logging.INFO, "sale.reconcile")
    limits = Limits(ages={Wait.UNPUBLISHED: timedelta(minutes=5)})
    books = MemoryBooks(store=desk.store)
    assert await reconcile_sample(books=books, limits=limits, **parts)  # type: ignore[arg-type]  # as named
    assert {record.levelname for record in caplog.records} == {"WARNING", "INFO"}
    caplog.clear()

    desk.store.outbox.rows.clear()
    assert not await reconcile_sample(books=books, limits=Limits(ages={}), **parts)  # type: ignore[arg-type]  # the same
    errors = [said(record) for record in caplog.records if record.levelname == "ERROR"]
    assert any(" check=event-missing id=" in message for message in errors)

    desk.store.fail_with = StoreUnavailable(reason="gone fishing")
    assert await reconcile_sample(books=books, limits=limits, **parts)  # type: ignore[arg-type]  # the same
    assert "gone fishing" in caplog.text


def test_settings_say_how_long_things_may_wait() -> None:
    environment = {
        "SALE_DATABASE_URL": "postgresql://127.0.0.1/sale",
        "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "SALE_AGE_PARKED_MINUTES": "7",
        "SALE_OUTBOX_DAYS": "3",
    }
    limits = limits_of(Settings.read(environment, process=Process.RECONCILE))
    assert limits.ages == {**Limits().ages, Wait.PARKED: timedelta(minutes=7)}
    assert timedelta(days=2) < limits.events_kept < timedelta(days=3)

    for_ever = limits_of(Settings.read({**environment, "SALE_OUTBOX_DAYS": "0"}, process=Process.RECONCILE))
    assert for_ever.events_kept > timedelta(days=36_000)


async def test_what_is_mended_is_told_like_any_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    async def noted(*_: object, orders: object, **__: object) -> int:
        given.append(orders)
        return 0

    monkeypatch.setattr("sale_app.reconcile.run", noted)
    environment = {
        "SALE_DATABASE_URL": "postgresql://127.0.0.1:1/sale",
        "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "SALE_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    settings = Settings.read(environment, process=Process.RECONCILE)
    assert settings.redis_url == environment["SALE_REDIS_URL"]
    assert await reconcile_from_settings(settings, Wish(), as_json=True, console=Console()) == 0
    assert [type(orders) for orders in given] == [RingingOrders]
