"""The collector's port: GET /metrics for Prometheus, GET /healthz for whoever restarts it."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from movierec.errors import Unavailable

Health = Callable[[], dict[str, Any]]
"""Facts about the process; the key `healthy` decides between status 200 and 503."""


def serve_metrics(
    host: str, port: int, registry: CollectorRegistry, health: Health
) -> ThreadingHTTPServer:
    """Answer on a thread until `shutdown`. Raises Unavailable when the port cannot be had."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/healthz":
                facts = health()
                body = json.dumps(facts).encode() + b"\n"
                self._answer(200 if facts["healthy"] else 503, "application/json", body)
            else:
                self._answer(404, "text/plain", b"try /metrics or /healthz\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: a probe every few seconds is no event."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise Unavailable(
            f"COLLECTOR_METRICS_PORT {port} on {host} cannot be opened: "
            f"{error.strerror}; choose another, or 0 for none"
        ) from None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
