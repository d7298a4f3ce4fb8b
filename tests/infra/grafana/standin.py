"""Something that answers as Prometheus' HTTP API does, and Alertmanager's, for what draws."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

START = 1_700_000_000.0
ALERT = {
    "labels": {"alertname": "AnswersSlow", "severity": "page", "instance": "svd:8080"},
    "annotations": {
        "summary": "1 % of answers of <svd> take over 400 ms",
        "runbook": "infra/prometheus/README.md#answersslow",
    },
    "state": "firing",
    "activeAt": "2023-11-14T22:15:00.5Z",
}
WATCHDOG = ALERT | {"labels": {"alertname": "Watchdog", "severity": "watchdog"}}
Answer = Callable[[str], list[dict[str, Any]]]


def series(values: list[float | str], **labels: str) -> dict[str, Any]:
    """A series of a range query, a value every 15 s."""
    return {
        "metric": labels,
        "values": [[START + 15 * n, str(value)] for n, value in enumerate(values)],
    }


def failed(message: str) -> dict[str, Any]:
    """What Prometheus says of an expression that is none."""
    return {"status": "error", "errorType": "bad_data", "error": message}


@contextlib.contextmanager
def prometheus(
    answer: Answer, alerts: list[dict[str, Any]], suppressed: list[dict[str, Any]] | None = None
) -> Iterator[str]:
    """Its URL, while the block runs; `answer`: expression → series. `suppressed`: as the
    Alertmanager has them that it tells of alerts and that is at the same URL; None: there is
    none."""

    def data(path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/v1/query_range":
            return {"resultType": "matrix", "result": answer(query["query"][0])}
        if path == "/api/v1/alerts":
            return {"alerts": alerts}
        if path == "/api/v1/targets":
            jobs = [("serve", "up"), ("serve", "down"), ("router", "up")]
            return {
                "activeTargets": [
                    {"labels": {"job": job}, "health": health, "scrapeInterval": "15s"}
                    for job, health in jobs
                ]
            }
        if path == "/api/v1/alertmanagers":
            there = [{"url": f"{url}/api/v2/alerts"}] if suppressed is not None else []
            return {"activeAlertmanagers": there}
        assert path == "/api/v1/status/tsdb"
        return {"headStats": {"minTime": int(1000 * START)}}

    def told(path: str, query: dict[str, list[str]]) -> Any:
        if path == "/api/v2/alerts":
            return suppressed
        return {"status": "success", "data": data(path, query)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            try:
                document = told(asked.path, parse_qs(asked.query))
            except ValueError as error:
                document = failed(str(error))
            body = json.dumps(document).encode()
            self.send_response(400 if isinstance(document, dict) and "error" in document else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()
