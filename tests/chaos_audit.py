"""The auditor: compares the witness, the tellers, HTTP, the tables and Kafka, and believes none of them alone."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg.rows import dict_row

from chaos_tellers import Sold
from chaos_witness import Witness
from sale_adapters.wire import json

TOPIC = "payment.success"
_PATIENCE_SECONDS = 60.0


@attrs.frozen(kw_only=True)
class Record:
    """A record as a consumer gets it."""

    partition: int
    offset: int
    key: str
    ce_id: str
    event: Any


def read_log(bootstrap: str, *, isolation: str) -> list[Record]:
    """Read the whole topic as a consumer of its own does; blocks."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level=isolation, auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        places = [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        found: list[Record] = []
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while any(consumer.position(place) < ends[place] for place in places):
            assert time.monotonic() < deadline, "the end of the log stays hidden"
            for batch in consumer.poll(timeout_ms=200).values():
                found += map(_record, batch)
        return found
    finally:
        consumer.close()


@attrs.define(kw_only=True)
class Audit:
    """What everybody says after the last cycle.

    Attributes:
        orders: As HTTP tells them, by id.
        outbox: The table's rows.
        committed: The log of a `read_committed` consumer.
        parked: The payments of checks that wait: source, attempt, transaction and amount.
    """

    witness: Witness
    book: Sequence[Sold]
    orders: Mapping[str, Any]
    outbox: Sequence[Mapping[str, Any]]
    history: Mapping[str, Sequence[Mapping[str, Any]]]
    committed: Sequence[Record]
    parked: Counter[tuple[str, str | None, str | None, Decimal]] = attrs.field(factory=Counter)
    faults: list[str] = attrs.field(factory=list)

    def check(self) -> None:
        """Raise an AssertionError that lists every disagreement."""
        expected, attempts = self.witness.expected(), self.witness.attempts()
        by_order: defaultdict[str, list[Record]] = defaultdict(list)
        for record in self.committed:
            by_order[record.key].append(record)
        for sold in self.book:
            order = self.orders[sold.id]
            self._money(sold, order, expected.get(sold.id, Decimal(0)), attempts.get(sold.id, set()))
            self._status(sold, order)
            self._records(order, sorted(by_order[sold.id], key=lambda record: record.offset))
            self._versions(order)
        self._expect(by_order.keys() <= self.orders.keys(), "the log names orders that nobody has sold")
        self._addresses()
        self._expect(self.parked == self.witness.parked(), "other payments wait for their checks than were told")
        assert not self.faults, "\n".join(self.faults[:50])

    def _expect(self, good: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not good:
            self.faults.append(otherwise)

    def _money(self, sold: Sold, order: Mapping[str, Any], expected: Decimal, attempts: set[str]) -> None:
        name = f"order {sold.id}"
        self._expect(order["received"] == expected, f"{name} has received {order['received']}, but was told {expected}")
        self._expect(order["received"] == order["paid"] + order["unallocated"], f"{name}: its money does not add up")
        delivered = sum(sold.told.values(), start=Decimal(0))
        if not sold.broken_off:
            self._expect(expected == delivered, f"{name}: mq-pay has delivered {delivered}, the witness saw {expected}")
        self._expect(expected >= delivered, f"{name}: a delivered payment is missing")
        uids = [row["attemptUid"] for row in order["payments"] if row.get("attemptUid") and row["status"] == "success"]
        self._expect(len(uids) == len(set(uids)), f"{name} shows an attempt twice")
        self._expect(set(uids) == attempts, f"{name} shows other attempts than were told")

    def _status(self, sold: Sold, order: Mapping[str, Any]) -> None:
        received, total = order["received"], order["total"]
        due = "COMPLETED" if received >= total else "PARTIAL" if received else "PROCESSING"
        right = {due, "CANCELLED"} if sold.cancelled else {due}
        self._expect(order["status"] in right, f"order {sold.id} is {order['status']} with {received} of {total}")
        paid = 0 if order["status"] == "CANCELLED" else min(received, total)
        self._expect(order["paid"] == paid, f"order {sold.id} says it was paid {order['paid']}, not {paid}")

    def _records(self, order: Mapping[str, Any], records: Sequence[Record]) -> None:
        name = f"order {order['id']}"
        events = [record.event for record in records]
        numbers = [event["transition"] for event in events]
        self._expect(numbers == list(range(1, len(events) + 1)), f"{name}: the log has the transitions {numbers}")
        told = [event["saleOrderStatus"] for event in events]
        possible: tuple[list[str], ...] = ([], ["PARTIAL"], ["COMPLETED"], ["PARTIAL", "COMPLETED"])
        self._expect(told in possible, f"{name}: the log tells {told}")
        if order["status"] in ("PARTIAL", "COMPLETED"):
            self._expect(told[-1:] == [order["status"]], f"{name} is {order['status']}, the log tells {told}")
        if order["status"] == "COMPLETED" and events:
            self._expect(events[-1]["payment"]["paid"] == order["total"], f"{name}: its last record books a wrong sum")
        moved = [row["transition"] for row in self.history[order["id"]] if row["transition"] is not None]
        self._expect(moved == numbers, f"{name}: history has the transitions {moved}, the log {numbers}")
        attempts = Counter(attempt["uid"] for event in events for attempt in event["payment"]["attempts"])
        self._expect(max(attempts.values(), default=1) == 1, f"{name}: an attempt is reported twice")

    def _versions(self, order: Mapping[str, Any]) -> None:
        versions = [row["version"] for row in self.history[order["id"]]]
        right = list(range(1, order["version"] + 1))
        self._expect(versions == right, f"order {order['id']} has version {order['version']} and history {versions}")

    def _addresses(self) -> None:
        rows = {row["event_id"]: (row["partition"], row["log_offset"]) for row in self.outbox}
        log = [(record.ce_id, (record.partition, record.offset)) for record in self.committed]
        self._expect(len(log) == len(dict(log)), "an event is in the log twice")
        self._expect(rows == dict(log), "outbox and log disagree about what lies where")


@attrs.frozen(kw_only=True)
class Tables:
    """What PostgreSQL holds in the end."""

    outbox: Sequence[Mapping[str, Any]]
    history: Mapping[str, Sequence[Mapping[str, Any]]]
    feeds: Mapping[str, Sequence[int]]
    parked: Counter[tuple[str, str | None, str | None, Decimal]]


def read_tables(database_url: str) -> Tables:
    """Read outbox, history, and what is parked."""
    history: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    feeds: defaultdict[str, list[int]] = defaultdict(list)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        outbox = connection.execute("SELECT event_id, partition, log_offset, published_at FROM outbox").fetchall()
        rows = connection.execute("SELECT merchant_id, n, order_id, version, transition FROM history ORDER BY n")
        for row in rows:
            history[row["order_id"]].append(row)
            feeds[row["merchant_id"]].append(row["n"])
        waiting = connection.execute("SELECT source_id, attempt_uid, transaction_uid, amount FROM parked_payments")
        parked = Counter(tuple(row.values()) for row in waiting)
    return Tables(outbox=outbox, history=history, feeds=feeds, parked=parked)


def unpublished(database_url: str) -> int:
    """Count the rows that are still to be told."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM outbox WHERE published_at IS NULL").fetchone()
    assert found is not None
    return int(found[0])


def _record(raw: Any) -> Record:  # noqa: ANN401 - the client is untyped
    headers = {name: value.decode() for name, value in raw.headers}
    return Record(
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key.decode(),
        ce_id=headers["ce_id"],
        event=json.read(raw.value),
    )
