"""Pages written by hand that carry what was measured between two marks, so that `make docs` keeps them true."""

import json
from pathlib import Path

import reckon

ROOT = Path(__file__).parents[1]
END = "\n\n<!-- The end of what is made -->"


def scale() -> str:
    """Return docs/explanation/scale.md with what 10 000 shops need by the footprint of an order."""
    footprint = json.loads((ROOT / "bench" / "footprint.json").read_text())
    return _with("scale.md", "footprint.json", reckon.table(reckon.Noon(), footprint))


def performance() -> str:
    """Return docs/explanation/performance.md with the last report and its plot."""
    report = (ROOT / "bench" / "report.md").read_text()
    return _with("performance.md", "report.md", f"![The ratios](../../bench/report.svg)\n\n{report.rstrip()}")


def _with(page: str, source: str, made: str) -> str:
    text = (ROOT / "docs" / "explanation" / page).read_text()
    begin = f"<!-- Made by `make docs` from bench/{source} -->\n\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    return before + begin + made + END + after
