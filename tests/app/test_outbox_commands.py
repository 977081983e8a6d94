"""`sale outbox`: an operator sees why an event is stuck, and decides about it."""

import re
from collections.abc import Callable

import psycopg
import pytest
from typer.testing import CliRunner, Result

from outbox_tables import insert, make_tables
from relay_world import event
from sale_app.cli import app
from sale_domain.ids import new_id

ORDER = new_id(milliseconds=0, randomness=0, bucket=7)
ROWS = BEFORE, POISON, AFTER = tuple(event(number, order=ORDER) for number in (1, 2, 3))
REASON = "[too] large,\n  on two lines"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str) -> Run:
    make_tables(database_url)
    insert(database_url, *ROWS)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE outbox SET set_aside_at = now(), set_aside_reason = %s WHERE event_id = %s",
            [REASON, POISON.event_id],
        )
    has_relay(database_url, for_seconds=3_600)

    def command(*arguments: str, answer: str = "", columns: str = "300") -> Result:
        environment = {"SALE_DATABASE_URL": database_url, "COLUMNS": columns}
        return CliRunner().invoke(app, ["outbox", *arguments], env=environment, input=answer)

    return command


def test_the_list_tells_why_an_event_is_stuck_and_what_waits_for_it(run: Run) -> None:
    listed = run("list")
    lines = listed.output.splitlines()
    assert listed.exit_code == 0
    assert [line.split()[0] for line in lines[1:]] == [row.event_id for row in ROWS]
    assert "set aside" in lines[2]
    assert "[too] large, on two lines (holds back 1)" in lines[2]
    assert "held back" in lines[3]
    assert run("list", "--set-aside").output.splitlines()[1:] == [lines[2]]
    assert "there may be more" in run("list", "--limit", "1").output


def test_an_orders_events_are_listed_with_their_places_on_kafka(run: Run, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE outbox SET published_at = now(), cluster_id = 'c', partition = 2, log_offset = 41"
            " WHERE event_id = %s",
            [BEFORE.event_id],
        )
    listed = run("of", f"20260105073000-{BEFORE.order_id}")
    lines = listed.output.splitlines()
    assert listed.exit_code == 0
    assert [line.split()[0] for line in lines[1:]] == [row.event_id for row in ROWS]
    assert "published" in lines[1]
    assert "partition 2, offset 41" in lines[1]
    assert "set aside" in lines[2]
    nothing = run("of", "01ARZ3NDEKTSV4RRFFQ69G5FAV00")
    assert nothing.exit_code == 1
    assert "has no event of an order '01ARZ3NDEKTSV4RRFFQ69G5FAV00'" in nothing.output


def has_relay(database_url: str, *, for_seconds: int) -> None:
    statement = """
        INSERT INTO relay_shards (bucket, layout, shard, lease_until)
        VALUES (0, 1, 0, now() + make_interval(secs => %s))
        ON CONFLICT (bucket, layout, shard) DO UPDATE SET lease_until = excluded.lease_until
    """
    with psycopg.connect(database_url) as connection:
        connection.execute(statement, [for_seconds])


def test_the_list_says_for_how_long_no_relay_has_carried_what_waits(run: Run, database_url: str) -> None:
    assert "no relay" not in run("list").output
    has_relay(database_url, for_seconds=-3_600)
    told = run("list", columns="80").output.splitlines()[-1]
    assert re.sub(r"360\d", "3600", told).startswith(
        "no relay has had shard 0 of the outbox for 3600 s: start `sale relay`"
    )
    with psycopg.connect(database_url) as connection:
        connection.execute("TRUNCATE relay_shards")
    assert run("list").output.splitlines()[-1].startswith("no relay has ever had the outbox: start `sale relay`")
    with psycopg.connect(database_url) as connection:
        connection.execute("TRUNCATE outbox")
    assert run("list").output == "Nothing waits.\n"


def test_no_id_is_cut_short_in_a_pipe_or_at_a_narrow_terminal(run: Run) -> None:
    for row in ROWS:
        (line,) = (line for line in run("list", columns="80").output.splitlines() if row.event_id in line)
        assert line[:80].split()[:2] == [row.event_id, row.order_id]
        assert row.topic in line
    assert "[too] large, on two lines (holds back 1)" in run("list", columns="80").output


def test_an_event_is_shown_with_its_headers_and_the_exact_payload(run: Run) -> None:
    shown = run("show", POISON.event_id)
    assert shown.exit_code == 0
    assert f"header    ce_id: {POISON.event_id}" in shown.output
    assert "header    ce_type: payment.success" in shown.output
    assert f"standing  set aside: {REASON}" in shown.output
    assert shown.output.splitlines()[-1] == POISON.payload.decode()


def test_retry_puts_an_event_back(run: Run) -> None:
    assert run("retry", POISON.event_id).exit_code == 0
    assert "standing  waiting" in run("show", POISON.event_id).output
    again = run("retry", POISON.event_id)
    assert (again.exit_code, "is not set aside: it is waiting" in again.output) == (1, True)


def test_release_says_what_it_will_do_and_asks(run: Run) -> None:
    refused = run("release", POISON.event_id, "--reason", "booked by hand", answer="n\n")
    assert refused.exit_code == 1
    assert "will never be sent" in refused.output
    assert "The 1 later event of its order will be sent." in refused.output
    assert "booked by hand" in refused.output
    assert refused.output.endswith("Nothing was changed.\n")
    assert "standing  set aside" in run("show", POISON.event_id).output

    assert run("release", POISON.event_id, "--reason", "booked by hand", answer="y\n").exit_code == 0
    assert "standing  released: booked by hand" in run("show", POISON.event_id).output
    assert POISON.event_id not in run("list").output
    assert "standing  waiting" in run("show", AFTER.event_id).output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("release", POISON.event_id), 2),
        (("release", POISON.event_id, "--reason", "  "), 2),
        (("release", BEFORE.event_id, "--reason", "why not", "--yes"), 1),
        (("release", event(77).event_id, "--reason", "why not", "--yes"), 1),
        (("retry", "nonsense"), 1),
        (("show", event(77).event_id), 1),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(run: Run, arguments: tuple[str, ...], code: int) -> None:
    refused = run(*arguments)
    assert refused.exit_code == code
    assert refused.output.strip()
    assert len(run("list").output.splitlines()) == 1 + len(ROWS)


def test_a_database_that_is_away_is_said_in_one_line() -> None:
    environment = {"SALE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    listed = CliRunner().invoke(app, ["outbox", "list"], env=environment)
    assert listed.exit_code == 1
    assert listed.output.startswith("The database is not available")


def test_without_a_database_setting_it_is_wrong_usage() -> None:
    listed = CliRunner().invoke(app, ["outbox", "list"], env={"SALE_DATABASE_URL": None})
    assert listed.exit_code == 2
    assert "SALE_DATABASE_URL is missing" in listed.output
