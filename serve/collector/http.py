"""The collector's port: GET /metrics for Prometheus, GET /healthz for whoever restarts it."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from werkzeug.wrappers import Response

from movierec.errors import Unavailable

Health = Callable[[], dict[str, Any]]
"""Facts about the process; the key `healthy` decides between status 200 and 503."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a probe every few seconds is no event."""


def serve_metrics(
    host: str, port: int, registry: CollectorRegistry, health: Health
) -> ThreadingWSGIServer:
    """Answer on a thread until `shutdown`. Raises Unavailable when the port cannot be had."""
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

    try:
        server = make_server(host, port, application, ThreadingWSGIServer, _Quiet)
    except OSError as error:
        raise Unavailable(
            f"COLLECTOR_METRICS_PORT {port} on {host} cannot be opened: "
            f"{error.strerror}; choose another, or 0 for none"
        ) from None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
