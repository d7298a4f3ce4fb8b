"""The collector's port: GET /metrics for Prometheus, GET /healthz for whoever restarts it."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, make_wsgi_app
from werkzeug.wrappers import Response

from serve.http.limits import Limits
from serve.http.server import Server, bound

Health = Callable[[], dict[str, Any]]
"""Facts about the process; the key `healthy` decides between status 200 and 503."""

LIMITS = Limits(
    connections=32, in_flight=16, queue=16, wait_seconds=5.0, spared=frozenset({"/healthz"})
)


def serve_metrics(
    host: str,
    port: int,
    registry: CollectorRegistry,
    health: Health,
    refused: Callable[[str], None] = lambda reason: None,
) -> Server:
    """Answer on a thread until `stop`. Raises Unavailable when the port cannot be had."""
    metrics = make_wsgi_app(registry)

    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        answers: Iterable[bytes]
        if environ["PATH_INFO"] == "/metrics":
            answers = metrics(environ, start)
        elif environ["PATH_INFO"] == "/healthz":
            facts = health()
            status = 200 if facts["healthy"] else 503
            body = json.dumps(facts) + "\n"
            answers = Response(body, status, mimetype="application/json")(environ, start)
        else:
            answers = Response("try /metrics or /healthz\n", 404)(environ, start)
        return answers

    server = Server(application, bound("COLLECTOR_METRICS_", host, port), LIMITS, refused)
    threading.Thread(target=server.run, name="metrics", daemon=True).start()
    return server
