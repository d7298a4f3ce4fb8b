"""HTTP metrics by URL rule, under the names and labels of prometheus-flask-exporter.

Its endpoint is used as it is. Its hooks look up two labelled children and half a dozen attributes a
request, 20 µs; there are few combinations of labels, so here each is looked up once.
"""

from time import perf_counter
from typing import Any, NamedTuple

from flask import Flask, Response, abort, g, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_flask_exporter import PrometheusMetrics

from serve.metrics import TIERS, ServiceMetrics

METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
"""What HTTP metrics are counted by; any other word is refused (501) and not counted."""
TIER = "X-Answer-Tier"
"""The header of a response that is a list."""
UNTRACKED = "prom_do_not_track"
"""What the exporter sets on a request that is not to be counted: a scrape."""


class _Children(NamedTuple):
    seconds: Any
    total: Any


class Exporter(PrometheusMetrics):  # type: ignore[misc]
    """Tells of one registry and counts in another one: where several processes count, a scrape of
    one of them is of all."""

    told: CollectorRegistry

    def generate_metrics(
        self, accept_header: str | None = None, names: list[str] | None = None
    ) -> tuple[str, str]:
        """(text, its type) of all metrics, or of those named."""
        registry = self.told.restricted_registry(names) if names else self.told
        encode, content_type = choose_encoder(accept_header or "")
        return encode(registry).decode(), content_type


def count_requests(
    app: Flask, metrics: ServiceMetrics, told: CollectorRegistry | None = None
) -> None:
    """Expose `/metrics`, of `told` or of these metrics, and count each request: neither a user id
    nor a made-up method becomes a label."""
    exporter = Exporter(app, export_defaults=False, registry=metrics.registry)
    exporter.told = told or metrics.registry
    exporter.info(
        "flask_exporter_info",
        "Information about the Prometheus Flask exporter",
        version=exporter.version,
    )
    known: dict[tuple[str, str, int], _Children] = {}
    by_tier = {tier: metrics.answer_seconds.labels(tier) for tier in TIERS}

    def children(method: str, rule: str, status: int) -> _Children:
        seconds = metrics.http_seconds.labels(method, rule, str(status))
        return _Children(seconds, metrics.http_total.labels(method, str(status)))

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()
        if request.method not in METHODS:
            setattr(request, UNTRACKED, True)
            abort(501, "this service knows no such method; try GET")

    @app.after_request
    def count(response: Response) -> Response:
        asked = request._get_current_object()  # type: ignore[attr-defined]
        if not hasattr(asked, UNTRACKED):
            key = asked.method, str(asked.url_rule), response.status_code
            if (found := known.get(key)) is None:
                found = known[key] = children(*key)
            seconds = perf_counter() - g.began
            found.seconds.observe(seconds)
            found.total.inc()
            if (tier := response.headers.get(TIER)) is not None:
                by_tier[tier].observe(seconds)
        return response
