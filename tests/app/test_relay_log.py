"""What an operator reads of a relay: what it has published, and that it waits for somebody's open transaction."""

import logging

import pytest

from relay_world import ONLY_SHARD, PAYMENTS
from sale_app.relay_log import RelayLog
from sale_domain.ids import EventId, OrderId
from sale_domain.ports.publishing import Lease, LogRecord, Partition, PublishedAt
from spoken import said

LEASE = Lease(shard=ONLY_SHARD, owner="relay-1", fence=3)
STUCK = Partition(topic=PAYMENTS, number=2)


class Clock:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_short_wait_is_not_worth_a_word_and_a_long_one_is_told_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    log = RelayLog(patience_seconds=15, seconds=clock)
    for _ in range(14):
        log.waiting(LEASE, STUCK, position=7, watermark=9)
        clock.now += 1
    assert not caplog.records
    for _ in range(31):
        clock.now += 1
        log.waiting(LEASE, STUCK, position=7, watermark=9)
    told = [(record.levelname, said(record)) for record in caplog.records]
    assert [level for level, _ in told] == ["ERROR"] * 3
    assert [message.split()[4] for _, message in told] == ["15", "30", "45"]
    assert "topic=payment.success partition=2 position=7 watermark=9" in told[0][1]
    assert "layout=1 shard=0" in told[0][1]


def test_progress_is_no_reason_to_complain(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    log = RelayLog(patience_seconds=15, seconds=clock)
    for position in range(40):
        log.waiting(LEASE, STUCK, position=position, watermark=99)
        clock.now += 1
    assert not caplog.records


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 1), (logging.DEBUG, 3)])
def test_a_batch_is_a_line_and_its_events_are_for_those_who_look_closely(
    caplog: pytest.LogCaptureFixture, level: int, lines: int
) -> None:
    caplog.set_level(level, logger="sale.relay")
    records = [
        LogRecord(
            event_id=EventId(f"event-{offset}"),
            at=PublishedAt(topic=PAYMENTS, partition=2, offset=offset),
            order_id=OrderId("order-1"),
        )
        for offset in (7, 8)
    ]
    RelayLog().published(LEASE, records)
    told = [said(record) for record in caplog.records]
    assert told[0] == "INFO sale.relay published layout=1 shard=0 events=2"
    each = "event_id=event-8 order_id=order-1 topic=payment.success partition=2 offset=8"
    assert len(told) == lines
    assert (each in told[-1]) is (level == logging.DEBUG)
