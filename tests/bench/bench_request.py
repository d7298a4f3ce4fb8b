"""`make bench-request`: what a request costs in the service's process, without a server.

    python -m tests.bench.bench_request [--movies 5000 27000]

CPU microseconds from a WSGI environment to the body, the median of rounds in which all take turns:
a trivial Flask application, one with prometheus-flask-exporter, and the service, asked for users in
turn (nothing is kept), for the same ones again (kept), with events between, and in a hurry.
"""

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics

from infra.demo.report import table
from movierec.cli import run, whole
from movierec.models.modelfile import LoadedModel, load_model
from serve.http.request import HURRIED
from serve.kafka import KafkaSettings
from serve.service.app import HISTORY, create_app
from serve.service.served_log import NoServedLog
from serve.settings import ServiceSettings
from tests.bench.packages import RATERS, build

ROUNDS, WARM, REQUESTS = 40, 5, 100
SAME_USERS = 50
Ask = Callable[[int], Any]


def main(arguments: list[str]) -> int:
    """Measure and print a table, then JSON."""
    parser = argparse.ArgumentParser(prog="bench_request", description=__doc__.split("\n")[0])
    parser.add_argument("--movies", type=whole, nargs="+", default=[5_000, 27_000])
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in options.movies:
            model = load_model(build(Path(folder) / "model", n), freeze=True)
            results[n] = medians(peers() | ours(model))
    names = next(iter(results.values()))
    rows = [[name, *(f"{found[name]:,.1f}" for found in results.values())] for name in names]
    print(table(["CPU µs a request, movies:", *(f"{n:,}" for n in results)], rows))
    print(json.dumps(results))
    return 0


def peers() -> dict[str, Ask]:
    """Flask with a route of our shape that answers as much, alone and with the exporter."""
    apps = {"trivial Flask": Flask("trivial"), "and the exporter": Flask("exported")}
    body = ",".join(f"movie+{n:06d}+2001" for n in range(20))
    for app in apps.values():
        app.add_url_rule("/recommend/<userid>", "recommend", lambda userid: body)
    exported = apps["and the exporter"]
    PrometheusMetrics(exported, group_by="url_rule", registry=CollectorRegistry())
    return {name: asker(app, lambda n: n) for name, app in apps.items()}


def ours(model: LoadedModel) -> dict[str, Ask]:
    """The service, asked in different ways. Kafka's client is spared: lines are made, not sent."""
    kafka = KafkaSettings(("127.0.0.1:1",))
    settings = ServiceSettings(Path(), kafka=kafka, history=True)
    app = create_app(settings, model, served=NoServedLog())
    histories = app.extensions[HISTORY]._histories
    unkept = create_app(ServiceSettings(Path(), cache_bytes=0), model)
    followed = asker(app, lambda n: n)

    def after_an_event(n: int) -> None:
        movie = model.movies[n % len(model.movies)].decode()
        histories.add(f"2026-11-01T19:03:07.250,{n % RATERS},GET /data/m/{movie}/1.mpg".encode())
        followed(n)

    return {
        "a user for the first time": asker(unkept, lambda n: n),
        "again": asker(app, lambda n: RATERS // 2 + n % SAME_USERS),
        "again, HEAD": asker(app, lambda n: RATERS // 2 + n % SAME_USERS, REQUEST_METHOD="HEAD"),
        "after an event (with taking it in)": after_an_event,
        "in a hurry": asker(unkept, lambda n: n, **{HURRIED: True}),
        "a stranger": asker(app, lambda n: RATERS + n % SAME_USERS),
        "/healthz": asker(app, lambda n: None),
    }


def asker(app: Flask, user: Callable[[int], int | None], **more: Any) -> Ask:
    """Asks an application as a WSGI server would."""
    server = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        "HTTP_X_REQUEST_ID": "6f1c44aa6f1c44aa",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **more,
    }

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        if not status.startswith("200"):
            raise RuntimeError(f"{status} {headers}")

    def ask(n: int) -> None:
        asked = user(n)
        path = "/healthz" if asked is None else f"/recommend/{asked}"
        environ = {**server, "PATH_INFO": path, "wsgi.input": io.BytesIO()}
        answer: Iterable[bytes] = app(environ, start)
        b"".join(answer)
        getattr(answer, "close", lambda: None)()

    return ask


def medians(asks: dict[str, Ask]) -> dict[str, float]:
    """CPU microseconds of each, over rounds in which all take turns."""
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for round_ in range(WARM + ROUNDS):
        for name, ask in asks.items():
            numbers = range(round_ * REQUESTS, (round_ + 1) * REQUESTS)
            started = time.thread_time()
            for n in numbers:
                ask(n)
            taken[name].append((time.thread_time() - started) / REQUESTS * 1e6)
    return {name: statistics.median(seen[WARM:]) for name, seen in taken.items()}


if __name__ == "__main__":
    run(main)
