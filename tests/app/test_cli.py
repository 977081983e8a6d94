"""The command line: help, exit codes, settings, and a doctor who says what is wrong and what helps."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner, Result

from live import Live
from sale_adapters.embedded import free_ports
from sale_app.cli import app
from sale_app.setting_fields import variable
from sale_app.settings import Settings

ROOT = Path(__file__).parents[2]
COMMANDS = ("serve", "relay", "migrate", "sandbox", "demo", "doctor", "settings")


def _sale(*arguments: str, settings: Mapping[str, str] | None = None) -> Result:
    # Nothing of this machine's own settings gets in.
    runner = CliRunner(env={"SALE_DATABASE_URL": None, "COLUMNS": "200", **(settings or {})})
    return runner.invoke(app, list(arguments))


def test_help_lists_every_command() -> None:
    told = _sale("--help")

    assert told.exit_code == 0
    assert all(command in told.output for command in COMMANDS)


def test_it_says_which_version_it_is() -> None:
    told = _sale("--version")

    assert (told.exit_code, told.output) == (0, f"sale {version('sale')}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    told = _sale(command, "--help")

    assert told.exit_code == 0
    assert "Usage:" in told.output


@pytest.mark.parametrize(("said", "done"), [((), "demo"), (("PORT=9000",), "demo --port 9000"), (("PORT=",), "demo")])
def test_make_run_takes_a_port(said: tuple[str, ...], done: str) -> None:
    make = ("make", "--no-print-directory", "-n", "-o", ".venv/.ready", "run", *said)
    told = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own Makefile
    assert told.stdout == f".venv/bin/sale {done}\n"


@pytest.mark.parametrize("wrong", [["cook"], ["demo", "--port", "0"], ["demo", "--port", "many"], ["serve", "--fast"]])
def test_wrong_usage_ends_with_2(wrong: list[str]) -> None:
    assert _sale(*wrong).exit_code == 2


def test_settings_that_are_missing_or_bad_get_a_line_each() -> None:
    told = _sale("relay", settings={"SALE_RELAY_SHARDS": "many"})

    assert told.exit_code == 2
    lines = told.output.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("SALE_")] == [
        "SALE_DATABASE_URL",
        "SALE_KAFKA_BOOTSTRAP",
        "SALE_RELAY_SHARDS",
    ]
    assert any("must be a whole number from 1 to 1024, not 'many'" in line for line in lines)


def test_settings_are_listed_with_their_source_and_secrets_are_not_shown() -> None:
    told = _sale("settings", settings={"SALE_CLIENT_SECRET": "open-sesame", "SALE_HTTP_PORT": "31031", "COLUMNS": "80"})

    assert told.exit_code == 0
    assert "open-sesame" not in told.output
    assert all(variable(field.name) in told.output for field in attrs.fields(Settings)), "no name is cut short"
    rows = {line.split()[0]: line.split()[1:3] for line in told.output.splitlines() if line.startswith("SALE_")}
    assert rows["SALE_CLIENT_SECRET"] == ["********", "environment"]
    assert rows["SALE_HTTP_PORT"] == ["31031", "environment"]
    assert rows["SALE_HTTP_HOST"] == ["127.0.0.1", "default"]
    assert rows["SALE_DATABASE_URL"][0] == "missing"


def test_migrating_twice_changes_nothing_and_a_database_that_is_away_is_said(sale: Live) -> None:
    again = _sale("migrate", settings=sale.stage.environment())
    assert again.exit_code == 0, again.output
    assert "topic payment.success: present" in again.output

    away = f"postgresql://sale@127.0.0.1:{free_ports(1)[0]}/sale"
    failed = _sale("migrate", settings={**sale.stage.environment(), "SALE_DATABASE_URL": away})
    assert failed.exit_code == 1
    assert "Connection refused" in failed.output
    assert "Traceback" not in failed.output
