"""What mq-pay tells Sale about a payment, and how stubbornly."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from sale_adapters.sandbox import Patience
from sale_adapters.sandbox.answers import Refused
from sale_adapters.sandbox.mq_pay import parts_of
from sandbox_world import SandboxWorld

SUCCESS, SETTLED = "mq-pay:attempt.success", "mq-pay:transaction.settled"


async def pay(world: SandboxWorld, **asked: object) -> list[dict[str, Any]]:
    answer = await world.http.post("/mq-pay/payments", json={"saleOrderId": "order-1", **asked})
    assert answer.status_code == 200, answer.text
    deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
    return deliveries


async def test_a_payment_is_told_as_one_success_and_one_settled_transaction(world: SandboxWorld) -> None:
    await pay(world, amount=130_000)
    (first, attempt), (second, settled) = world.webhooks
    assert (first, second) == (SUCCESS, SETTLED)
    transaction = settled["payload"]["transaction"]
    assert settled == {
        "eventType": SETTLED,
        "timestamp": 1_795_329_000_000,
        "payload": {
            "timestamp": "2026-11-22T06:30:00+00:00",
            "source": "mq-pay",
            "transaction": {
                "id": transaction["id"],
                "uid": transaction["uid"],
                "status": "SETTLED",
                "total": 130_000,
                "paid": 130_000,
                "sourceType": "SaleOrder",
                "sourceId": "order-1",
            },
        },
    }
    assert attempt["payload"]["transaction"] == transaction
    made = attempt["payload"]["attempt"]
    assert made == {
        "id": made["id"],
        "uid": made["uid"],
        "status": "SUCCESS",
        "amount": 130_000,
        "paymentProvider": "VNPAY",
        "metadata": {"source": {"id": "order-1", "uid": "order-1", "type": "SaleOrder"}},
    }


async def test_a_payment_in_three_parts_is_one_transaction_whose_paid_grows(world: SandboxWorld) -> None:
    await pay(world, amount=100, split=3)
    assert [kind for kind, _ in world.webhooks] == [SUCCESS, SETTLED] * 3
    payloads = [body["payload"] for _, body in world.webhooks]
    assert [p["attempt"]["amount"] for p in payloads if "attempt" in p] == [34, 33, 33]
    assert [p["transaction"]["paid"] for p in payloads if "attempt" not in p] == [34, 67, 100]
    assert len({p["transaction"]["uid"] for p in payloads}) == 1
    assert len({p["attempt"]["uid"] for p in payloads if "attempt" in p}) == 3


async def test_two_payments_never_share_a_uid(world: SandboxWorld) -> None:
    await pay(world, amount=1)
    await pay(world, amount=1)
    assert len({body["payload"]["transaction"]["uid"] for _, body in world.webhooks}) == 2


async def test_repeated_and_shuffled_events_are_the_same_events_in_another_order(world: SandboxWorld) -> None:
    deliveries = await pay(world, amount=100, split=2, repeat=3, shuffle=True)
    kinds = [kind for kind, _ in world.webhooks]
    assert (len(kinds), kinds.count(SUCCESS), kinds.count(SETTLED)) == (12, 6, 6)
    assert kinds != [SUCCESS, SETTLED] * 6
    assert len({str(body) for _, body in world.webhooks}) == 4
    assert [delivery["eventType"] for delivery in deliveries] == kinds


async def test_a_check_is_paid_as_a_check(world: SandboxWorld) -> None:
    await world.http.post("/mq-pay/payments", json={"saleCheckId": "check-1", "amount": "12.5"})
    transaction = world.webhooks[1][1]["payload"]["transaction"]
    assert (transaction["sourceType"], transaction["sourceId"]) == ("SaleCheck", "check-1")
    assert transaction["paid"] == Decimal("12.5")


async def test_every_delivery_reports_what_it_got(world: SandboxWorld) -> None:
    world.answers = [httpx.Response(202, json={"outcome": "parked"}), httpx.Response(400, text="no")]
    first, second = await pay(world, amount=5)
    assert (first["status"], first["outcome"], first["attempts"]) == (202, "parked", 1)
    assert (second["status"], second["outcome"], second["attempts"], second["body"]) == (400, None, 1, "no")


async def test_a_5xx_or_a_broken_connection_is_tried_again_with_growing_pauses(world: SandboxWorld) -> None:
    world.answers = [httpx.Response(503), httpx.ConnectError("gone"), httpx.Response(500)]
    first, second = await pay(world, amount=5)
    assert (first["status"], first["outcome"], first["attempts"]) == (200, "applied", 4)
    assert second["attempts"] == 1
    assert world.waits == [0.1, 0.2, 0.4]
    assert [body for _, body in world.webhooks[:4]] == [world.webhooks[0][1]] * 4


async def test_a_sale_that_stays_away_is_given_up_and_reported(world: SandboxWorld) -> None:
    world.answers = [*[httpx.ConnectError("gone")] * 4, *[httpx.Response(503, text="down")] * 4]
    first, second = await pay(world, amount=5)
    assert (first["status"], first["body"], first["attempts"]) == (None, None, 4)
    assert (second["status"], second["body"], second["attempts"]) == (503, "down", 4)
    assert len(world.waits) == 6


async def test_retry_after_sets_the_pause_up_to_the_longest(world: SandboxWorld) -> None:
    world.answers = [httpx.Response(503, headers={"retry-after": wait}) for wait in ("1", "3600", "soon")]
    await pay(world, amount=5)
    assert world.waits == [1, 2, 0.4]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"amount": 5}, "name either saleOrderId or saleCheckId"),
        ({"amount": 5, "saleOrderId": "o", "saleCheckId": "c"}, "name either saleOrderId or saleCheckId"),
        ({"saleOrderId": "o"}, "Object missing required field `amount`"),
        ({"saleOrderId": "o", "amount": -5}, "amount must be a decimal(15,4) of at least 0, not -5"),
        ({"saleOrderId": "o", "amount": "0.00001"}, "amount must be a decimal(15,4) of at least 0, not 0.00001"),
        ({"saleOrderId": "o", "amount": 0}, "0 can't be split into 1 parts above 0"),
        ({"saleOrderId": "o", "amount": 5, "split": 0}, "Expected `int` >= 1 - at `$.split`"),
        ({"saleOrderId": "o", "amount": 5, "currency": "VND"}, "Object contains unknown field `currency`"),
    ],
)
async def test_a_payment_that_makes_no_sense_is_refused_and_nothing_is_sent(
    world: SandboxWorld, body: dict[str, object], reason: str
) -> None:
    answer = await world.http.post("/mq-pay/payments", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, reason)
    assert world.webhooks == []


@pytest.mark.parametrize(
    ("amount", "count", "parts"),
    [
        ("65000", 2, ["32500", "32500"]),
        ("10", 3, ["4", "3", "3"]),
        ("0.01", 3, ["0.0034", "0.0033", "0.0033"]),
        ("1", 3, ["0.3334", "0.3333", "0.3333"]),
        ("7.5", 2, ["3.75", "3.75"]),
    ],
)
def test_parts_sum_to_the_whole_in_whole_units_where_they_can(amount: str, count: int, parts: list[str]) -> None:
    split = parts_of(Decimal(amount), count)
    assert split == [Decimal(part) for part in parts]
    assert sum(split) == Decimal(amount)


def test_an_amount_too_small_for_its_parts_is_refused() -> None:
    with pytest.raises(Refused, match="can't be split"):
        parts_of(Decimal("0.0002"), 3)


def test_the_pause_doubles_and_stays_below_the_longest() -> None:
    patience = Patience()
    pauses = [patience.wait_seconds(tried, None) for tried in range(1, patience.attempts)]
    assert pauses[:3] == [0.1, 0.2, 0.4]
    assert (max(pauses), 15 < sum(pauses) < 25) == (2.0, True)
