"""The peer of `bench_serve`: Flask with its Prometheus exporter, answering at no cost."""

from flask import Flask, Response
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics

app = Flask(__name__, static_folder=None)
PrometheusMetrics(app, group_by="url_rule", registry=CollectorRegistry())
LINE = ",".join(f"movie+{n:06d}+2001" for n in range(20))


@app.get("/recommend/<userid>")
def recommend(userid: str) -> Response:
    """The same for everybody."""
    return Response(LINE, content_type="text/plain; charset=utf-8")


@app.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return Response("ok", content_type="text/plain; charset=utf-8")
