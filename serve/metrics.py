"""Every metric of the services, defined once; the registry is passed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

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
