"""What a collector is looked at for while it closes a day, and what was the worst of it."""

import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_SECONDS = 60.0
PHASES = ("before", "closing", "after")


@dataclass(frozen=True)
class Look:
    """A collector at one moment, or the worst of several."""

    at: float
    """s since 1970."""
    unread: int
    """Lines that Kafka has and the collector has not read."""
    missing: int
    """Lines that Kafka has and disk lacks."""
    lag_seconds: float
    """The largest `collector_lag_seconds`, by which the alert goes."""
    still: float
    """For so long the loop has not turned, s."""


def look(port: int, sent: Callable[[], int]) -> Look:
    """Ask the collector on a port of this machine; `sent` says how many lines Kafka has."""
    # In this order: a segment written in between makes less unread, and not more.
    health = json.loads(_asked(port, "healthz"))
    values: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(_asked(port, "metrics")):
        for sample in family.samples:
            values.setdefault(sample.name, []).append(sample.value)
    missing = sent() - int(sum(values["collector_durable_offset"]))
    return Look(
        time.time(),
        max(0, missing - health["buffered_lines"]),
        missing,
        max(values.get("collector_lag_seconds", [0.0])),
        health["seconds_since_poll"],
    )


def _asked(port: int, page: str) -> str:
    url = f"http://127.0.0.1:{port}/{page}"
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        text: str = answer.read().decode()
    return text


def worst(looks: Sequence[Look]) -> Look:
    """The largest of each number; of no looks all are 0."""
    return Look(
        max((seen.at for seen in looks), default=0.0),
        max((seen.unread for seen in looks), default=0),
        max((seen.missing for seen in looks), default=0),
        max((seen.lag_seconds for seen in looks), default=0.0),
        max((seen.still for seen in looks), default=0.0),
    )


def phases(looks: Sequence[Look], began: float, ended: float) -> dict[str, list[Look]]:
    """The looks before, in and after a closing that took from `began` to `ended`."""
    parts: dict[str, list[Look]] = {phase: [] for phase in PHASES}
    for seen in looks:
        late = (seen.at >= began) + (seen.at > ended)
        parts[PHASES[late]].append(seen)
    return parts


def caught_up(parts: dict[str, list[Look]], ended: float) -> float | None:
    """How long after the closing no more was unread than ever before it, s; None if that was not
    seen."""
    usual = worst(parts["before"]).unread
    return next((max(0.0, s.at - ended) for s in parts["after"] if s.unread <= usual), None)
