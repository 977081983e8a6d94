"""The payment webhook on a real PostgreSQL: bad input leaves only the raw log, and a killed database costs nothing."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ordering_over_http import checked_out, payment
from sale_adapters.embedded import ChildProcess, EmbeddedPostgres
from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.wire import json
from sale_domain.documents import Json
from stack import served

WEBHOOK = "/webhooks/payment"
TABLES = ("sale_orders", "payment_facts", "parked_payments", "history", "outbox", "idempotency_keys")
NO_ORDER = "01KE6YB4M0000000000000000126"


def _attempt(field: str, value: str) -> bytes:
    """Return a payment's body with one field of the attempt written verbatim."""
    body = json.write(payment(NO_ORDER, 65_000)).decode()
    old = {"amount": '"amount":65000', "uid": '"uid":"attempt-1"', "id": '"id":"attempt-1"'}[field]
    assert old in body
    return body.replace(old, f'"{field}":{value}', 1).encode("utf-8", "surrogatepass")


def _of_type(event_type: str, **payload: Json) -> bytes:
    full = {"timestamp": "2026-01-05T07:30:00Z", **payload}
    return json.write({"eventType": event_type, "timestamp": 1, "payload": full})


BAD: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no object": (b"[]", 400),
    "no JSON": (b"amount=65000", 400),
    "UTF-16": ("{}".encode("utf-16"), 400),
    "a NUL byte": (b'{"eventType":"mq-pay:attempt.success\x00"}', 400),
    "no payload": (b'{"eventType":"mq-pay:attempt.success","timestamp":1}', 400),
    "a payload that is a list": (b'{"eventType":"mq-pay:attempt.success","timestamp":1,"payload":[]}', 400),
    "an attempt that is a number": (_of_type("mq-pay:attempt.success", attempt=7), 400),
    "no attempt": (_of_type("mq-pay:attempt.success"), 400),
    "no transaction": (_of_type("mq-pay:transaction.settled"), 400),
    "a transaction that is text": (_of_type("mq-pay:transaction.settled", transaction="tx"), 400),
    "a duplicate key": (b'{"eventType":"mq-pay:attempt.success","eventType":"x"}', 400),
    "a duplicate amount": (_attempt("amount", '1,"amount":2'), 400),
    "a negative amount": (_attempt("amount", "-65000"), 400),
    "a negative amount as text": (_attempt("amount", '"-0.0001"'), 400),
    "30 decimals": (_attempt("amount", "0." + "1" * 30), 400),
    "12 digits": (_attempt("amount", "100000000000"), 400),
    "4 000 digits": (_attempt("amount", "9" * 4_000), 400),
    "100 000 digits": (_attempt("amount", "9" * 100_000), 400),
    "100 000 digits as text": (_attempt("amount", '"' + "9" * 100_000 + '"'), 400),
    "a huge exponent": (_attempt("amount", "1e999999"), 400),
    "an exponent beyond all": (_attempt("amount", "1e99999999999999999999"), 400),
    "a tiny exponent": (_attempt("amount", "1e-999999"), 400),
    "an exponent as text": (_attempt("amount", '"6.5e4"'), 400),
    "not a number": (_attempt("amount", "NaN"), 400),
    "infinity": (_attempt("amount", "-Infinity"), 400),
    "an amount of true": (_attempt("amount", "true"), 400),
    "an amount of null": (_attempt("amount", "null"), 400),
    "an amount in an object": (_attempt("amount", '{"value":1,"currency":"USD"}'), 400),
    "Arabic digits": (_attempt("amount", '"٦٥٠٠٠"'), 400),
    "an amount with spaces": (_attempt("amount", '" 65000 "'), 400),
    "a uid with NUL": (_attempt("uid", '"a\\u0000b"'), 400),
    "a uid with a lone surrogate": (_attempt("uid", '"a\\ud800b"'), 400),
    "a uid with a raw surrogate": (_attempt("uid", '"a\ud800b"'), 400),
    "a uid of 501 characters": (_attempt("uid", '"' + "u" * 501 + '"'), 400),
    "an empty uid": (_attempt("uid", '""'), 400),
    "a uid that is a number": (_attempt("uid", "7"), 400),
    "1 MB of spaces": (b" " * 1_048_576, 400),
    "1 MB and more": (b"x" * 1_048_577, 413),
    "nested too deep": (b'{"eventType":' + b"[" * 100_000, 400),
    "an unknown type": (_of_type("mq-pay:attempt.thought-of", attempt={"amount": -1}), 200),
    "a type with NUL": (_of_type("a\x00b"), 200),
    "a type with a lone surrogate": (b'{"eventType":"mq-pay:\\udfff","payload":{}}', 200),
    "a type of 10 000 characters": (_of_type("x" * 10_000), 200),
    "a source of somebody else's": (
        _of_type("mq-pay:attempt.success", transaction={"sourceType": "Invoice", "sourceId": "1"}),
        200,
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_gets_its_answer_and_leaves_nothing_but_the_raw_log(tables_url: str, name: str) -> None:
    body, status = BAD[name]
    before, logged = _counts(tables_url), _logged(tables_url)
    async with served(tables_url, connections=1) as client:
        answer = await client.post(WEBHOOK, content=body)

    assert answer.status_code == status, answer.text
    assert status != 200 or answer.json() == {"outcome": "ignored"}
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"
    assert _counts(tables_url) == before
    assert _logged(tables_url) == [*logged, body[:1_048_576]]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=latin-1", "?", ""]
)
async def test_the_content_type_is_not_looked_at_as_money_must_not_hang_on_it(
    tables_url: str, content_type: str
) -> None:
    async with served(tables_url, connections=1) as client:
        order = await checked_out(client)
        body = json.write(payment(order["id"], 130_000))
        answer = await client.post(WEBHOOK, content=body, headers={"content-type": content_type})
        seen = (await client.get(f"/sale-orders/{order['id']}")).json()

    assert (answer.status_code, answer.json()) == (200, {"outcome": "applied"})
    assert seen["status"] == "COMPLETED"


@pytest.mark.parametrize("amount", ["1.3e5", "130000.0000", '"130000.0000"', "13e4", "0.00013e9"])
async def test_an_amount_may_be_written_in_any_exact_way(tables_url: str, amount: str) -> None:
    async with served(tables_url, connections=1) as client:
        order = await checked_out(client)
        body = json.write(payment(order["id"], 65_001)).replace(b"65001", amount.encode())
        answer = await client.post(WEBHOOK, content=body)

    assert (answer.status_code, answer.json()) == (200, {"outcome": "applied"})


async def test_a_fact_that_a_hand_has_altered_is_known_as_what_was_told_and_moves_no_money(tables_url: str) -> None:
    async with served(tables_url, connections=1) as client:
        order = await checked_out(client)
        body = json.write(payment(order["id"], 65_000))
        await client.post(WEBHOOK, content=body)
        with psycopg.connect(tables_url) as hand:
            hand.execute("UPDATE payment_facts SET amount = 60000 WHERE order_id = %s", [order["id"]])
        answers = [await client.post(WEBHOOK, content=body) for _ in range(2)]
        seen = (await client.get(f"/sale-orders/{order['id']}")).json()

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"outcome": "already-applied"})] * 2
    assert (seen["received"], seen["status"]) == (60_000, "PARTIAL")
    assert _logged(tables_url)[-3:] == [body] * 3


async def test_a_zero_is_a_zero_whatever_its_exponent(tables_url: str) -> None:
    async with served(tables_url, connections=1) as client:
        order = await checked_out(client)
        body = json.write(payment(order["id"], 65_001)).replace(b"65001", b"0e999999999")
        answer = await client.post(WEBHOOK, content=body)
        seen = (await client.get(f"/sale-orders/{order['id']}")).json()

    assert (answer.status_code, answer.json()) == (200, {"outcome": "recorded"})
    assert (seen["received"], seen["payments"][0]["amount"]) == (0, 0)


async def test_a_currency_that_the_sender_names_changes_nothing(tables_url: str) -> None:
    async with served(tables_url, connections=1) as client:
        order = await checked_out(client)
        body = payment(order["id"], 130_000)
        body["payload"]["attempt"] |= {"currency": "USD", "exchangeRate": 26_000}
        await client.post(WEBHOOK, json=body)
        seen = (await client.get(f"/sale-orders/{order['id']}")).json()

    assert (seen["currency"], seen["received"], seen["status"]) == ("VND", 130_000, "COMPLETED")


async def test_with_the_database_killed_in_the_middle_mq_pays_retries_bring_every_payment_home(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(data_dir=tmp_path, durable=False)
    await postgres.start()
    try:
        await asyncio.to_thread(migrate, postgres.url)
        async with served(postgres.url, connections=8) as client:
            items = [{"itemId": "variant-pho", "quantity": 10}]
            order = (await client.post("/sale-orders", json={"saleChannelId": "channel-vnd", "items": items})).json()
            (await client.post(f"/sale-orders/{order['id']}/checkout", json={})).raise_for_status()
            mq_pay = _MqPay(client, order["id"], kill_after=10, victim=postgres.process)
            telling = [asyncio.create_task(mq_pay.tell(number)) for number in range(50)]
            await mq_pay.killed.wait()
            await mq_pay.refused.wait()
            await postgres.start()
            outcomes = await asyncio.wait_for(asyncio.gather(*telling), 60)
            seen = (await client.get(f"/sale-orders/{order['id']}")).json()
        events = _told(postgres.url, order["id"])
    finally:
        await postgres.stop()

    assert set(outcomes) <= {"applied", "already-applied"}
    assert mq_pay.retry_after == {"1"}
    assert (seen["received"], seen["paid"], seen["status"]) == (650_000, 650_000, "COMPLETED")
    assert len(seen["payments"]) == 50
    assert [(event["transition"], event["saleOrderStatus"]) for event in events] == [(1, "PARTIAL"), (2, "COMPLETED")]
    uids = [attempt["uid"] for event in events for attempt in event["payment"]["attempts"]]
    assert sorted(uids) == sorted(f"attempt-{number}" for number in range(50))


class _MqPay:
    """Tells of fifty payments of 13 000 VND, each until it is taken, and kills the database after the first few."""

    def __init__(self, client: httpx.AsyncClient, order_id: str, *, kill_after: int, victim: ChildProcess) -> None:
        self.client, self.order_id = client, order_id
        self.left, self.victim = kill_after, victim
        self.killed, self.refused = asyncio.Event(), asyncio.Event()
        self.retry_after: set[str] = set()

    async def tell(self, number: int) -> str:
        body = payment(self.order_id, 13_000, uid=f"attempt-{number}")
        while True:
            answer = await self.client.post(WEBHOOK, json=body)
            if answer.status_code == 200:
                self._one_was_taken()
                return str(answer.json()["outcome"])
            assert answer.status_code == 503, answer.text
            self.retry_after.add(answer.headers["retry-after"])
            self.refused.set()
            await asyncio.sleep(0.1)

    def _one_was_taken(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.victim.kill()
            self.killed.set()


def _counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {
            table: next(iter(connection.execute(f"SELECT count(*) FROM {table}".encode())))[0]  # noqa: S608 - our names
            for table in TABLES
        }


def _logged(url: str) -> list[bytes]:
    with psycopg.connect(url) as connection:
        return [bytes(body) for (body,) in connection.execute("SELECT body FROM webhook_log ORDER BY received_at, id")]


def _told(url: str, order_id: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT payload FROM outbox WHERE order_id = %s ORDER BY seq", (order_id,))
        return [json.read(payload.encode()) for (payload,) in rows]
