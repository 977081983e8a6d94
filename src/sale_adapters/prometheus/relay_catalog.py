"""Every metric that a relay process offers."""

from sale_adapters.prometheus.catalog import SIGNAL_MESSAGES, Kind, Metric

PUBLISHED = Metric(
    name="sale_relay_published_total",
    kind=Kind.COUNTER,
    labels=("topic",),
    help="Events that were read back from Kafka and marked, whichever process had sent them.",
)
LAG = Metric(
    name="sale_relay_lag_seconds",
    kind=Kind.HISTOGRAM,
    labels=("topic",),
    help="From when an event happened until this process had read it back from Kafka and marked it.",
)
BATCH = Metric(
    name="sale_relay_batch_duration_seconds",
    kind=Kind.HISTOGRAM,
    help="How long batches took: sent, committed, read back, marked; the next one begins before a batch is marked.",
)
STARTS = Metric(
    name="sale_relay_starts_total",
    kind=Kind.COUNTER,
    help="How often a shard began to send: after a start, a take-over, or a doubt.",
)
DOUBTS = Metric(
    name="sale_relay_doubts_total",
    kind=Kind.COUNTER,
    labels=("reason",),
    help="Doubts, after each of which the log is read before anything is sent again; by the error's name.",
)
SET_ASIDE = Metric(
    name="sale_relay_set_aside_total",
    kind=Kind.COUNTER,
    help="Events that Kafka would never take and that this process has set aside.",
)
RECONCILE_SAMPLES = Metric(
    name="sale_reconcile_samples_total",
    kind=Kind.COUNTER,
    labels=("outcome",),
    help="Samples of orders that were compared: `agreed`, `disagreed`, `unfinished` (a part was away).",
)
RECONCILE_FINDINGS = Metric(
    name="sale_reconcile_findings_total",
    kind=Kind.COUNTER,
    labels=("check", "severity"),
    help="What such samples found, by check and severity: `error` (a promise is broken), `warning` (look at it).",
)
LAYOUT_SHARDS = Metric(
    name="sale_relay_layout_shards",
    kind=Kind.GAUGE,
    help="Shards of the layout that this process serves, all processes together; 0 before it has agreed on one.",
)
SHARD_HELD = Metric(
    name="sale_relay_shard_held",
    kind=Kind.GAUGE,
    labels=("shard",),
    help="1 for each shard whose lease this process has.",
)
SHARD_HALTED = Metric(
    name="sale_relay_shard_halted",
    kind=Kind.GAUGE,
    labels=("shard",),
    help="1 for each of those that only a person can help, 0 for the others; 0 also for the moment of looking again.",
)
RELAY_CATALOG = (
    PUBLISHED,
    LAG,
    BATCH,
    STARTS,
    DOUBTS,
    SET_ASIDE,
    RECONCILE_SAMPLES,
    RECONCILE_FINDINGS,
    SIGNAL_MESSAGES,
    LAYOUT_SHARDS,
    SHARD_HELD,
    SHARD_HALTED,
)
"""In the order of the documentation."""
