"""What `sale outbox` does: show what still waits for Kafka and why, and end the wait of what Kafka never takes."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import typer
from psycopg import AsyncConnection, Error
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sale_adapters.postgres.outbox_desk import PostgresOutboxDesk
from sale_adapters.postgres.pool import SOON_NOTICED
from sale_adapters.postgres.reasons import in_one_line
from sale_adapters.system import SystemClock
from sale_adapters.wire.cloud_events import cloud_event_headers
from sale_app.logs import masked
from sale_app.settings import Settings
from sale_app.tables import print_whole
from sale_app.unattended import without_relay
from sale_domain.errors import NotFound, SaleError
from sale_domain.ids import EventId, OrderId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.outbox_desk import DeskEntry, NotSetAside, OutboxDesk, Standing


def show_list(settings: Settings, console: Console, *, set_aside_only: bool, limit: int) -> int:
    """Print what is to be sent, oldest first; return the exit code (0 good, 1 failed)."""

    async def ask(desk: OutboxDesk) -> int:
        entries = await desk.unpublished(set_aside_only=set_aside_only, limit=limit)
        if entries:
            lacking = await _without_relay(settings.database_url)
            print_whole(_table(entries, now=SystemClock().now()), console)
            for sentence in lacking:
                console.print(sentence, style="bold red", markup=False, soft_wrap=True)
        else:
            console.print("Nothing waits.")
        if len(entries) == limit:
            console.print(f"These are the oldest {limit}; there may be more: see --limit.")
        return 0

    return _at_the_desk(settings, console, ask)


def show_order(settings: Settings, console: Console, order_id: OrderId) -> int:
    """Print how far each of an order's events is, and where on Kafka; return the exit code."""

    async def ask(desk: OutboxDesk) -> int:
        if entries := await desk.events_of(order_id):
            print_whole(_table(entries, now=SystemClock().now()), console)
            return 0
        console.print(
            f"The outbox has no event of an order {order_id!r}; a published one stays for SALE_OUTBOX_DAYS.",
            markup=False,
            soft_wrap=True,
        )
        return 1

    return _at_the_desk(settings, console, ask)


def show_event(settings: Settings, console: Console, event_id: EventId) -> int:
    """Print one event: how far it is, its headers, its payload as it is sent; return the exit code."""

    async def ask(desk: OutboxDesk) -> int:
        entry, row = await desk.find(event_id)
        console.print(f"event     {entry.event_id}, number {entry.seq} of order {entry.order_id}", markup=False)
        console.print(f"topic     {entry.topic}", markup=False)
        console.print(f"occurred  {entry.occurred_at.isoformat()}", markup=False)
        console.print(f"standing  {entry.standing.value}{f': {entry.reason}' if entry.reason else ''}", markup=False)
        if entry.at is not None:
            console.print(f"address   partition {entry.at.partition}, offset {entry.at.offset}")
        for name, value in cloud_event_headers(row):
            console.print(f"header    {name}: {value.decode()}", markup=False)
        console.print(f"key       {row.key.decode()}", markup=False)
        console.print(f"payload   {len(row.payload)} bytes", markup=False)
        console.print(row.payload.decode(), markup=False, highlight=False)
        return 0

    return _at_the_desk(settings, console, ask)


def retry_event(settings: Settings, console: Console, event_id: EventId) -> int:
    """Let the relay try an event again; return the exit code."""

    async def ask(desk: OutboxDesk) -> int:
        await desk.retry(event_id)
        console.print(f"Event {event_id} will be tried again, and the later ones of its order behind it.", markup=False)
        return 0

    return _at_the_desk(settings, console, ask)


def release_event(settings: Settings, console: Console, event_id: EventId, *, reason: str, yes: bool) -> int:
    """Give an event up for good, after saying what that means; return the exit code."""

    async def ask(desk: OutboxDesk) -> int:
        entry, _ = await desk.find(event_id)
        if entry.standing is not Standing.SET_ASIDE:
            raise NotSetAside(event_id=event_id, standing=entry.standing)
        console.print(_what_release_does(entry, reason), markup=False)
        if not yes and not await asyncio.to_thread(typer.confirm, "Give it up?"):
            console.print("Nothing was changed.")
            return 1
        await desk.release(event_id, reason=reason)
        console.print(f"Event {event_id} is released.", markup=False)
        return 0

    return _at_the_desk(settings, console, ask)


def _at_the_desk(settings: Settings, console: Console, ask: Callable[[OutboxDesk], Coroutine[Any, Any, int]]) -> int:
    try:
        return asyncio.run(ask(PostgresOutboxDesk(settings.database_url)))
    except NotFound:
        console.print("There is no such event in the outbox.")
    except SaleError as refusal:
        console.print(masked(str(refusal), settings), markup=False)
    return 1


async def _without_relay(database_url: str) -> list[str]:
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        async with await AsyncConnection.connect(url, row_factory=dict_row, **SOON_NOTICED) as connection:
            return await without_relay(connection, events_wait=True)
    except Error as error:
        raise StoreUnavailable(reason=in_one_line(error)) from error


def _what_release_does(entry: DeskEntry, reason: str) -> str:
    followers = {0: "No later event of its order waits for it.", 1: "The 1 later event of its order will be sent."}
    return "\n".join(
        [
            f"Event {entry.event_id} ({entry.topic}, number {entry.seq} of order {entry.order_id}) will never be sent:",
            "no consumer hears of it.",
            followers.get(entry.holds_back, f"The {entry.holds_back} later events of its order will be sent."),
            f"The row stays in the outbox, marked released, with your reason: {reason}",
        ]
    )


def _table(entries: tuple[DeskEntry, ...], *, now: datetime) -> Table:
    table = Table("event", "order", "no.", "standing", "age", "topic", "why or where")
    for entry in entries:
        why = entry.reason or ""
        if entry.at is not None:
            why = f"partition {entry.at.partition}, offset {entry.at.offset}"
        if entry.holds_back:
            why += f" (holds back {entry.holds_back})"
        age = _age(now - entry.occurred_at)
        standing = entry.standing.value
        cells = (entry.event_id, entry.order_id, str(entry.seq), standing, age, entry.topic, " ".join(why.split()))
        table.add_row(*map(escape, cells))
    return table


def _age(since: timedelta) -> str:
    """Return an age in its two largest units.

    >>> _age(timedelta(days=2, hours=3, minutes=4)), _age(timedelta(seconds=7))
    ('2 d 3 h', '7 s')
    """
    seconds = max(0, int(since.total_seconds()))
    parts = [(seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    told = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(told[:2]) or "0 s"
