"""A small sample of orders, compared now and then by whoever holds the relay's lease."""

import logging
import random

from sale_domain.errors import Unavailable
from sale_domain.ports.reconciling import Books, LogReader
from sale_domain.ports.runtime import Clock
from sale_domain.reconciliation import Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope

_LOG = logging.getLogger("sale.reconcile")


async def reconcile_sample(*, books: Books, log: LogReader, clock: Clock, limits: Limits, size: int) -> bool:
    """Compare a sample and log what does not agree: ERROR, or WARNING where a person should only look.

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
    agreed = True
    try:
        async for finding in reconciliation.findings():
            agreed = agreed and finding.warning
            level = logging.WARNING if finding.warning else logging.ERROR
            _LOG.log(level, "%s id=%s %s", finding.check.value, finding.id, finding.sentence)
    except Unavailable as away:
        _LOG.warning("sample not finished: %s", away)
    seen = reconciliation.seen
    _LOG.info("sample orders=%d events=%d records=%d agreed=%s", seen.orders, seen.events, seen.records, agreed)
    return agreed
