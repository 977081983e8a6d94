"""`sale inbox`: what an operator is shown of the payments that wait, and of what mq-pay has told."""

import asyncio
from datetime import timedelta

import attrs
import pytest
from typer.testing import CliRunner, Result

from orders_world import attempt, delivered, fresh_id
from sale_adapters.postgres import Database, PostgresInbox
from sale_adapters.system import SystemClock
from sale_app.cli import app
from sale_domain.ids import OrderId
from sale_domain.ports.orders import ReceivedWebhook

ORDER = OrderId(fresh_id(77))


@pytest.fixture(scope="module")
def webhooks(tables_url: str) -> list[ReceivedWebhook]:
    """Park a payment of an hour ago and one of just now, and log a body that would steer the terminal."""
    now = SystemClock().now()
    kept = [
        attrs.evolve(
            delivered(bucket=77), received_at=now - timedelta(hours=1), body=b'{"for": "%s"}' % ORDER.encode()
        ),
        attrs.evolve(delivered(bucket=77), received_at=now, body=b"[red]\x1b[2J\xff" + ORDER.encode()),
    ]

    async def fill() -> None:
        async with Database(tables_url) as database:
            inbox = PostgresInbox(database)
            for n, webhook in enumerate(kept):
                await inbox.park(attempt(ORDER, 65_000 + n, uid=f"a{n}"), webhook=webhook)

    asyncio.run(fill())
    return kept


def run(tables_url: str, *arguments: str, minutes: str = "15", columns: str = "200") -> Result:
    environment = {"SALE_DATABASE_URL": tables_url, "SALE_AGE_PARKED_MINUTES": minutes, "COLUMNS": columns}
    return CliRunner().invoke(app, ["inbox", *arguments], env=environment)


def test_the_list_shows_the_oldest_first_and_the_late_ones_loudly(
    tables_url: str, webhooks: list[ReceivedWebhook]
) -> None:
    result = run(tables_url, "list")

    _, first, second, told = result.output.strip().splitlines()
    assert (result.exit_code, webhooks[0].id in first, webhooks[1].id in second) == (0, True, True)
    assert f"SaleOrder {ORDER}" in first
    assert "65000" in first
    assert ("LATE" in first, "LATE" in second) == (True, False)
    assert told == "2 payments wait, 1 of them too long."
    few = run(tables_url, "list", "--limit", "1", minutes="90").output
    assert "1 payments wait (the oldest 1; there are more), 0 of them too long." in few


def test_no_id_is_cut_short_in_a_pipe_or_at_a_narrow_terminal(tables_url: str, webhooks: list[ReceivedWebhook]) -> None:
    lines = run(tables_url, "list", columns="80").output.splitlines()
    assert [line[:69].split() for line in lines[1:3]] == [[webhook.id, "SaleOrder", ORDER] for webhook in webhooks]
    assert all("mq-pay:attempt.success" in line for line in lines[1:3])


def test_a_body_is_shown_as_it_came_but_steers_no_terminal(tables_url: str, webhooks: list[ReceivedWebhook]) -> None:
    result = run(tables_url, "show", webhooks[1].id)

    assert result.exit_code == 0
    assert "mq-pay:attempt.success  parked" in result.output
    assert f"[red]\\x1b[2J\\xff{ORDER}" in result.output
    assert "\x1b[2J" not in result.output


def test_all_that_was_told_of_an_order_is_shown_in_the_order_it_came(
    tables_url: str, webhooks: list[ReceivedWebhook]
) -> None:
    output = run(tables_url, "webhooks", f"20260105073000-{ORDER}").output

    assert output.index(webhooks[0].id) < output.index(webhooks[1].id)
    assert output.endswith(f"2 webhooks of its first 30 days name {ORDER}.\n")


@pytest.mark.usefixtures("webhooks")
def test_what_is_not_there_and_a_database_that_is_away_end_in_1_and_wrong_usage_in_2(tables_url: str) -> None:
    assert run(tables_url, "show", fresh_id(77)).exit_code == 1
    assert run(tables_url, "webhooks", "nonsense").exit_code == 1
    assert run("postgresql://nobody@127.0.0.1:1/sale", "list").exit_code == 1
    assert run("", "list").exit_code == 2
    assert run(tables_url, "list", "--limit", "0").exit_code == 2
