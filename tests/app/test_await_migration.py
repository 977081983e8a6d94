"""`sale migrate --wait`: a rollout stands still until somebody has migrated, and goes on with tables that will do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

import services
from sale_adapters.embedded import free_ports
from sale_adapters.postgres.migrations.pending import NEEDED
from sale_adapters.postgres.migrations.run import migrate
from sale_app.cli import app


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """Yield a database without tables."""
    with services.fresh_database(postgres_url) as url:
        yield url


def waited(database_url: str, seconds: float) -> tuple[int, str]:
    done = CliRunner().invoke(
        app, ["migrate", "--wait", str(seconds)], env={"SALE_DATABASE_URL": database_url, "COLUMNS": "200"}
    )
    return done.exit_code, done.output


def test_it_waits_for_a_migration_that_comes_and_changes_nothing_itself(empty_url: str) -> None:
    command = [sys.executable, "-m", "sale_app", "migrate", "--wait", "60"]
    with subprocess.Popen(  # noqa: S603 - our own
        command, env={"SALE_DATABASE_URL": empty_url}, stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline().startswith("database: lacks 0001, ")
        assert waited(empty_url, 0)[0] == 1, "it has made no tables"
        migrate(empty_url)
        said, _ = waiting.communicate(timeout=30)

    # It may look while the tables are being made.
    assert (waiting.returncode, said.splitlines()[-1]) == (0, "database: up to date")


def test_it_gives_up_after_its_time_and_says_what_is_lacking(empty_url: str) -> None:
    code, said = waited(empty_url, 0)

    assert code == 1
    assert said.startswith("database: lacks 0001, ")
    assert said.endswith(f"{NEEDED}; run `sale migrate`\n")


def test_a_database_that_is_away_is_waited_for_as_well() -> None:
    code, said = waited(f"postgresql://sale@127.0.0.1:{free_ports(1)[0]}/sale", 0)

    assert code == 1
    assert "Connection refused" in said
    assert "Traceback" not in said


def test_it_does_not_wait_for_what_may_come_after_the_rollout(empty_url: str) -> None:
    migrate(empty_url, to=NEEDED)

    assert waited(empty_url, 0) == (0, "database: up to date\n")
