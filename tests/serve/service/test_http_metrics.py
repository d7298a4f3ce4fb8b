"""What is counted of HTTP is what prometheus-flask-exporter would count."""

from flask import Flask, Response, abort
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_flask_exporter import PrometheusMetrics

from serve.metrics import LATENCY_BUCKETS, TIERS, ServiceMetrics
from serve.service.http_metrics import METHODS, TIER, count_requests

ASKED = [
    (method, path) for method in sorted(METHODS) for path in ("/of/7", "/of/8", "/none", "/no")
]
TIMES = ("_bucket", "_sum")


def application() -> Flask:
    app = Flask("counted")

    @app.get("/of/<user>")
    def of(user: str) -> str:
        return "of"

    @app.get("/no")
    def no() -> str:
        abort(418)

    return app


def exposed(registry: CollectorRegistry) -> list[str]:
    """The lines of HTTP metrics, without how long anything took or when it began."""
    lines = generate_latest(registry).decode().splitlines()
    ours = [line for line in lines if "flask_" in line and "_created" not in line]
    return sorted(
        line.rpartition(" ")[0] if "seconds_sum" in line or "seconds_bucket" in line else line
        for line in ours
        if not line.startswith("# HELP") and "_exceptions" not in line
    )


def test_names_labels_and_counts_are_the_exporter_s() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    one, other = application(), application()
    PrometheusMetrics(one, group_by="url_rule", registry=theirs, buckets=LATENCY_BUCKETS)
    count_requests(other, ServiceMetrics(ours))
    for app in (one, other):
        client = app.test_client()
        for method, path in [*ASKED, ("GET", "/metrics")]:
            client.open(path, method=method)
    assert exposed(ours) == exposed(theirs)
    assert len(exposed(ours)) > 100


def test_a_request_s_seconds_are_counted_once_and_are_not_negative() -> None:
    registry = CollectorRegistry()
    app = application()
    count_requests(app, ServiceMetrics(registry))
    for _ in range(3):
        app.test_client().get("/of/7")
    labels = {"method": "GET", "url_rule": "/of/<user>", "status": "200"}
    name = "flask_http_request_duration_seconds"
    assert registry.get_sample_value(f"{name}_count", labels) == 3
    assert 0 < (registry.get_sample_value(f"{name}_sum", labels) or 0) < 600


def test_the_seconds_of_a_list_are_counted_by_its_tier() -> None:
    registry = CollectorRegistry()
    app = application()

    @app.get("/list")
    def listed() -> Response:
        return Response("jaws+1975", headers={TIER: "popular"})

    count_requests(app, ServiceMetrics(registry))
    for path in ("/list", "/list", "/of/7", "/no"):
        app.test_client().get(path)
    name = "movierec_answer_duration_seconds_count"
    counted = {tier: registry.get_sample_value(name, {"tier": tier}) for tier in TIERS}
    assert counted == {"model": 0, "fold-in": 0, "popular": 2}
