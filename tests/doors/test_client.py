"""The fourth door, from the wheel: the client runs with what `sale[client]` brings, and its types can be believed."""

import asyncio
import json
import re
import sys
from pathlib import Path

import sale_adapters.client
from built import ROOT, ran
from client_world import shop_of_lan
from stream_world import serving

STABLE = ROOT / "docs" / "reference" / "stable.md"
PAGE = ROOT / "docs" / "how-to" / "use-the-client.md"
LOADED = """
import json, sys, sale_adapters.client
print(json.dumps(sorted(name for name in sys.modules if name.startswith("sale_") and name.count(".") == 1)))
"""
MISTAKES = """
from sale_adapters.client import Product, SaleClient

async def sell(sale: SaleClient) -> None:
    Product(item_id="variant-pho", quantity=0.5)
    order = await sale.create_order()
    price = order.total + 1
    await sale.cancel(order.id)
    for each in sale.orders():
        print(each)
"""


def test_importing_it_loads_nothing_of_the_server(calling: Path, tmp_path: Path) -> None:
    loaded = set(json.loads(ran(calling, "-c", LOADED, cwd=tmp_path)))
    ours = {name for name in loaded if not name.startswith("sale_domain.")}
    assert ours == {"sale_adapters.client", "sale_adapters.wire"}


async def test_the_program_of_the_page_sells_two_bowls(calling: Path, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    shop = shop_of_lan()
    async with serving(shop.asgi()) as address:
        ours = (calling, "-W", "error", "-c", program.replace("http://127.0.0.1:31030", f"http://{address}"))
        told = await asyncio.to_thread(ran, *ours, cwd=tmp_path, environment={"TOKEN": "lan"})
    (order,) = shop.store.orders.values()
    assert told.splitlines() == [f"{order.number} 130000", "PROCESSING 130000 VND"]


def test_mypy_believes_the_pages_program_and_finds_mistakes(calling: Path, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(program)
    bad.write_text(MISTAKES)
    checking = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary")
    told = ran("sh", "-c", '"$@" || true', "sh", *checking, "--python-executable", calling, good, bad, cwd=tmp_path)
    assert re.findall(r"^(\S+):(\d+): error: .*\[(\S+)\]$", told, re.MULTILINE) == [
        ("bad.py", "5", "arg-type"),
        ("bad.py", "6", "call-arg"),
        ("bad.py", "7", "operator"),
        ("bad.py", "8", "call-arg"),
        ("bad.py", "9", "attr-defined"),
    ]


def test_every_name_of_the_surface_is_on_the_page_that_says_what_is_stable_and_no_other() -> None:
    section = STABLE.read_text().partition("## The client")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(sale_adapters.client.__all__)
