"""The metrics of the batch side: their names, what they mean, their labels; and how a number of a
report becomes one."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Gauge

from movierec.errors import BadInput

KIND, RELEASE, MEASURE = ("model",), ("model", "arm"), ("measure",)
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "movierec_offline_rmse": ("Of the newest candidate, on held-out ratings.", KIND),
    "movierec_offline_recall": ("Of its lists.", KIND),
    "movierec_offline_ndcg": ("Of its lists.", KIND),
    "movierec_offline_coverage": ("Share of all movies that its lists hold.", KIND),
    "movierec_offline_passed": ("1 when the gate lets it pass.", KIND),
    "movierec_offline_incumbent_rmse": ("Of what is in production, at its release.", KIND),
    "movierec_online_conversion": ("Share of answers after which a movie was started.", RELEASE),
    "movierec_online_conversion_low": ("Low end of its interval.", RELEASE),
    "movierec_online_conversion_high": ("High end of its interval.", RELEASE),
    "movierec_online_minutes": ("Minutes watched of recommended movies, an answer.", RELEASE),
    "movierec_online_rmse": ("Predicted against later actual ratings.", RELEASE),
    "movierec_online_coverage": ("Share of all movies that were recommended.", RELEASE),
    "movierec_online_gini": ("How unequally movies are recommended; 0: alike.", RELEASE),
    "movierec_online_popularity_lift": ("Of what is recommended over what is watched.", RELEASE),
    "movierec_online_fallback_share": ("Of answers: the most popular movies.", RELEASE),
    "movierec_online_repeated_share": ("Of answers: the list of before.", RELEASE),
    "movierec_online_release_worse": (
        "1 when it is surely worse than the release before it on its arm.",
        RELEASE,
    ),
    "movierec_online_feedback_ratio": (
        "Of an arm's newest release over the one before: coverage, gini, lift.",
        (*RELEASE, "measure"),
    ),
    "movierec_online_last_day_timestamp_seconds": ("End of the newest evaluated day.", ()),
    "movierec_online_split_p": ("p-value of users' arms under the weights.", ()),
    "movierec_drift": ("Newest day against its window.", MEASURE),
    "movierec_drift_limit": ("Its limit in params.yaml.", MEASURE),
    "movierec_drift_passed": ("1 within the limit.", MEASURE),
    "movierec_data_quality": ("Of the window that was trained on.", MEASURE),
    "movierec_data_quality_limit": ("Its limit in params.yaml.", MEASURE),
    "movierec_data_quality_passed": ("1 within the limit.", MEASURE),
    "movierec_production_info": ("The release in production, by the tags; always 1.", RELEASE),
    "movierec_nightly_last_run_timestamp_seconds": ("When the night's job ended last.", ()),
    "movierec_nightly_last_success_timestamp_seconds": ("When it last ended well.", ()),
    "movierec_nightly_failed": ("1 when it did not end well last time.", ()),
    "movierec_handover_source_up": (
        "0 when a report is missing, malformed or of half a run.",
        ("source",),
    ),
    "movierec_handover_timestamp_seconds": ("When this file was written.", ()),
}
"""name → what it is, and its labels."""


class Sample(NamedTuple):
    """A value of one of METRICS."""

    name: str
    value: float
    labels: tuple[str, ...] = ()
    """In the order of METRICS."""


def registry_of(samples: Iterable[Sample]) -> CollectorRegistry:
    """A registry of these samples, and of nothing else."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for name, value, labels in samples:
        if name not in gauges:
            meaning, named = METRICS[name]
            gauges[name] = Gauge(name, meaning, named, registry=registry)
        (gauges[name].labels(*labels) if labels else gauges[name]).set(value)
    return registry


def number(document: Mapping[str, Any], key: str, where: str) -> float:
    """A finite number of a report; True is 1. Raises BadInput, naming it.

    >>> number({"rmse": 0.7}, "rmse", "metrics/svd.json")
    0.7
    """
    value = optional(document, key, where)
    if value is None:
        raise BadInput(f"{where}: {key} is null, expected a number")
    return value


def optional(document: Mapping[str, Any], key: str, where: str) -> float | None:
    """As `number`, or None for null: that was not to be measured."""
    try:
        value = document[key]
    except KeyError:
        raise BadInput(f"{where}: {key} is missing") from None
    if value is None:
        return None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{where}: {key} is {value!r}, expected a number")
    return float(value)


def section(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """A mapping of a report. Raises BadInput, naming it."""
    value = document.get(key)
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}: {key} is {value!r}, expected a mapping")
    return value
