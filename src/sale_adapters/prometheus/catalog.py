"""Every metric that Sale offers, with its labels; none of them carries an id, so that their number stays bounded."""

from enum import Enum

import attrs

from sale_domain.ports.figures import COUNTED_UP_TO


class Kind(Enum):
    """Prometheus' kinds of metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@attrs.frozen(kw_only=True)
class Metric:
    """A metric by its full name; the unit comes last in it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


HTTP_REQUESTS = Metric(
    name="sale_http_requests_total",
    kind=Kind.COUNTER,
    labels=("operation", "status"),
    help="HTTP requests by operation (its operationId, `none` for a path or method that is not there) "
    "and status class (`2xx`; `none` when the connection was lost first).",
)
HTTP_SECONDS = Metric(
    name="sale_http_request_duration_seconds",
    kind=Kind.HISTOGRAM,
    labels=("operation",),
    help="How long HTTP requests took.",
)
COMMANDS = Metric(
    name="sale_commands_total",
    kind=Kind.COUNTER,
    labels=("command", "code"),
    help="Callers' commands by what came of them: `ok`, `replayed` (an equal request had it before), "
    "`client-gone`, or the problem's code.",
)
WEBHOOK_DELIVERIES = Metric(
    name="sale_webhook_deliveries_total",
    kind=Kind.COUNTER,
    labels=("outcome",),
    help="Payment webhooks by outcome, as contract §6 names them; besides these `refused` (4xx), "
    "`unavailable` (503), `failed` (a bug, or the connection was lost), and what the boundary stopped: "
    "`network-refused`, `signature-missing`, `signature-wrong`, `signature-stale`.",
)
SISTER_CALLS = Metric(
    name="sale_sister_calls_total",
    kind=Kind.COUNTER,
    labels=("sister", "outcome"),
    help="Calls to sister services, retries not counted: `answered` (below 400), `refused` (4xx), `unavailable`, "
    "`left-alone` (the breaker is open), `crowded` (too many calls were under way), `abandoned` (by us).",
)
SISTER_SECONDS = Metric(
    name="sale_sister_call_duration_seconds",
    kind=Kind.HISTOGRAM,
    labels=("sister",),
    help="How long calls to sister services took, retries and pauses included.",
)
STREAM_CLIENTS = Metric(
    name="sale_stream_clients",
    kind=Kind.GAUGE,
    help="Sockets of the live stream that are open now.",
)
STREAM_FRAMES = Metric(
    name="sale_stream_frames_total",
    kind=Kind.COUNTER,
    help="Frames that were handed to sockets.",
)
STREAM_RESYNCS = Metric(
    name="sale_stream_resyncs_total",
    kind=Kind.COUNTER,
    help="Sockets that were told to read again: too slow, or back after too long.",
)
STREAM_CLOSES = Metric(
    name="sale_stream_closes_total",
    kind=Kind.COUNTER,
    labels=("code",),
    help="Sockets that ended, by the code that Sale closed them with; `client` when the other side left.",
)
SIGNAL_MESSAGES = Metric(
    name="sale_signal_messages_total",
    kind=Kind.COUNTER,
    labels=("outcome",),
    help="Changes told to signal: `heard`, `unheard` (nobody had subscribed), `lost` (Redis away or too slow).",
)
POOL_WAIT = Metric(
    name="sale_database_pool_wait_seconds",
    kind=Kind.HISTOGRAM,
    help="How long callers waited for a connection to the database, those too that gave up because all were in use.",
)
COUNTED = (
    HTTP_REQUESTS,
    HTTP_SECONDS,
    COMMANDS,
    WEBHOOK_DELIVERIES,
    SISTER_CALLS,
    SISTER_SECONDS,
    STREAM_CLIENTS,
    STREAM_FRAMES,
    STREAM_RESYNCS,
    STREAM_CLOSES,
    SIGNAL_MESSAGES,
    POOL_WAIT,
)
"""What this process counts by itself."""

SISTER_BREAKERS = Metric(
    name="sale_sister_breakers",
    kind=Kind.GAUGE,
    labels=("sister", "state"),
    help="Circuit breakers of this process by sister and state: `closed`, `open`, `half-open`.",
)
POOL_SIZE = Metric(
    name="sale_database_pool_connections",
    kind=Kind.GAUGE,
    help="Connections to the database that this process has.",
)
POOL_AVAILABLE = Metric(
    name="sale_database_pool_available_connections",
    kind=Kind.GAUGE,
    help="Those of them that nobody uses now.",
)
POOL_WAITING = Metric(
    name="sale_database_pool_waiting_requests",
    kind=Kind.GAUGE,
    help="Callers that wait for a connection now.",
)
OF_THE_PROCESS = (SISTER_BREAKERS, POOL_SIZE, POOL_AVAILABLE, POOL_WAITING)
"""What is read of this process when it is asked."""

STORE_UP = Metric(
    name="sale_store_up",
    kind=Kind.GAUGE,
    help="1 when the store answered when last asked; with 0, the figures of the store are left out.",
)
UNPUBLISHED = Metric(
    name="sale_outbox_unpublished_rows",
    kind=Kind.GAUGE,
    help="Events that are committed and not yet known to be on Kafka; without those that were set aside and those "
    f"that wait behind one. Counted up to {COUNTED_UP_TO}.",
)
UNPUBLISHED_AGE = Metric(
    name="sale_outbox_oldest_unpublished_age_seconds",
    kind=Kind.GAUGE,
    help="The age of the oldest of them; 0 when there is none.",
)
SET_ASIDE = Metric(
    name="sale_outbox_set_aside_rows",
    kind=Kind.GAUGE,
    help=f"Events that Kafka would never take; a person has to look. Counted up to {COUNTED_UP_TO}.",
)
SET_ASIDE_AGE = Metric(
    name="sale_outbox_oldest_set_aside_age_seconds",
    kind=Kind.GAUGE,
    help="The age of the oldest of them, since it happened; 0 when there is none.",
)
HELD_BACK = Metric(
    name="sale_outbox_held_back_rows",
    kind=Kind.GAUGE,
    help="Events that wait behind an earlier one of their order that was set aside: `sale outbox list` shows both. Of "
    f"{COUNTED_UP_TO} set aside at most.",
)
HELD_BACK_AGE = Metric(
    name="sale_outbox_oldest_held_back_age_seconds",
    kind=Kind.GAUGE,
    help="The age of the oldest of them, since it happened; 0 when there is none.",
)
PARKED = Metric(
    name="sale_parked_payments",
    kind=Kind.GAUGE,
    help=f"Payment facts whose order is not there yet. Counted up to {COUNTED_UP_TO}.",
)
PARKED_AGE = Metric(
    name="sale_parked_payments_oldest_age_seconds",
    kind=Kind.GAUGE,
    help="How long the oldest of them has waited; 0 when there is none.",
)
UNALLOCATED = Metric(
    name="sale_unallocated_money",
    kind=Kind.GAUGE,
    labels=("currency",),
    help="Money that was received and pays for nothing, in units of the currency; a currency without any is left out. "
    "A 64-bit float, exact to 15 digits: the ledger has the exact figure.",
)
OPEN_ORDERS = Metric(
    name="sale_open_orders",
    kind=Kind.GAUGE,
    labels=("status",),
    help=f"Orders in a status that they are to leave some day. Counted up to {COUNTED_UP_TO} each.",
)
OPEN_ORDERS_AGE = Metric(
    name="sale_open_orders_oldest_age_seconds",
    kind=Kind.GAUGE,
    labels=("status",),
    help="How long ago the oldest of them was opened; 0 when there is none.",
)
ACTIVE_USAGES = Metric(
    name="sale_active_usages",
    kind=Kind.GAUGE,
    help=f"Tables and other units that are taken now. Counted up to {COUNTED_UP_TO}.",
)
ACTIVE_USAGES_AGE = Metric(
    name="sale_active_usages_oldest_age_seconds",
    kind=Kind.GAUGE,
    help="How long the one has been taken that has been longest; 0 when there is none.",
)
OF_THE_STORE = (
    UNPUBLISHED,
    UNPUBLISHED_AGE,
    SET_ASIDE,
    SET_ASIDE_AGE,
    HELD_BACK,
    HELD_BACK_AGE,
    PARKED,
    PARKED_AGE,
    UNALLOCATED,
    OPEN_ORDERS,
    OPEN_ORDERS_AGE,
    ACTIVE_USAGES,
    ACTIVE_USAGES_AGE,
)
"""What is read of the store when it is asked, at most every few seconds; every replica tells the same."""

CATALOG = (*COUNTED, *OF_THE_PROCESS, STORE_UP, *OF_THE_STORE)
"""In the order of the documentation."""
