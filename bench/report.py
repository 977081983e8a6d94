"""What was measured: as JSON for machines, a table for people and a plot; and whether it got worse."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs

RATIO = "of pgbench"
"""The unit of figures that say the same on any machine."""

WORSE = 0.25
"""What share of a ratio may be lost before `make bench-check` fails."""


@attrs.frozen(kw_only=True)
class Figure:
    """One thing that was measured, in alternating rounds.

    Attributes:
        values: One a round; the figure is their median, and the first and last of them its spread.
        goal: What is wished for.
        must: What is demanded.
        less_is_better: Whether goal and must are upper bounds.
    """

    name: str
    unit: str
    values: Sequence[float]
    goal: float | None = None
    must: float | None = None
    less_is_better: bool = False

    @property
    def value(self) -> float:
        """Return the median."""
        return statistics.median(self.values)

    def row(self) -> dict[str, Any]:
        """Return the figure as the report says it; `holds` is null where nothing is demanded."""
        return {
            "value": _rounded(self.value),
            "unit": self.unit,
            "low": _rounded(min(self.values)),
            "high": _rounded(max(self.values)),
            "goal": self.goal,
            "must": self.must,
            "holds": self._holds(),
        }

    def _holds(self) -> bool | None:
        if self.must is None:
            return None
        return self.value <= self.must if self.less_is_better else self.value >= self.must


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    model = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return {
        "processor": model.partition(": ")[2] or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": next((line.partition(":")[2].strip() for line in _lines("/proc/meminfo")), "unknown"),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "psycopg": version("psycopg"),
        "uvicorn": version("uvicorn"),
        "starlette": version("starlette"),
        "load before, over 1, 5 and 15 minutes": loads,
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def write(figures: Iterable[Figure], settings: Mapping[str, str], place: Path) -> None:
    """Write `report.json`, `report.md` and `report.svg` into a folder."""
    found = list(figures)
    rows = {figure.name: figure.row() for figure in found}
    (place / "report.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    (place / "report.md").write_text(page(found, settings))
    (place / "report.svg").write_bytes(_plot(found))


def page(figures: Iterable[Figure], settings: Mapping[str, str]) -> str:
    """Return the table, and what the figures depend on."""
    head = "| what | value | spread | unit | goal | must | holds |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    table = "".join(
        f"| {figure.name} | {row['value']} | {row['low']} – {row['high']} | {row['unit']} | {_said(row['goal'])} | "
        f"{_said(row['must'])} | {_said(row['holds'])} |\n"
        for figure in figures
        for row in (figure.row(),)
    )
    return head + table + "\n" + "".join(f"- {name}: {value}\n" for name, value in settings.items())


def _said(value: float | None) -> str:
    if value is None:
        return "–"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _plot(figures: Sequence[Figure]) -> bytes:
    """Draw every ratio beside what is demanded of it and wished for."""
    # It leaves a finder behind that Python warns of at each import, and tests import this module.
    import pygal  # noqa: PLC0415
    from pygal.style import CleanStyle  # noqa: PLC0415

    ratios = [figure for figure in figures if figure.unit == RATIO and figure.must is not None]
    chart = pygal.HorizontalBar(style=CleanStyle, height=120 + 70 * len(ratios), range=(0, 1), legend_at_bottom=True)
    chart.title = "Requests over HTTP, as a share of pgbench with the same statements"
    chart.x_labels = [figure.name for figure in ratios]
    chart.add("measured", [round(figure.value, 2) for figure in ratios])
    chart.add("must", [figure.must for figure in ratios])
    chart.add("goal", [figure.goal for figure in ratios])
    drawn: bytes = chart.render(disable_xml_declaration=False)
    return drawn


def check(figures: Iterable[Figure], stored: Path) -> int:
    """Say which ratios are worse than the stored ones by more than `WORSE`; return the exit code."""
    before, lost = json.loads(stored.read_text()), 0
    for figure in figures:
        if figure.must is None or figure.name not in before:
            continue
        was = before[figure.name]["value"]
        kept = was / figure.value if figure.less_is_better else figure.value / was
        is_lost = kept < 1 - WORSE
        lost += is_lost
        sys.stdout.write(f"{'WORSE' if is_lost else 'as good':8} {figure.name}: {figure.value:.2f}, was {was:.2f}\n")
    return 1 if lost else 0


def _rounded(value: float) -> float:
    return float(f"{value:.3g}") if abs(value) < 1_000 else float(round(value))  # noqa: PLR2004 - three digits say enough
