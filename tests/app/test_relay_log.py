"""What an operator reads of a relay that waits for somebody's open transaction."""

import pytest

from relay_world import ONLY_SHARD, PAYMENTS
from sale_app.relay_log import RelayLog
from sale_domain.ports.publishing import Lease, Partition
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
