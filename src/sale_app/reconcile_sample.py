"""A small sample of orders, compared now and then by whoever holds the relay's lease."""

import logging
import random
from typing import Protocol

from sale_domain.errors import Unavailable
from sale_domain.ports.reconciling import Books, LogReader
from sale_domain.ports.runtime import Clock
from sale_domain.reconciliation import Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope

_LOG = logging.getLogger("sale.reconcile")


class Findings(Protocol):
    """Whoever counts what comes of the samples."""

    def found(self, check: str, *, warning: bool) -> None:
        """Hear of something that does not agree."""

    def sampled(self, outcome: str) -> None:
        """Hear of a sample's end: `agreed`, `disagreed`, or `unfinished` because a part was away."""


class Uncounted:
    """Count nothing."""

    def found(self, check: str, *, warning: bool) -> None:
        """See `Findings`."""

    def sampled(self, outcome: str) -> None:
        """See `Findings`."""


async def reconcile_sample(
    *, books: Books, log: LogReader, clock: Clock, limits: Limits, size: int, tell: Findings | None = None
) -> bool:
    """Compare a sample and log what does not agree: ERROR, or WARNING where a person should only look.

    Args:
        books: What the database says.
        log: What Kafka says.
        clock: Says how old things are.
        limits: How old they may be.
        size: How many orders.
        tell: Counts.

    Returns:
        Whether all of the sample agreed; true also when a part was away, which is logged and is no disagreement.
    """
    reconciliation = Reconciliation(
        books=books,
        log=log,
        clock=clock,
        draw=random.randrange,
        limits=limits,
        scope=Scope(sample=size),
    )
    agreed, finished, tell = True, True, tell or Uncounted()
    try:
        async for finding in reconciliation.findings():
            agreed = agreed and finding.warning
            level = logging.WARNING if finding.warning else logging.ERROR
            _LOG.log(level, "%s", finding.sentence, extra={"check": finding.check.value, "id": finding.id})
            tell.found(finding.check.value, warning=finding.warning)
    except Unavailable as away:
        finished = False
        _LOG.warning("sample not finished: %s", away)
    tell.sampled("disagreed" if not agreed else "agreed" if finished else "unfinished")
    seen = reconciliation.seen
    counts = {"orders": seen.orders, "events": seen.events, "records": seen.records}
    _LOG.info("sample", extra={**counts, "agreed": agreed})
    return agreed
