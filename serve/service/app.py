"""The recommendation service: the HTTP contract of serve/README.md.

    GET /recommend/<userid>   up to 20 movie ids joined by ',', best first
    GET /similar/<movieid>    the like: the movies nearest to one
    GET /                     the page for people
    GET /healthz  /readyz  /metrics  /version  /openapi.json

`create_app` wires a verified model to Flask; the program is serve/service/__main__.py.
"""

import logging
import os
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry
from werkzeug.exceptions import HTTPException, NotFound

from movierec.dataset.vocabulary import Vocabulary
from movierec.models.modelfile import LoadedModel
from movierec.times import DAY_SECONDS, day_number
from serve.metrics import TIERS, ServiceMetrics
from serve.service.brokers import Brokers
from serve.service.cache import Answers, Written
from serve.service.history import Follower, Histories
from serve.service.http_metrics import count_requests
from serve.service.lean import Lean, Line
from serve.service.openapi.document import add_openapi
from serve.service.page.routes import add_page
from serve.service.provenance import Provenance
from serve.service.recommender import Recommender
from serve.service.request import Reader
from serve.service.routes import add_recommend, add_similar
from serve.service.served_log import KafkaServedLog, NoServedLog, ServedLines, ServedLog, now
from serve.settings import ServiceSettings

log = logging.getLogger("serve.service.app")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SERVED_LOG, HISTORY = "served-log", "history"
"""Extensions of the application that connect to Kafka: `start` and `close` them."""
METRICS = "metrics"
NOTHING_HERE = "nothing is here: /openapi.json tells what there is"
"""Of a path that is none of ours; other things that are not found say what they are."""


def create_app(
    settings: ServiceSettings,
    model: LoadedModel,
    *,
    registry: CollectorRegistry | None = None,
    served: ServedLog | None = None,
    told_of: Callable[[CollectorRegistry], CollectorRegistry] = lambda own: own,
) -> Flask:
    """The Flask application; `served` is where answers are logged, by default Kafka or nowhere.
    `told_of` makes what `/metrics` tells of the metrics of this process, by default the same."""
    app = Lean(__name__)
    metrics = ServiceMetrics(registry or CollectorRegistry())
    provenance = Provenance.of(settings, model)
    app.extensions[METRICS] = metrics
    brokers = Brokers(settings.kafka) if settings.kafka else None
    metrics.model.labels(**provenance.labels()).set(1)
    if settings.data_day is not None:
        end = (day_number(settings.data_day) + 1) * DAY_SECONDS
        metrics.data_time.labels(provenance.model, provenance.arm).set(end)
    if served is None:
        served = NoServedLog()
        if brokers is not None:
            served = KafkaServedLog(brokers, settings.served_topic, metrics)
    app.extensions[SERVED_LOG] = served
    histories = None
    if settings.history and brokers is not None:
        histories = Histories(model, settings.history_bytes, metrics)
        app.extensions[HISTORY] = Follower(brokers, settings.event_topic, histories)
    _identify_requests(app, provenance)
    count_requests(app, metrics, told_of(metrics.registry))
    _answer_errors_in_one_line(app)
    _add_probes(app, provenance)

    reader = Reader(Vocabulary(model.movies), model.model.scale)
    recommender = Recommender(model)

    lines = ServedLines(provenance)
    counted = {tier: metrics.answers.labels(tier) for tier in TIERS}

    def log_answer(user: int, given: Written, told: bool) -> None:
        """Count and log an answer. HEAD is a question about one, and none itself."""
        if request.method == "GET":
            counted[given.tier].inc()
            served.send(user, lines.line(now(), g.request_id, user, given, told=told))

    answers = Answers(settings.cache_bytes, metrics)
    add_recommend(app, provenance, recommender, reader, histories, answers, log_answer)
    add_similar(app, provenance, recommender, reader)
    add_page(app, settings, provenance, recommender, histories, brokers)
    add_openapi(app, settings, provenance.arm, model.model.scale)
    return app


def _identify_requests(app: Flask, provenance: Provenance) -> None:
    """Give each request an id, the caller's own when it is well formed, and say who answers."""

    always = list(provenance.headers().items())

    @app.before_request
    def identify() -> None:
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else os.urandom(16).hex()

    @app.after_request
    def add_headers(response: Response) -> Response:
        signed = [("X-Request-Id", g.request_id), *always]
        if isinstance(response, Line):
            response.signed = signed
        else:
            response.headers["X-Request-Id"] = g.request_id
            for name, value in always:
                response.headers.setdefault(name, value)  # another arm's answer bears its own
        return response


def _answer_errors_in_one_line(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        told = NOTHING_HERE if error.description == NotFound.description else error.description
        response = Line(" ".join((told or error.name).split()), error.code or 500)
        given = error.get_response().headers
        for name in ("Allow", "Retry-After"):
            if name in given:
                response.headers[name] = given[name]
        return response

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        log.error("request failed", exc_info=error, extra={"request_id": g.request_id})
        return Line(f"internal error; request id {g.request_id}", 500)


def _add_probes(app: Flask, provenance: Provenance) -> None:
    """Alive, ready, and what is running. The port opens only when the model is verified."""

    @app.get("/healthz")
    def healthz() -> Response:
        return Line("ok")

    @app.get("/readyz")
    def readyz() -> Response:
        return Line("ready")

    @app.get("/version")
    def version() -> Any:
        return jsonify(provenance.labels())
