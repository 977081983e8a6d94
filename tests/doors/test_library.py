"""The first door, from the wheel: attrs alone, a small surface, and types that two strict checkers believe."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import sale_domain
from built import ROOT, ran

STABLE = ROOT / "docs" / "reference" / "stable.md"
FOREIGN = "import json, sys, sale_domain; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
PARTS = """
import json, sys, sale_domain
print(json.dumps(sorted(name.partition(".")[2] for name in sys.modules if name.startswith("sale_domain."))))
"""
USER = '''
"""What a consumer writes."""

from decimal import Decimal

from sale_domain import (
    ORDER_LIFECYCLE,
    PAYMENT_SUCCESS,
    Currency,
    IllegalTransition,
    Money,
    OrderAction,
    OrderStatus,
    PaymentSuccess,
    read_event,
    write_event,
)


def booked(topic: str, value: bytes) -> Money | None:
    """Return what to book."""
    event = read_event(topic, value)
    if isinstance(event, PaymentSuccess):
        return Money(event.payment.paid, Currency(event.payment.currency))
    quantity: Decimal = event.quantity
    return None if quantity else None


def resent(value: bytes) -> bytes:
    """Return the same event as this release writes it."""
    return write_event(read_event(PAYMENT_SUCCESS, value))


def after(status: OrderStatus) -> OrderStatus | None:
    """Return what a payment makes of an order."""
    try:
        return ORDER_LIFECYCLE.after(status, OrderAction.PAY_FULLY)
    except IllegalTransition:
        return None
'''


def test_importing_it_loads_nothing_but_attrs_and_the_standard_library(bare: Path, tmp_path: Path) -> None:
    loaded = set(json.loads(ran(bare, "-c", FOREIGN, cwd=tmp_path)))
    assert loaded - set(sys.stdlib_module_names) <= {"attr", "attrs", "sale_domain", "__main__", "_virtualenv"}
    assert "sale_domain" in loaded


def test_importing_it_loads_what_the_surface_is_made_of_and_no_use_case(bare: Path, tmp_path: Path) -> None:
    assert json.loads(ran(bare, "-c", PARTS, cwd=tmp_path)) == [
        "errors",
        "event_json",
        "events",
        "ids",
        "kitchen_lifecycle",
        "ledger",
        "lifecycle",
        "money",
        "order_lifecycle",
        "permissions",
        "usage_lifecycle",
    ]


def test_every_name_of_the_surface_is_on_the_page_that_says_what_is_stable_and_no_other() -> None:
    section = STABLE.read_text().partition("## The library")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(sale_domain.__all__)


def test_every_name_of_the_surface_tells_what_it_is_and_every_function_shows_it() -> None:
    for name in sale_domain.__all__:
        thing = getattr(sale_domain, name)
        if getattr(thing, "__module__", "").startswith("sale_domain"):
            assert thing.__doc__, name
        if callable(thing) and name[0].islower():
            assert ">>>" in (thing.__doc__ or ""), name


def test_mypy_believes_a_users_file_and_finds_his_mistakes(bare: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "user.py", tmp_path / "mistakes.py"
    good.write_text(USER)
    bad.write_text(
        "from sale_domain import Currency, Money, PaymentSuccess\n"
        'wrong = Money("1", Currency("VND"))\n'
        "def f(event: PaymentSuccess) -> object:\n    return event.amount\n"
    )
    checking = (
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--python-executable",
        bare,
        "--no-error-summary",
    )
    ran(
        *checking,
        good,
        ROOT / "examples" / "finance_consumer.py",
        "--disable-error-code=import-not-found",
        cwd=tmp_path,
    )
    told = ran("sh", "-c", '"$@" || true', "sh", *checking, "--no-error-summary", bad, cwd=tmp_path)
    assert [line.split("[")[-1] for line in told.splitlines()] == ["arg-type]", "attr-defined]"]


def test_pyright_believes_a_users_file_and_finds_the_surface_completely_typed(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["user.py"]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    pyright = shutil.which("basedpyright", path=str(Path(sys.executable).parent))
    assert pyright is not None
    told = json.loads(ran(pyright, "--outputjson", "--pythonpath", bare, "-p", tmp_path, cwd=tmp_path))
    assert told["summary"]["errorCount"] == told["summary"]["warningCount"] == 0, told["generalDiagnostics"]


def test_every_symbol_that_the_library_exports_has_a_known_type(bare: Path, tmp_path: Path) -> None:
    pyright = shutil.which("basedpyright", path=str(Path(sys.executable).parent))
    assert pyright is not None
    command = (pyright, "--verifytypes", "sale_domain", "--ignoreexternal", "--outputjson")
    # It looks for the package beside the first Python on the path; `--pythonpath` does not lead it there.
    path = f"{bare.parent}{os.pathsep}{os.environ['PATH']}"
    said = ran("sh", "-c", '"$@" || true', "sh", *command, cwd=tmp_path, environment={"PATH": path})
    told = json.loads(said)["typeCompleteness"]
    unknown = [s["name"] for s in told["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    assert told["exportedSymbolCounts"]["withKnownType"] > 0
    assert (told["completenessScore"], unknown) == (1, [])
