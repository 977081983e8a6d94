"""Schemathesis against the application served over PostgreSQL: every answer is a documented one (C18, C19)."""

import asyncio
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import schemathesis_hooks
from fuzzing import CASES, SEED, USUAL
from sale_adapters.postgres import Database, PostgresFigures
from sale_adapters.prometheus import PrometheusMetrics
from sale_adapters.system import SystemClock
from stack import applied
from stream_world import serving

HERE = Path(__file__).parent
OPERATIONS = 30
"""How many have something to vary; what is tried of each whatever is asked for are the usual cases together."""


@pytest.fixture
async def address(tables_url: str) -> AsyncIterator[str]:
    async with Database(tables_url, connections=4) as database:
        metrics = PrometheusMetrics(figures=PostgresFigures(database), clock=SystemClock())
        async with serving(applied(database, metrics=metrics)) as address:
            yield address


@pytest.mark.long
@pytest.mark.timeout(0 if CASES > USUAL else 1_200)
async def test_every_answer_is_a_documented_one_whatever_is_asked(
    address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="sale.bugs"):
        said, tally = await tried(address, tmp_path)
    assert "No issues found" in said, said[-20_000:]
    assert [record.getMessage() for record in caplog.records if record.name == "sale.bugs"] == []
    assert sum(map(sum, (each.values() for each in tally.values()))) >= CASES, said[-2_000:]
    assert {operation for operation, statuses in tally.items() if not any(status < 300 for status in statuses)} == set()
    assert {400, 401, 404, 405, 409, 412, 422} <= set().union(*tally.values())


async def tried(address: str, folder: Path) -> tuple[str, dict[str, Counter[int]]]:
    """Let schemathesis try it; return what it says, and how often each operation had which status."""
    tally = folder / "tally.json"
    arguments = [
        f"http://{address}/v1/api/sale/doc/openapi.json",
        *("--seed", str(SEED), "--max-examples", str(max(4, (CASES - USUAL) // OPERATIONS))),
        *("--continue-on-failure", "--generation-database", "none", "--warnings", "off", "--no-color"),
    ]
    trying = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(HERE / "schemathesis.toml"),
            "run",
            *arguments,
        ),
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": schemathesis_hooks.__name__,
            "PYTHONPATH": str(HERE.parent),
            schemathesis_hooks.TALLY: str(tally),
        },
        cwd=folder,  # where it keeps what it remembers
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await trying.communicate()
    counted = json.loads(tally.read_text(encoding="utf-8")) if tally.exists() else {}
    return said.decode(), {
        operation: Counter({int(status): times for status, times in statuses.items()})
        for operation, statuses in counted.items()
    }
