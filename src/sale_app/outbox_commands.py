"""The commands `sale outbox …`."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from sale_app.order_argument import Order, named
from sale_app.settings import Settings
from sale_domain.ids import EventId

SetAside = Annotated[bool, typer.Option("--set-aside", help="Only those that Kafka refused.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Most rows to show.")]
Event = Annotated[str, typer.Argument(metavar="EVENT", help="The event's id (`ce_id`).")]


def outbox_commands(*, settings: Callable[[], Settings], console: Callable[[], Console]) -> typer.Typer:
    """Return the commands, given where they find their settings and where they print."""
    app = typer.Typer(
        help="See what waits for Kafka, and decide about events that it will never take.", no_args_is_help=True
    )

    @app.command("list")
    def list_(*, set_aside: SetAside = False, limit: Limit = 100) -> None:
        """List what is not published yet, oldest first, with age and reason."""
        from sale_app.outbox import show_list  # noqa: PLC0415 - a command loads what it needs, and starts at once

        raise typer.Exit(show_list(settings(), console(), set_aside_only=set_aside, limit=limit))

    @app.command("of")
    def of_(order: Order) -> None:
        """List all events of one order: how far each is, and where on Kafka."""
        from sale_app.outbox import show_order  # noqa: PLC0415 - as above

        raise typer.Exit(show_order(settings(), console(), named(order)))

    @app.command()
    def show(event: Event) -> None:
        """Show one event with its headers and its payload."""
        from sale_app.outbox import show_event  # noqa: PLC0415 - as above

        raise typer.Exit(show_event(settings(), console(), EventId(event)))

    @app.command()
    def retry(event: Event) -> None:
        """Let an event that was set aside be tried again."""
        from sale_app.outbox import retry_event  # noqa: PLC0415 - as above

        raise typer.Exit(retry_event(settings(), console(), EventId(event)))

    @app.command()
    def release(
        event: Event,
        *,
        reason: Annotated[str, typer.Option(help="Why; it stays with the row.")],
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    ) -> None:
        """Give an event up for good, so that the later ones of its order go on."""
        if not reason.strip():
            raise typer.BadParameter("A reason is needed.", param_hint="--reason")
        from sale_app.outbox import release_event  # noqa: PLC0415 - as above

        raise typer.Exit(release_event(settings(), console(), EventId(event), reason=reason.strip(), yes=yes))

    return app
