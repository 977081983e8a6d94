"""The dashboard and the alerts ask for nothing that Sale does not tell: every metric and label is in the catalogue."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

import debian
from sale_adapters.prometheus.catalog import CATALOG, Kind
from sale_adapters.prometheus.relay_catalog import RELAY_CATALOG

HERE = Path(__file__).parents[2] / "deploy" / "observability"
RUNBOOK = HERE.parents[1] / "docs" / "how-to" / "when-something-is-wrong.md"
OF_PROMETHEUS = frozenset({"instance", "job"})
"""Labels that a scrape adds to everything."""


def labels_by_series() -> dict[str, frozenset[str]]:
    """Return every series that Sale tells, with its labels."""
    series: dict[str, frozenset[str]] = {}
    for metric in (*CATALOG, *RELAY_CATALOG):
        labels = OF_PROMETHEUS | set(metric.labels)
        if metric.kind is Kind.HISTOGRAM:
            series |= {f"{metric.name}_{part}": labels for part in ("count", "sum")}
            series[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            series[metric.name] = labels
    return series


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((HERE / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HERE / "dashboard.json").read_text())
    return read


def expressions() -> Iterator[tuple[str, str, str]]:
    """Yield each expression with where it stands, and the text that shows its labels."""
    for rule in alerts():
        yield rule["alert"], rule["expr"], rule["annotations"]["summary"]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            # Grafana puts durations and values in place of its own variables before Prometheus reads the rest.
            expr = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            yield panel["title"], expr, target["legendFormat"]


def complaints(expr: promql.Expr, shown: str = "") -> Iterator[str]:
    """Yield what an expression, or the text beside it, names and Sale does not tell."""
    known, seen = labels_by_series(), set[str]()
    for part in parts(expr):
        if isinstance(part, promql.VectorSelector):
            labels = known.get(part.name or "")
            if labels is None:
                yield f"no metric {part.name}"
            else:
                seen |= labels
                yield from (f"no label {m.name} at {part.name}" for m in part.matchers.matchers if m.name not in labels)
    named = {label for part in parts(expr) if isinstance(part, promql.AggregateExpr) for label in grouping(part)}
    yield from (f"no label {label} to group by" for label in sorted(named - seen))
    told = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown))
    yield from (f"{label} is shown and not grouped by" for label in sorted(told - named))


def parts(expr: promql.Expr) -> Iterator[promql.Expr]:
    """Yield an expression and everything inside it."""
    yield expr
    match expr:
        case promql.BinaryExpr():
            inner = [expr.lhs, expr.rhs]
        case promql.AggregateExpr():
            inner = [expr.expr, *([expr.param] if expr.param else [])]
        case promql.Call():
            inner = list(expr.args)
        case promql.MatrixSelector():
            inner = [expr.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            inner = [expr.expr]
        case _:
            inner = []
    for each in inner:
        yield from parts(each)


def grouping(aggregate: promql.AggregateExpr) -> tuple[str, ...]:
    return tuple(aggregate.modifier.labels) if aggregate.modifier else ()


@pytest.mark.parametrize(("where", "expr", "shown"), list(expressions()))
def test_every_metric_and_label_that_is_asked_for_exists(where: str, expr: str, shown: str) -> None:
    assert list(complaints(promql.parse(expr), shown)) == [], where


@pytest.mark.parametrize(
    ("expr", "shown", "complaint"),
    [
        ("sale_outbox_unpublished", "", "no metric sale_outbox_unpublished"),
        ("sale_http_request_duration_seconds", "", "no metric sale_http_request_duration_seconds"),
        ('max_over_time(sale_store_up{shard="0"}[5m])', "", "no label shard at sale_store_up"),
        ("1 + sum by (kind) (sale_commands_total)", "", "no label kind to group by"),
        ("sum by (code) (sale_commands_total)", "{{command}}", "command is shown and not grouped by"),
    ],
)
def test_what_does_not_exist_is_found(expr: str, shown: str, complaint: str) -> None:
    assert list(complaints(promql.parse(expr), shown)) == [complaint]


def test_every_metric_is_on_the_dashboard_or_alerted_of_or_left_out_on_purpose() -> None:
    asked = " ".join(expr for _, expr, _ in expressions())
    unused = {
        metric.name for metric in (*CATALOG, *RELAY_CATALOG) if not re.search(rf"\b{metric.name}(_bucket)?\b", asked)
    }
    assert unused == {
        # How old, beside how many; and what reconcile and the lists tell better.
        "sale_outbox_oldest_set_aside_age_seconds",
        "sale_outbox_oldest_held_back_age_seconds",
        "sale_parked_payments",
        "sale_open_orders_oldest_age_seconds",
        "sale_active_usages",
        "sale_active_usages_oldest_age_seconds",
        "sale_relay_set_aside_total",
        "sale_reconcile_findings_total",
    }


def test_each_alert_says_how_urgent_it_is_and_where_to_read_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        anchor = f"docs/how-to/when-something-is-wrong.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == anchor
        assert f"## {rule['alert']}\n" in RUNBOOK.read_text()
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    cases = [
        case
        for test in yaml.safe_load((HERE / "alerts.test.yaml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    names = {rule["alert"] for rule in alerts()}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names
    command = [promtool(), "test", "rules", "alerts.test.yaml"]
    done = subprocess.run(command, check=False, cwd=HERE, capture_output=True, text=True)  # noqa: S603 - promtool
    assert done.returncode == 0, done.stdout + done.stderr


def promtool() -> str:
    advice = "The alerts' tests need promtool. Install Prometheus so that it is on PATH"
    found = shutil.which("promtool")
    return found or str(debian.unpacked("prometheus", suite="bookworm", advice=advice) / "usr" / "bin" / "promtool")
