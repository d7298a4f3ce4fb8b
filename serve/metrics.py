"""Every metric of the programs, defined once; the registry is passed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

DEADLINE_SECONDS = 0.6
"""A site waits this long for an answer; the buckets are dense below it and end above it."""

LATENCY_BUCKETS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    DEADLINE_SECONDS,
    *(0.8, 1.0, 2.5),
)


class ServiceMetrics:
    """What one service counts, beside the HTTP metrics that Flask's exporter adds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        self.model = Gauge(
            "movierec_model_info",
            "The model that answers; always 1",
            ["model", "kind", "arm", "git_commit", "data_hash"],
            registry=registry,
        )
        self.answers = Counter(
            "movierec_answers", "Recommendations given, by tier", ["tier"], registry=registry
        )
        self.served_log = Counter(
            "movierec_served_log_lines",
            "Lines for the served log: sent, or dropped for a reason",
            ["outcome"],
            registry=registry,
        )
        self.history_users = Gauge(
            "movierec_history_users", "Users whose recent history is held", registry=registry
        )
        for tier in ("model", "fold-in", "popular"):
            self.answers.labels(tier)
        for outcome in ("sent", "queue-full", "not-delivered", "unsent-at-stop"):
            self.served_log.labels(outcome)


class CollectorMetrics:
    """What the collector tells Prometheus. Offsets and lags are per topic and partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        partition = ["topic", "partition"]
        ProcessCollector(registry=registry)
        self.lines = Counter(
            "collector_lines",
            "Lines made durable, by kind and outcome (stored or rejected).",
            ["topic", "kind", "outcome"],
            registry=registry,
        )
        self.rejected = Counter(
            "collector_rejected_lines",
            "Lines rejected, by reason.",
            ["topic", "reason"],
            registry=registry,
        )
        self.late = Counter(
            "collector_late_lines",
            "Lines of an earlier day that came after it was closed.",
            ["topic"],
            registry=registry,
        )
        self.segments = Counter(
            "collector_segments", "Segments made durable.", ["topic"], registry=registry
        )
        self.segment_bytes = Counter(
            "collector_segment_bytes", "Bytes of segments written.", ["topic"], registry=registry
        )
        self.flush_seconds = Histogram(
            "collector_flush_seconds",
            "Time to parse and write one segment, fsync included.",
            registry=registry,
        )
        self.gaps = Counter(
            "collector_gaps",
            "Gaps: the broker no longer had the next offset.",
            ["topic"],
            registry=registry,
        )
        self.gap_lines = Counter(
            "collector_gap_offsets", "Offsets lost in gaps.", ["topic"], registry=registry
        )
        self.rebalances = Counter(
            "collector_rebalances",
            "Partitions assigned, revoked or lost, one a rebalance.",
            ["event"],
            registry=registry,
        )
        self.refused = Counter(
            "collector_refused_segments",
            "Segments refused because another writer had stored their offsets.",
            ["topic"],
            registry=registry,
        )
        self.errors = Counter(
            "collector_kafka_errors", "Errors of the Kafka client, by class.", ["error"],
            registry=registry,
        )  # fmt: skip
        self.broker_up = Gauge(
            "collector_broker_up", "1 when the brokers answered last time.", registry=registry
        )
        self.lag = Gauge(
            "collector_lag_messages",
            "End of the partition in Kafka minus the end on disk.",
            partition,
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "collector_lag_seconds",
            "Age of the oldest line not on disk, as far as it was read; 0 when all is there.",
            partition,
            registry=registry,
        )
        self.durable = Gauge(
            "collector_durable_offset", "Next offset to read, by the disk.", partition,
            registry=registry,
        )  # fmt: skip
        self.last_event = Gauge(
            "collector_last_event_timestamp_seconds",
            "Latest event time on disk.",
            ["topic"],
            registry=registry,
        )
        self.buffered_bytes = Gauge(
            "collector_buffered_bytes", "Bytes read and not yet on disk.", registry=registry
        )
        self.assigned = Gauge(
            "collector_assigned_partitions", "Partitions of this member.", registry=registry
        )
        self.days_closed = Counter(
            "collector_days_closed", "Days closed by this member.", ["topic"], registry=registry
        )
        self.batches_handed_over = Gauge(
            "collector_batches_handed_over",
            "1 when record batches are read whole, 0 on the public poll.",
            registry=registry,
        )
