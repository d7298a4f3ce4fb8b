"""Every metric, defined once. The registry is passed in, so a test has one of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class CollectorMetrics:
    """What the collector tells Prometheus. Offsets and lags are per topic and partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        partition = ["topic", "partition"]
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
            "Age of the newest line on disk while the partition has more; 0 when it has not.",
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
