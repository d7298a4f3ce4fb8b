"""One model answers by HTTP, until stopped.

    python -m serve.service

One process, one answer at a time: threads would share one core's GIL. More load is met by more
replicas, or by SERVICE_WORKERS processes that share one package (workers.py), each with a queue,
a served log and histories of its own; metrics are of all of them. The model is verified before the
port opens, so what listens is ready.
"""

import argparse
import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry

from movierec.cli import run
from movierec.models.modelfile import LoadedModel, load_model
from serve.http.limits import Limits
from serve.http.listeners import spread
from serve.http.server import Server, bound
from serve.logs import log_json
from serve.metrics import DEADLINE_MS, REFUSALS, replaced_workers
from serve.service.app import HISTORY, METRICS, SERVED_LOG, create_app
from serve.service.board import Board
from serve.service.page.events import EVENTS
from serve.service.tally import Tally
from serve.service.workers import Workers
from serve.settings import ServiceSettings

log = logging.getLogger("serve.service")

SPARED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by those who restart us: a replica that is busy is not dead."""
ASIDE = ("/arms/", "/events")
"""These ask another service, or wait for the brokers."""
STOPS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    for number in STOPS:  # by default a container's first process hears neither
        signal.signal(number, leave)
    parser = argparse.ArgumentParser(prog="serve.service", description=__doc__.split("\n")[0])
    parser.parse_args(arguments)
    settings = ServiceSettings.from_environment()
    log_json()
    with bound("SERVICE_", settings.host, settings.port) as listener:
        model = load_model(settings.model_dir, freeze=True)
        folder = str(settings.model_dir)
        log.info("model loaded", extra={"folder": folder, "hash": model.data_hash})
        if settings.workers > 1:
            return serve_together(settings, model, listener)
        serve(settings, create_app(settings, model), listener)
    return 0


def serve_together(settings: ServiceSettings, model: LoadedModel, listener: socket.socket) -> int:
    """Answer by several processes; returns the exit status."""
    board, tally = Board(settings.workers), Tally()

    def work(number: int, own: socket.socket) -> None:
        tally.count_as(str(number))
        app = create_app(settings, model, told_of=partial(tally.registry, board))
        serve(settings, app, own, partial(board.beat, number))

    with contextlib.closing(tally):
        tally.count_as("parent")
        replaced = replaced_workers(CollectorRegistry()).inc
        listeners = spread(listener, settings.workers)
        status = Workers(listeners, work, board, replaced, orphaned=tally.close).run()
    log.info("stopped")
    return status


def serve(
    settings: ServiceSettings,
    app: Flask,
    listener: socket.socket,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Answer on `listener`; what talks to Kafka lives a little longer on both sides."""
    limits = Limits(
        connections=settings.connections,
        in_flight=settings.in_flight,
        queue=settings.queue,
        wait_seconds=DEADLINE_MS / 2000,  # the other half is for the answer and the way
        spared=SPARED,
        aside=ASIDE,
    )
    with contextlib.ExitStack() as stack:
        for name in (SERVED_LOG, HISTORY, EVENTS):
            if name in app.extensions:
                app.extensions[name].start()
                stack.callback(app.extensions[name].close)
        refused = app.extensions[METRICS].http_refused
        counts = {reason: refused.labels(reason).inc for reason in REFUSALS}
        server = Server(app, listener, limits, lambda reason: counts[reason](), beat)
        for number in STOPS:
            signal.signal(number, lambda *_: server.stop())
        log.info("listening", extra={"host": settings.host, "port": settings.port})
        server.run()
    log.info("stopped")


def leave(*_: Any) -> None:
    """End at once, and well: nobody has been answered yet, and a model may be long in coming."""
    log.info("stopped")
    raise SystemExit(0)


if __name__ == "__main__":
    run(main)
