"""What operators ask of the inbox: which payments wait for their order, and what mq-pay has told, and when."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sale_adapters.postgres import Database, PostgresInbox
from sale_adapters.system import SystemClock
from sale_app.logs import masked, start_logging
from sale_app.settings import Settings
from sale_app.tables import print_whole
from sale_domain.errors import NotFound
from sale_domain.ids import BUCKETS, OrderId, bucket_of
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.orders import Inbox, ParkedFact, ReceivedWebhook

MOST_WEBHOOKS = 500
"""Bodies shown of one order; no order has as many."""

Question = Callable[[Inbox], Awaitable[None]]


async def ask(settings: Settings, question: Question, *, console: Console) -> int:
    """Ask the inbox something; return the exit code (0 good, 1 not found or the database is away)."""
    # Why there is no connection the pool tells the log alone, in PostgreSQL's words.
    start_logging(settings)
    try:
        async with _inbox(settings) as inbox:
            await question(inbox)
    except (NotFound, StoreUnavailable) as failure:
        console.print(masked(str(failure), settings), style="red", markup=False)
        return 1
    return 0


def parked(*, limit: int, late_after: timedelta, console: Console) -> Question:
    """Return the question which payments wait for their order, oldest first; the late ones stand out."""

    async def question(inbox: Inbox) -> None:
        now = SystemClock().now()
        found = await inbox.waiting(range(BUCKETS), until=now, limit=limit + 1)
        print_whole(parked_table(found[:limit], now=now, late_after=late_after), console)
        late = sum(now - each.parked_at > late_after for each in found[:limit])
        more = f" (the oldest {limit}; there are more)" if len(found) > limit else ""
        told = f"{min(len(found), limit)} payments wait{more}, {late} of them too long."
        console.print(told, style="bold red" if late else None)

    return question


def parked_table(found: tuple[ParkedFact, ...], *, now: datetime, late_after: timedelta) -> Table:
    """Return the facts that wait as a table."""
    table = Table("webhook", "source", "bucket", "type", "amount", "since", "")
    for each in found:
        fact, is_late = each.fact, now - each.parked_at > late_after
        table.add_row(
            each.webhook_id,
            escape(f"{fact.source.type.value} {fact.source.id or '(none named)'}"),
            str(bucket_of(each.webhook_id)),
            fact.type.value,
            f"{fact.amount:f}",
            each.parked_at.isoformat(timespec="seconds"),
            "LATE" if is_late else "",
            style="bold red" if is_late else None,
        )
    return table


def body(webhook_id: str, *, console: Console) -> Question:
    """Return the question what came in one webhook, and what was answered."""

    async def question(inbox: Inbox) -> None:
        _show(await inbox.webhook(webhook_id), console)

    return question


def told_of(order_id: OrderId, *, within: timedelta, console: Console) -> Question:
    """Return the question what mq-pay has told about an order within so long of its making, and when."""

    async def question(inbox: Inbox) -> None:
        webhooks = await inbox.webhooks_naming(order_id, within=within, limit=MOST_WEBHOOKS)
        for webhook in webhooks:
            _show(webhook, console)
        more = " or more" if len(webhooks) == MOST_WEBHOOKS else ""
        told = f"{len(webhooks)}{more} webhooks of its first {within.days} days name {order_id}."
        console.print(told, markup=False, highlight=False)

    return question


def _show(webhook: ReceivedWebhook, console: Console) -> None:
    head = (webhook.received_at.isoformat(), webhook.event_type or "(no event type)", webhook.outcome, webhook.id)
    console.print("  ".join(head), style="bold", markup=False, highlight=False)
    # Whatever a stranger sent, it shall not steer the terminal.
    text = webhook.body.decode(errors="backslashreplace")
    shown = "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)
    console.print(shown, markup=False, highlight=False)


@asynccontextmanager
async def _inbox(settings: Settings) -> AsyncIterator[Inbox]:
    async with Database(settings.database_url, connections=1) as database:
        yield PostgresInbox(database)
