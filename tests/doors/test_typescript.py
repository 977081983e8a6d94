"""The OpenAPI document is good enough for strangers' tools: types made from it compile, and refuse mistakes."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from client_world import shop_of_lan
from node import modules, node
from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire import json
from stream_world import serving

SOURCES = Path(__file__).parent / "typescript"
STRICT_COMPILER = ("node_modules/typescript/bin/tsc", "--project", ".")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a TypeScript project with types made from the document, compiled as far as it can be."""
    home = tmp_path_factory.mktemp("till")
    shutil.copytree(SOURCES, home, dirs_exist_ok=True)
    (home / "node_modules").symlink_to(modules(SOURCES))
    (home / "openapi.json").write_bytes(json.write(openapi_document(OPERATIONS, version="")))
    # What has a default need not be said.
    generator = ("node_modules/openapi-typescript/bin/cli.js", "--default-non-nullable=false")
    made = node(*generator, "openapi.json", "--output", "sale.d.ts", cwd=home)
    assert made.returncode == 0, made.stdout + made.stderr
    return home


@pytest.fixture(scope="module")
def compiled(project: Path) -> str:
    """Return what the compiler says of a till and of a file full of mistakes."""
    return node(*STRICT_COMPILER, cwd=project).stdout


def test_every_mistake_is_found_and_nothing_else(compiled: str) -> None:
    lines = (SOURCES / "mistakes.ts").read_text().splitlines()
    marked = [f"mistakes.ts({number}" for number, line in enumerate(lines, start=1) if "// wrong:" in line]
    assert len(marked) == 8
    assert re.findall(r"^(\S+?\(\d+),\d+\): error", compiled, re.MULTILINE) == marked, compiled


def test_nothing_in_the_document_became_a_type_that_nothing_fits(project: Path) -> None:
    schemas = (project / "sale.d.ts").read_text().partition("schemas: {")[2].partition("responses: ")[0]
    types = re.sub(r"/\*.*?\*/", "", schemas, flags=re.DOTALL)
    assert re.findall(r"(\w+): .*\b(?:never|any)\b", types) == ["Empty"]


async def test_a_till_in_typescript_places_and_pays_an_order(project: Path, compiled: str) -> None:
    assert "till.ts" not in compiled
    program = (
        "import { sell, missed } from './till.js';"
        "const [address, token] = process.argv.slice(1);"
        "const order = await sell(address, token);"
        "console.log(order.status, order.paid, order.items.length, await missed(address, token));"
    )
    async with serving(shop_of_lan().asgi()) as address:
        command = ("--input-type=module", "--eval", program, f"http://{address}", "lan")
        sold = await asyncio.to_thread(node, *command, cwd=project)
    assert sold.stdout == "COMPLETED 380000 2 not-found\n", sold.stderr
