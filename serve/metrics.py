"""Every metric of the programs, defined once; the registry is passed in."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

DEADLINE_MS = 600
"""A site waits this long for an answer. The number's home is `online.deadline_ms` of params.yaml,
which no image carries; a test holds this one equal to it."""

# Seconds: dense below the deadline, which is one of them, and ending above it.
LATENCY_BUCKETS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    DEADLINE_MS / 1000,
    *(0.8, 1.0, 2.5),
)

TIERS = ("model", "fold-in", "popular")
OUTCOMES = ("sent", "queue-full", "not-delivered", "unsent-at-stop")
CACHED = ("hit", "miss")
REFUSALS = ("overload", "slow", "crowd")
RELEASE = ["model", "arm"]
TOPIC = ["topic"]
PARTITION = ["topic", "partition"]


def _refusals(counter: Callable[..., Counter], program: str) -> Counter:
    """What a port refused, its series there from the start (serve/http/)."""
    refused = counter(
        f"{program}_http_refusals",
        "Requests refused (overload) and connections ended: too slow, or the limit was reached "
        "(crowd).",
        ["reason"],
    )
    for reason in REFUSALS:
        refused.labels(reason)
    return refused


def replaced_workers(registry: CollectorRegistry) -> Counter:
    """What the parent of several workers counts; beside one there is none."""
    return Counter(
        "movierec_workers_replaced", "Workers that ended by themselves.", registry=registry
    )


class ServiceMetrics:
    """What one service counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        ProcessCollector(registry=registry)
        counter = partial(Counter, registry=registry)
        # Of several workers: memory adds up, and what each has of its own is the same or a part.
        most = partial(Gauge, registry=registry, multiprocess_mode="max")
        total = partial(Gauge, registry=registry, multiprocess_mode="sum")
        model = ["model", "kind", "arm", "git_commit", "data_hash"]
        self.model = most("movierec_model_info", "The model that answers; always 1.", model)
        self.data_time = most(
            "movierec_model_data_timestamp_seconds",
            "End of the newest day that the model was trained on.",
            RELEASE,
        )
        self.answers = counter("movierec_answers", "Recommendations given, by tier.", ["tier"])
        self.served_log = counter(
            "movierec_served_log_lines",
            "Lines for the served log: sent, or dropped for a reason.",
            ["outcome"],
        )
        self.http_refused = _refusals(counter, "movierec")
        self.cached = counter(
            "movierec_cached_answers",
            "Answers without a query, as text: kept from before (hit), or made (miss).",
            ["outcome"],
        )
        self.cache_bytes = total("movierec_cache_bytes", "Memory of the answers that are kept.")
        self.history_users = most("movierec_history_users", "Users whose recent history is held.")
        self.history_bytes = total("movierec_history_bytes", "Memory of those histories.")
        for gauge in (self.cache_bytes, self.history_users, self.history_bytes):
            gauge.set(0)  # a worker that takes another's place begins with nothing
        self.replaced = replaced_workers(registry)
        # As prometheus-flask-exporter names them and asks for help with them.
        self.http_seconds = Histogram(
            "flask_http_request_duration_seconds",
            "Flask HTTP request duration in seconds.",
            ["method", "url_rule", "status"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.http_total = counter(
            "flask_http_request", "Total number of HTTP requests.", ["method", "status"]
        )
        self.answer_seconds = Histogram(
            "movierec_answer_duration_seconds",
            "Duration of requests that were answered with a list, by tier.",
            ["tier"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        # A series that is there from the start can be seen to increase.
        for outcome in CACHED:
            self.cached.labels(outcome)
        for tier in TIERS:
            self.answers.labels(tier)
            self.answer_seconds.labels(tier)
        for outcome in OUTCOMES:
            self.served_log.labels(outcome)


class CollectorMetrics:
    """What the collector tells Prometheus. Offsets and lags are per topic and partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        self._lines(counter)
        self._store(counter, gauge, registry)
        self._brokers(counter, gauge)
        self._progress(gauge)
        self.http_refused = _refusals(counter, "collector")

    def _lines(self, counter: Callable[..., Counter]) -> None:
        """What came in."""
        self.lines = counter(
            "collector_lines",
            "Lines made durable, by kind and outcome (stored or rejected).",
            ["topic", "kind", "outcome"],
        )
        self.rejected = counter(
            "collector_rejected_lines", "Lines rejected, by reason.", ["topic", "reason"]
        )
        self.late = counter(
            "collector_late_lines", "Lines of an earlier day that came after it was closed.", TOPIC
        )
        self.gaps = counter(
            "collector_gaps", "Gaps: the broker no longer had the next offset.", TOPIC
        )
        self.gap_lines = counter("collector_gap_offsets", "Offsets lost in gaps.", TOPIC)

    def _store(
        self,
        counter: Callable[..., Counter],
        gauge: Callable[..., Gauge],
        registry: CollectorRegistry,
    ) -> None:
        """What was written."""
        self.segments = counter("collector_segments", "Segments made durable.", TOPIC)
        self.segment_bytes = counter("collector_segment_bytes", "Bytes of segments written.", TOPIC)
        self.flush_seconds = Histogram(
            "collector_flush_seconds",
            "Time to parse and write one segment, fsync included.",
            registry=registry,
        )
        self.refused = counter(
            "collector_refused_segments",
            "Segments refused because another writer had stored their offsets.",
            TOPIC,
        )
        self.days_closed = counter("collector_days_closed", "Days closed by this member.", TOPIC)
        self.last_closing = gauge(
            "collector_last_closing_timestamp_seconds",
            "When a day was closed last, by any member; before the first, when the store began.",
            TOPIC,
        )

    def _brokers(self, counter: Callable[..., Counter], gauge: Callable[..., Gauge]) -> None:
        """What the brokers and the group do."""
        self.rebalances = counter(
            "collector_rebalances",
            "Partitions assigned, revoked or lost, one a rebalance.",
            ["event"],
        )
        self.errors = counter(
            "collector_kafka_errors", "Errors of the Kafka client, by class.", ["error"]
        )
        self.broker_up = gauge("collector_broker_up", "1 when the brokers answered last time.")
        self.assigned = gauge("collector_assigned_partitions", "Partitions of this member.")
        self.batches_handed_over = gauge(
            "collector_batches_handed_over",
            "1 when record batches are read whole, 0 on the public poll.",
        )

    def _progress(self, gauge: Callable[..., Gauge]) -> None:
        """How far the disk is behind the log."""
        self.lag = gauge(
            "collector_lag_messages",
            "End of the partition in Kafka, open transactions included, minus the end on disk.",
            PARTITION,
        )
        self.lag_seconds = gauge(
            "collector_lag_seconds",
            "Age of the oldest line that is not on disk; 0 when all is there. Cut off from Kafka "
            "it grows from when all was there.",
            PARTITION,
        )
        self.durable = gauge(
            "collector_durable_offset", "Next offset to read, by the disk.", PARTITION
        )
        self.last_event = gauge(
            "collector_last_event_timestamp_seconds", "Latest event time on disk.", TOPIC
        )
        self.buffered_bytes = gauge("collector_buffered_bytes", "Bytes read and not yet on disk.")
