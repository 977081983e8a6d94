"""Write the reference pages from the code and from what was measured, or with --check say which of them are stale."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import attrs

import measured
import rooms
import surfaces
from sale_adapters.prometheus.catalog import CATALOG, Metric
from sale_adapters.prometheus.relay_catalog import RELAY_CATALOG
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.published import event_surface, frame_surface, http_surface
from sale_adapters.web.schema import meanings, wire_name
from sale_adapters.web.stream.conversation import CODES, StreamLimits
from sale_adapters.web.stream.examples import stream_examples
from sale_adapters.web.stream.lines import ACTIONS, PERMISSIONS
from sale_adapters.web.stream.messages import MAX_MESSAGE, Authenticate, Subscribe
from sale_adapters.web.surface import Surface, breaches
from sale_adapters.wire.frames import Frame, FrameData
from sale_adapters.wire.places import BASE, STREAM
from sale_adapters.wire.problems import status_of
from sale_app.setting_rows import describe
from sale_domain.errors import SaleError
from sale_domain.kitchen_lifecycle import (
    KITCHEN_ITEM_LIFECYCLE,
    KitchenItemStatus,
    KitchenTicketStatus,
    ticket_status,
)
from sale_domain.lifecycle import Lifecycle
from sale_domain.order_lifecycle import ORDER_LIFECYCLE
from sale_domain.permissions import Permission
from sale_domain.usage_lifecycle import USAGE_LIFECYCLE
from tabled import MADE, table

HERE = Path(__file__).parent / "reference"


def states() -> str:
    """Return every lifecycle as a diagram and a table."""
    machines = [
        *_lifecycle(ORDER_LIFECYCLE),
        *_lifecycle(KITCHEN_ITEM_LIFECYCLE),
        *_ticket(),
        *_lifecycle(USAGE_LIFECYCLE),
    ]
    return "\n\n".join(["# States", MADE, *machines]) + "\n"


def _lifecycle(lifecycle: Lifecycle[Any, Any]) -> Iterable[str]:
    moves = [(s.value, a.value, to.value) for s, row in lifecycle.table.items() for a, to in row.items()]
    ends = [status.value for status in lifecycle.table if lifecycle.is_terminal(status)]
    return _machine(lifecycle.thing, lifecycle.initial.value, moves, ends)


def _ticket() -> Iterable[str]:
    """Return what a ticket does when one of its items is moved, found by trying every ticket of up to three items."""
    moves: dict[tuple[str, str, str], None] = {}
    for size in (1, 2, 3):
        for first, *others in product(KitchenItemStatus, repeat=size):
            before = ticket_status([first, *others])
            for action, after in KITCHEN_ITEM_LIFECYCLE.table[first].items():
                moves[before.value, action.value, ticket_status([after, *others]).value] = None
    rank = {status.value: n for n, status in enumerate(KitchenTicketStatus)}
    in_order = sorted((m for m in moves if m[0] != m[2]), key=lambda m: (rank[m[0]], rank[m[2]], m[1]))
    ends = [status.value for status in KitchenTicketStatus if status.is_over]
    yield from _machine("kitchen ticket", KitchenTicketStatus.PENDING.value, in_order, ends)
    yield (
        "A ticket is always what its items say; nobody sets it. VOIDED items do not count: none left is VOIDED, all "
        "SERVED is COMPLETED, all READY or SERVED is READY, all PENDING is PENDING, anything else is PROCESSING. The "
        "actions are those of its items."
    )


def _machine(thing: str, initial: str, moves: Sequence[tuple[str, str, str]], ends: Iterable[str]) -> Iterable[str]:
    diagram = [f"    [*] --> {initial}", *(f"    {s} --> {to}: {action}" for s, action, to in moves)]
    diagram += [f"    {status} --> [*]" for status in ends]
    yield f"## {thing.capitalize()}"
    yield "```mermaid\nstateDiagram-v2\n" + "\n".join(diagram) + "\n```"
    yield table(("from", "action", "to"), moves)


def settings() -> str:
    """Return every setting."""
    rows = [
        (f"`{r.variable}`", r.meaning, r.default or ("*required*" if r.required else "*none*"), ", ".join(r.processes))
        for r in describe({})
    ]
    return "\n\n".join(["# Settings", MADE, table(("variable", "meaning", "default", "read by"), rows)]) + "\n"


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
    return "\n\n".join(["# HTTP", MADE, told, table(("operation", "permission", "what it does"), rows)]) + "\n"


def problems() -> str:
    """Return every code that a problem can have."""
    kinds = sorted(_kinds(SaleError), key=lambda kind: (status_of(kind), kind.code))
    rows = [(f"`{kind.code}`", str(status_of(kind)), (kind.__doc__ or "").partition("\n")[0]) for kind in kinds]
    members = (
        "A problem's `status` is always the HTTP status (RFC 9457). So `illegal-transition` says where the thing was "
        "as `illegalTransition.status`, also as `currentStatus`, and what was tried as `illegalTransition.action`, "
        "also as `action`. `errors[].pointer` says where in the request something is wrong, whatever the code."
    )
    return "\n\n".join(["# Problems", MADE, members, table(("code", "status", "meaning"), rows)]) + "\n"


def metrics() -> str:
    """Return every metric."""
    told = (
        "A running Sale serves them at `/v1/api/sale/metrics`. What begins with `sale_outbox_`, `sale_parked_`, "
        "`sale_unallocated_`, `sale_open_` and `sale_active_` tells of the store that all replicas share (use `max`, "
        "not `sum`); it is read when asked, at most every 5 seconds. All else tells of one process; on Linux there are "
        "also the client library's `process_*`, in seconds and bytes."
    )
    of_the_relay = (
        "A relay serves its own at the same path, on the port that `SALE_RELAY_HTTP_PORT` names, beside `/healthz` and "
        "`/readyz`. All of them tell of one process."
    )
    parts = ["# Metrics", MADE, told, _metrics(CATALOG), "## Of the relay", of_the_relay, _metrics(RELAY_CATALOG)]
    return "\n\n".join(parts) + "\n"


def _metrics(catalog: Iterable[Metric]) -> str:
    rows = [
        (f"`{metric.name}`", metric.kind.value, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in catalog
    ]
    return table(("metric", "kind", "labels", "meaning"), rows)


_NOT_OF_CALLERS = ("sale_domain.event_json", "sale_domain.ports.")
"""Whose errors no HTTP caller meets: those of readers of Kafka, and what stores and the relay tell their own."""


def stream() -> str:
    """Return how to talk to the live stream."""
    limits, examples = StreamLimits(), stream_examples()
    steps = (
        f"`GET {STREAM}` is a WebSocket. Every message is a JSON object, as text, of at most {MAX_MESSAGE} bytes. "
        f"Within {limits.authenticate_seconds:g} s say `authenticate`; the answer is `connected`. Then `subscribe`; "
        "the answer is `subscribed`, and frames follow. Say `heartbeat` every "
        f"{limits.heartbeat_seconds:g} s, as the server does; after {limits.silence_seconds:g} s of silence it leaves. "
        "What cannot be read or is not allowed is answered with `error`, whose data is a problem (RFC 9457); "
        "the socket and an earlier subscription go on."
    )
    chain = (
        "`prev` is the `seq` of the frame before it on this socket, and for the first one that of `subscribed`: when "
        "it is what you saw last, nothing is missing. Things come in the order of their versions. A frame is a hint: "
        "read the thing again. `resync` says that changes were left out, because `since` lies too far back (see "
        "`SALE_STREAM_RESUME`) or the client was too slow (`SALE_STREAM_QUEUE`): read everything again. A client "
        f"that is too slow twice within {limits.recovery_seconds:g} s, or takes nothing for "
        f"{limits.stalled_seconds:g} s, is closed with 1013."
    )
    codes = [(f"{code}", meaning) for code, meaning in CODES.items()]
    topics = [
        (f"`{topic}`", f"`{needed.value}`", ", ".join(f"`{action}`" for action in ACTIONS[topic]))
        for topic, needed in PERMISSIONS.items()
    ]
    said = ["```json", *(json.dumps(examples[name]) for name in ("connected", "subscribed", "frame", "resync")), "```"]
    parts = [
        "# The live stream",
        MADE,
        steps,
        chain,
        "## Topics",
        table(("topic", "permission", "actions; more may come"), topics),
        *_fields("`authenticate`", Authenticate),
        *_fields("`subscribe`", Subscribe),
        "## What the server says",
        "\n".join(said),
        *_fields("A frame", Frame),
        *_fields("A frame's `data`", FrameData),
        "## Close codes",
        table(("code", "meaning"), codes),
    ]
    return "\n\n".join(parts) + "\n"


def _fields(title: str, cls: type[Any]) -> Iterable[str]:
    told = meanings(cls)
    rows = [
        (f"`{wire_name(field)}`", "" if field.default is attrs.NOTHING else "optional", told.get(field.name, ""))
        for field in attrs.fields(cls)
    ]
    yield f"## {title}"
    yield (inspect.getdoc(cls) or "").partition("\n")[0]
    yield table(("field", "", "meaning"), rows)


def _kinds(kind: type[SaleError]) -> Iterable[type[SaleError]]:
    """Yield the errors that HTTP callers can meet; the relay's and the stores' own are not theirs."""
    for sub in kind.__subclasses__():
        # What attrs makes slots of is a class anew; the first one stays until garbage is collected.
        if not sub.__module__.startswith(_NOT_OF_CALLERS) and getattr(sys.modules[sub.__module__], sub.__name__) is sub:
            if "code" in vars(sub):
                yield sub
            yield from _kinds(sub)


SURFACES: Mapping[str, tuple[Callable[[], Surface], str]] = {
    "http.json": (http_surface, "C18, C19"),
    "events.json": (event_surface, "C20"),
    "frames.json": (frame_surface, "C21"),
}
"""Every surface that others rely on, and the contract's rows that protect it."""


def _surface(name: str) -> str:
    """Return a published surface as it is stored."""
    surface, rows = SURFACES[name]
    note = f"Made by `make docs`; additions alone pass ({rows})."
    return json.dumps({"": note, **attrs.asdict(surface(), filter=lambda _, part: bool(part))}, indent=2) + "\n"


def broken_promises(stored: Path = HERE) -> list[str]:
    """Return what was published once and is not so any more: nothing may be written over that."""
    return [
        f"{sentence} ({rows}: additions alone pass)"
        for name, (surface, rows) in SURFACES.items()
        if (stored / name).exists()
        for sentence in breaches(_published(stored / name), surface())
    ]


def _published(stored: Path) -> Surface:
    form = json.loads(stored.read_text())
    return Surface(told=form.get("told", {}), heard=form.get("heard", {}), bounds=form.get("bounds", {}))


PAGES: Mapping[str, Callable[[], str]] = {
    "states.md": states,
    "settings.md": settings,
    "http.md": http,
    "problems.md": problems,
    "cli.md": surfaces.cli,
    "events.md": surfaces.events,
    "permissions.md": surfaces.permissions,
    **{name: partial(_surface, name) for name in SURFACES},
    "stream.md": stream,
    "metrics.md": metrics,
    "../explanation/scale.md": measured.scale,
    "../explanation/performance.md": measured.performance,
}


def main() -> int:
    """Write or check every page; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a page is stale")
    check = parser.parse_args().check
    if broken := [*broken_promises(), *rooms.untruths(rooms.MAP.read_text())]:
        sys.stdout.write("".join(f"{sentence}\n" for sentence in broken))
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
