"""Write the reference pages from the code, or with --check say which of them are stale."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sale_adapters.prometheus.catalog import CATALOG
from sale_adapters.web.event_surface import breaches, event_surface
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire.places import BASE
from sale_adapters.wire.problems import status_of
from sale_app.settings import describe
from sale_domain.errors import SaleError
from sale_domain.lifecycle import Lifecycle
from sale_domain.order_lifecycle import ORDER_LIFECYCLE
from sale_domain.permissions import Permission

HERE = Path(__file__).parent / "reference"
MADE = "<!-- Made by `make docs` from the code; change the code instead. -->"


def states() -> str:
    """Return every lifecycle as a diagram and a table."""
    return "\n\n".join(["# States", MADE, *_lifecycle(ORDER_LIFECYCLE)]) + "\n"


def _lifecycle(lifecycle: Lifecycle[Any, Any]) -> Iterable[str]:
    moves = [(s.value, a.value, to.value) for s, row in lifecycle.table.items() for a, to in row.items()]
    diagram = [f"    [*] --> {lifecycle.initial.value}", *(f"    {s} --> {to}: {action}" for s, action, to in moves)]
    diagram += [f"    {status.value} --> [*]" for status in lifecycle.table if lifecycle.is_terminal(status)]
    yield f"## {lifecycle.thing.capitalize()}"
    yield "```mermaid\nstateDiagram-v2\n" + "\n".join(diagram) + "\n```"
    yield _table(("from", "action", "to"), moves)


def settings() -> str:
    """Return every setting."""
    rows = [
        (
            f"`{r.variable}`",
            r.meaning,
            r.default or ("*required*" if r.source == "missing" else "*none*"),
            ", ".join(r.processes),
        )
        for r in describe({})
    ]
    return "\n\n".join(["# Settings", MADE, _table(("variable", "meaning", "default", "read by"), rows)]) + "\n"


def http() -> str:
    """Return every operation with its permission."""
    rows = [
        (
            f"`{operation.method} {BASE}{operation.path}`",
            f"`{operation.access.value}`" if isinstance(operation.access, Permission) else "none",
            operation.summary,
        )
        for operation in OPERATIONS
    ]
    told = "Bodies, answers and examples are in the OpenAPI document that a running Sale serves at `/v1/api/sale/doc`."
    return "\n\n".join(["# HTTP", MADE, told, _table(("operation", "permission", "what it does"), rows)]) + "\n"


def problems() -> str:
    """Return every code that a problem can have."""
    kinds = sorted(_kinds(SaleError), key=lambda kind: (status_of(kind), kind.code))
    rows = [(f"`{kind.code}`", str(status_of(kind)), (kind.__doc__ or "").partition("\n")[0]) for kind in kinds]
    return "\n\n".join(["# Problems", MADE, _table(("code", "status", "meaning"), rows)]) + "\n"


def metrics() -> str:
    """Return every metric."""
    rows = [
        (f"`{metric.name}`", metric.kind.value, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in CATALOG
    ]
    told = (
        "A running Sale serves them at `/v1/api/sale/metrics`. What begins with `sale_outbox_`, `sale_parked_`, "
        "`sale_unallocated_` and `sale_open_` tells of the store that all replicas share (use `max`, not `sum`); it is "
        "read when asked, at most every 5 seconds. All else tells of one process; on Linux there are also the client "
        "library's `process_*`, in seconds and bytes."
    )
    return "\n\n".join(["# Metrics", MADE, told, _table(("metric", "kind", "labels", "meaning"), rows)]) + "\n"


def _kinds(kind: type[SaleError]) -> Iterable[type[SaleError]]:
    """Yield the errors that HTTP callers can meet; the relay's and the stores' own are not theirs."""
    for sub in kind.__subclasses__():
        if sub.__module__ in {"sale_domain.errors", "sale_adapters.wire.refusals"}:
            if "code" in vars(sub):
                yield sub
            yield from _kinds(sub)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def events() -> str:
    """Return the published surface of the events."""
    return (
        json.dumps({"": "Made by `make docs`; fields are only ever added (C20).", **event_surface()}, indent=2) + "\n"
    )


def broken_promises() -> list[str]:
    """Return what the events once had and have no more: nothing may be written over that."""
    stored = HERE / "events.json"
    published = json.loads(stored.read_text()) if stored.exists() else {}
    return breaches({topic: fields for topic, fields in published.items() if topic}, event_surface())


PAGES: Mapping[str, Callable[[], str]] = {
    "states.md": states,
    "settings.md": settings,
    "http.md": http,
    "problems.md": problems,
    "events.json": events,
    "metrics.md": metrics,
}


def main() -> int:
    """Write or check every page; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    check = parser.parse_args().check
    if broken := broken_promises():
        sys.stdout.write("".join(f"{sentence} (C20: fields are only ever added)\n" for sentence in broken))
        return 1
    made = {HERE / name: page() for name, page in PAGES.items()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        sys.stdout.write(f"{path.name} {'is stale: run `make docs`' if check else 'written'}\n")
        if not check:
            path.write_text(made[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
