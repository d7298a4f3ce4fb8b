"""Kafka → segments and closed days, exactly once, until stopped.

    python -m serve.collector [--store DIR] [--until-caught-up]

The disk is the truth about progress. Each segment is named by its start offset and linked
without replacing, so two writers of a partition cannot both succeed; on assignment the next
offset is read from the verified segments, and Kafka's committed offset is only a hint for
those who watch the group. Settings come from the environment (serve/settings.py).
"""

import argparse
import logging
import signal
import sys
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry

from movierec.cli import run
from movierec.url import TAKES, root_argument
from serve.collector.consumer import connect
from serve.collector.fetch.topics import Topics
from serve.collector.http import serve_metrics
from serve.collector.loop import Collector
from serve.collector.writer import Writer
from serve.logs import log_json
from serve.metrics import CollectorMetrics
from serve.settings import CollectorSettings

log = logging.getLogger("serve.collector")

STOPS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    """Collect until SIGTERM or SIGINT, or until caught up; returns the exit status."""
    for number in STOPS:
        signal.signal(number, leave)
    parser = argparse.ArgumentParser(prog="serve.collector", description=__doc__.split("\n")[0])
    parser.add_argument("--store", type=root_argument, help=f"{TAKES} (else COLLECTOR_STORE)")
    parser.add_argument(
        "--until-caught-up",
        action="store_true",
        help="stop at the end of the log as it was at the start, and close the days that are due",
    )
    options = parser.parse_args(arguments)
    settings = CollectorSettings.from_environment()
    if options.store is not None:
        settings = replace(settings, store=options.store)
    log_json(level=logging.WARNING if sys.stderr.isatty() else logging.INFO)
    return collect(settings, options.until_caught_up)


def collect(settings: CollectorSettings, until_caught_up: bool) -> int:
    """Wire the parts, run, and stop cleanly."""
    registry = CollectorRegistry()
    metrics = CollectorMetrics(registry)
    writer = Writer(settings, metrics)
    collector = Collector(settings, metrics, writer, until_caught_up)
    if settings.metrics_port:
        serve_metrics(
            settings.metrics_host,
            settings.metrics_port,
            registry,
            collector.health,
            lambda reason: metrics.http_refused.labels(reason).inc(),
        )
    topics = Topics(settings.kafka.for_kafka_python())
    consumer = connect(settings, topics)
    for number in STOPS:
        signal.signal(number, lambda number, _: collector.stop(signal.Signals(number).name))
    return collector.run(consumer, topics)


def leave(number: int, _: Any) -> None:
    """End at once, and well: nothing has been read yet, and brokers may be long in coming."""
    log.info("stopped", extra={"reason": signal.Signals(number).name})
    raise SystemExit(0)


if __name__ == "__main__":
    run(main)
