"""`sale reconcile`: tell what does not agree, and mend what was asked for."""

import json
import logging
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Self

import attrs
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sale_adapters.kafka.log_reader import KafkaLogReader
from sale_adapters.postgres import Database, PostgresBooks, PostgresOrders
from sale_adapters.system import SystemClock
from sale_app.kafka import kafka_connection
from sale_app.logs import masked
from sale_app.reconcile_limits import limits_of
from sale_app.settings import Settings
from sale_app.telling import telling
from sale_domain.errors import SaleError, Unavailable
from sale_domain.ids import MerchantId
from sale_domain.ports.orders import Orders
from sale_domain.ports.reconciling import Books, LogReader
from sale_domain.ports.runtime import Clock
from sale_domain.reconciliation import Finding, Limits
from sale_domain.use_cases.reconciling import Reconciliation, Scope, Seen, mend

_DURATION = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class WrongUsage(Exception):
    """The options do not go together."""


@attrs.frozen(kw_only=True)
class Wish:
    """What the command line asks for."""

    merchant_id: MerchantId | None = None
    since: timedelta | None = None
    sample: int | None = None
    repair: bool = False
    yes: bool = False

    @classmethod
    def of(
        cls, *, merchant: str | None, since: str | None, sample: int | None, every: bool, repair: bool, yes: bool
    ) -> Self:
        """Read the options.

        Raises:
            WrongUsage: they do not go together, or a time is none.
        """
        if sample is not None and (every or since is not None):
            raise WrongUsage("--sample goes with neither --all nor --since: a sample is drawn from all orders")
        if yes and not repair:
            raise WrongUsage("--yes says yes to --repair, which is missing")
        return cls(
            merchant_id=None if merchant is None else MerchantId(merchant),
            since=None if since is None else _duration(since),
            sample=sample,
            repair=repair,
            yes=yes,
        )


@attrs.define(kw_only=True)
class Report:
    """Prints findings as they come and remembers how many there were.

    Attributes:
        mask: Takes out of a line what nobody may read.
    """

    console: Console
    as_json: bool
    mask: Callable[[str], str] = str
    disagreements: int = 0
    warnings: int = 0
    mended: int = 0

    def found(self, finding: Finding) -> None:
        """Tell of a finding."""
        self.warnings += finding.warning
        self.disagreements += not finding.warning
        severity = "warning" if finding.warning else "disagrees"
        document = {"code": finding.check.value, "severity": severity, "id": finding.id, "sentence": finding.sentence}
        if finding.mend is not None:
            document["mend"] = str(finding.mend)
        colour = "yellow" if finding.warning else "red"
        self.say(document, f"{severity} {finding.check.value} {finding.id}: {finding.sentence}", style=colour)

    def repair(self, finding: Finding, outcome: str, sentence: str) -> None:
        """Tell what was, would be, or will not be done about a finding."""
        self.mended += outcome == "done"
        document = {"repair": outcome, "code": finding.check.value, "id": finding.id, "sentence": sentence}
        self.say(document, f"  {outcome}: {sentence}")

    def say(self, document: dict[str, Any], line: str, style: str | None = None) -> None:
        """Print a line, as JSON or for people."""
        text = json.dumps(document, ensure_ascii=False) if self.as_json else line
        self.console.print(self.mask(text), style=None if self.as_json else style, markup=False, highlight=False)


async def reconcile_from_settings(settings: Settings, wish: Wish, *, as_json: bool, console: Console) -> int:
    """Compare what lies in the settings' PostgreSQL and Kafka; return the exit code."""
    # The clients tell every lost connection in many lines; we tell it in one.
    for client in ("kafka", "psycopg.pool"):
        logging.getLogger(client).setLevel(logging.CRITICAL)
    report = Report(console=console, as_json=as_json, mask=partial(masked, settings=settings))
    connection = kafka_connection(settings)
    async with (
        Database(settings.database_url, connections=2) as database,
        KafkaLogReader(connection) as log,
        telling(PostgresOrders(database), settings) as orders,
    ):
        return await run(
            wish,
            report,
            books=PostgresBooks(database),
            log=log,
            orders=orders,
            clock=SystemClock(),
            limits=limits_of(settings),
        )


async def run(
    wish: Wish, report: Report, *, books: Books, log: LogReader, orders: Orders, clock: Clock, limits: Limits
) -> int:
    """Compare, report, and mend what was asked for; return 0 when all agrees (in the end), else 1.

    A merchant that nothing is known of is wrong usage: 2.
    """
    scope = Scope(
        merchant_id=wish.merchant_id,
        since=None if wish.since is None else clock.now() - wish.since,
        sample=wish.sample,
    )
    with _progress() as moved:
        comparing = Reconciliation(
            books=books, log=log, clock=clock, draw=random.randrange, moved=moved, limits=limits, scope=scope
        )
        try:
            if wish.merchant_id is not None and not await comparing.knows(wish.merchant_id):
                told = f"There is no merchant {wish.merchant_id}: nothing here is of it."
                report.say({"failed": told}, told, style="red")
                return 2
            async for finding in comparing.findings():
                report.found(finding)
                if wish.repair and not finding.warning:
                    await _repair(finding, wish, report, orders=orders, clock=clock)
        except Unavailable as away:
            report.say({"failed": str(away)}, f"Not finished: {away}", style="red")
            return 1
    return _conclude(report, comparing)


@contextmanager
def _progress() -> Iterator[Callable[[Seen], None]]:
    """Show on a terminal's standard error how far the comparison has come; elsewhere nothing."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("comparing …")
        yield lambda seen: progress.update(task, description=f"{seen.orders} orders, {seen.records} records compared")


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise WrongUsage(f"--since takes a time such as 90m, 12h or 7d, not {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


async def _repair(finding: Finding, wish: Wish, report: Report, *, orders: Orders, clock: Clock) -> None:
    if finding.mend is None:
        report.repair(finding, "left alone", "Nothing here can be put right without a guess; a person has to look.")
    elif not wish.yes:
        report.repair(finding, "would", str(finding.mend))
    else:
        try:
            await mend(orders, clock, finding.mend)
        except Unavailable:
            raise
        except SaleError as refusal:
            report.repair(finding, "left alone", str(refusal))
        else:
            report.repair(finding, "done", str(finding.mend))


def _conclude(report: Report, comparing: Reconciliation) -> int:
    seen = comparing.seen
    left = report.disagreements - report.mended
    sums = {"disagreements": report.disagreements, "warnings": report.warnings, "mended": report.mended}
    line = (
        f"{seen.orders} orders, {seen.events} events, {seen.records} records on Kafka ({seen.expired} of them expired) "
        f"and {seen.feed_numbers} feed numbers compared: {report.disagreements} disagree, {report.mended} of them "
        f"mended, {report.warnings} warnings."
    )
    report.say({**sums, **attrs.asdict(seen)}, line, style="red" if left else "green")
    return 1 if left else 0
