"""The command line: `sale`. Exit codes: 0 good, 1 failed, 2 wrong usage (contract §11)."""

import asyncio
import os
from datetime import timedelta
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sale_app.order_argument import Order, named
from sale_app.outbox_commands import outbox_commands
from sale_app.setting_fields import Process
from sale_app.setting_rows import describe
from sale_app.settings import BadSettings, Settings
from sale_app.tables import print_whole

app = typer.Typer(
    name="sale",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

inbox = typer.Typer(help="What mq-pay has told: payments that wait for their order, and every webhook body.")
app.add_typer(inbox, name="inbox", no_args_is_help=True)

WRONG_USAGE = 2
_SETTING_COLUMNS = ("setting", "value", "from", "default", "meaning", "for")


class Patient(Enum):
    """Whose parts `sale doctor` looks at."""

    SERVE = Process.SERVE.value
    RELAY = Process.RELAY.value


Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer's way
    if wanted:
        typer.echo(f"sale {version('sale')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    told: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """The order service of a point-of-sale platform."""


@app.command()
def serve() -> None:
    """Serve the HTTP API."""
    from sale_app.server import run_server  # noqa: PLC0415 - a command loads what it needs, and starts at once

    run_server(_settings(Process.SERVE))


@app.command()
def relay() -> None:
    """Carry committed events from the outbox to Kafka, each exactly once."""
    from sale_app.relay import relay_from_settings  # noqa: PLC0415 - as above

    raise typer.Exit(relay_from_settings(_settings(Process.RELAY)))


@app.command()
def migrate(
    *,
    without_topics: Annotated[bool, typer.Option("--without-topics", help="Leave Kafka alone.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(min=0, help="Change nothing: wait up to so many seconds until someone else has migrated."),
    ] = None,
) -> None:
    """Bring the database's schema and Kafka's topics up to date; safe to repeat."""
    from sale_app.migrate import await_migration, bring_up_to_date  # noqa: PLC0415 - as above

    if wait is not None:
        settings = _settings(Process.MIGRATE_DATABASE)
        raise typer.Exit(await_migration(settings, seconds=wait, console=_console()))
    settings = _settings(Process.MIGRATE_DATABASE if without_topics else Process.MIGRATE)
    raise typer.Exit(bring_up_to_date(settings, topics=not without_topics, console=_console()))


@app.command()
def sandbox(
    port: Port = 31040,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    webhook_url: Annotated[
        str, typer.Option(help="Where mq-pay delivers its webhooks.")
    ] = "http://127.0.0.1:31030/v1/api/sale/webhooks/payment",
) -> None:
    """Play the sister services: identity, commerce, pricing and mq-pay. For demos and tests only."""
    from sale_app.sandbox import run_sandbox  # noqa: PLC0415 - as above

    run_sandbox(host=host, port=port, webhook_url=webhook_url, environment=os.environ)


@app.command()
def demo(
    *,
    port: Port = 31030,
    data_dir: Annotated[Path, typer.Option(help="Where all data stay.")] = Path(".sale-demo"),
    once: Annotated[bool, typer.Option("--once", help="End after one sale; exit code 1 if a step failed.")] = False,
) -> None:
    """Run everything here with real parts, and play one sale from order to Kafka record."""
    try:
        from sale_app.demo.show import demo as run_demo  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        typer.echo(f"The demo needs {missing.name}: pip install 'sale[demo]'", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(asyncio.run(run_demo(http_port=port, data_dir=data_dir.resolve(), once=once, console=_console())))


@app.command()
def doctor(
    *,
    of: Annotated[
        Patient | None, typer.Option("--for", help="Only what this process needs; without it, what all need.")
    ] = None,
) -> None:
    """Tell in plain words which parts are well, and what to do about those that are not."""
    from sale_app.doctor.examining import examine  # noqa: PLC0415 - as above

    process = Process(of.value) if of else Process.DOCTOR
    raise typer.Exit(asyncio.run(examine(_settings(process), process=process, console=_console())))


@app.command()
def reconcile(
    *,
    merchant: Annotated[str | None, typer.Option(help="Only this merchant's orders.")] = None,
    since: Annotated[str | None, typer.Option(help="Only orders changed within a time: 90m, 12h, 7d.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Only so many orders, drawn at random.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every order; so it is without --sample.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Tell what can be mended without a guess.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --repair: do it.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, a line for each finding and a last one.")
    ] = False,
) -> None:
    """Compare orders, ledger, history, outbox and Kafka; exit code 1 when something does not agree."""
    from sale_app.reconcile import Wish, WrongUsage, reconcile_from_settings  # noqa: PLC0415 - as above

    try:
        wish = Wish.of(merchant=merchant, since=since, sample=sample, every=every, repair=repair, yes=yes)
    except WrongUsage as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(WRONG_USAGE) from None
    told = _settings(Process.RECONCILE)
    raise typer.Exit(asyncio.run(reconcile_from_settings(told, wish, as_json=as_json, console=_console())))


@app.command()
def settings() -> None:
    """List every setting with its meaning, value and source; secrets are masked."""
    table = Table(*_SETTING_COLUMNS)
    for row in describe(os.environ):
        table.add_row(row.variable, row.value, row.source, row.default, row.meaning, " ".join(row.processes))
    print_whole(table, _console())


@inbox.command("list")
def inbox_list(limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most payments to show.")] = 100) -> None:
    """List the payments that wait for their order, oldest first; those that wait too long stand out."""
    from sale_app.inbox import ask, parked  # noqa: PLC0415 - as above

    settings, console = _settings(Process.INBOX), _console()
    question = parked(limit=limit, late_after=timedelta(minutes=settings.age_parked_minutes), console=console)
    raise typer.Exit(asyncio.run(ask(settings, question, console=console)))


@inbox.command("show")
def inbox_show(webhook_id: Annotated[str, typer.Argument(help="As `sale inbox list` shows it.")]) -> None:
    """Show one webhook's body as it came, and what was answered."""
    from sale_app.inbox import ask, body  # noqa: PLC0415 - as above

    settings, console = _settings(Process.INBOX), _console()
    raise typer.Exit(asyncio.run(ask(settings, body(webhook_id, console=console), console=console)))


@inbox.command("webhooks")
def inbox_webhooks(
    order: Order,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How long after its making to look.")] = 30,
) -> None:
    """Show everything that mq-pay has told about an order in its first days, and when, oldest first."""
    from sale_app.inbox import ask, told_of  # noqa: PLC0415 - as above

    settings, console = _settings(Process.INBOX), _console()
    question = told_of(named(order), within=timedelta(days=days), console=console)
    raise typer.Exit(asyncio.run(ask(settings, question, console=console)))


def _settings(process: Process) -> Settings:
    try:
        return Settings.read(os.environ, process=process)
    except BadSettings as bad:
        for problem in bad.problems:
            typer.echo(problem, err=True)
        typer.echo("`sale settings` lists them all.", err=True)
        raise typer.Exit(WRONG_USAGE) from None


def _console() -> Console:
    return Console(soft_wrap=True)


# Here, because it takes what is defined above; its own imports wait until a command runs.
app.add_typer(outbox_commands(settings=lambda: _settings(Process.OUTBOX), console=_console), name="outbox")
