"""What Prometheus says: ranges of expressions, and which alerts fire."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

from movierec.errors import BadInput, Unavailable

SECONDS = 30.0
"""Prometheus gives up a query after two minutes; a picture need not be waited for so long."""


@dataclass(frozen=True)
class Span:
    """The times that are asked for: seconds since 1970, both ends among them."""

    start: float
    end: float
    step: float


@dataclass(frozen=True)
class Series:
    """A series of an answer: its labels, and (seconds since 1970, value), none of them NaN."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Alert:
    """An alert that is pending or fires."""

    name: str
    state: str
    since: str
    """As Prometheus writes it: RFC 3339."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class Prometheus:
    """A Prometheus server, by its HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=SECONDS), retries=urllib3.Retry(3, redirect=0)
        )

    def range(self, expression: str, span: Span) -> list[Series]:
        """The values of an expression over a span, the series in the order of their labels.

        Raises BadInput for an expression that Prometheus does not take, Unavailable when it
        cannot be asked.
        """
        fields = {"query": expression, "start": span.start, "end": span.end, "step": span.step}
        found = self._get("query_range", fields)["result"]
        series = [Series(one["metric"], _points(one["values"])) for one in found]
        return sorted(series, key=lambda one: sorted(one.labels.items()))

    def alerts(self) -> list[Alert]:
        """Those that are pending or fire, by their names."""
        found = [
            Alert(
                one["labels"]["alertname"],
                one["state"],
                one["activeAt"],
                one["labels"],
                one["annotations"],
            )
            for one in self._get("alerts", {})["alerts"]
        ]
        return sorted(found, key=lambda one: (one.name, sorted(one.labels.items())))

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes: `labels`, `health` (up, down, unknown), `scrapeInterval` …"""
        targets: list[dict[str, Any]] = self._get("targets", {"state": "active"})["activeTargets"]
        return targets

    def alertmanagers(self) -> list[str]:
        """The URLs of those whom it tells of alerts."""
        found = self._get("alertmanagers", {})["activeAlertmanagers"]
        return [str(one["url"]).removesuffix("/api/v2/alerts") for one in found]

    def oldest(self) -> float:
        """Since when it has values, in seconds since 1970."""
        return float(self._get("status/tsdb", {"limit": 1})["headStats"]["minTime"]) / 1000

    def _get(self, what: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an answer."""
        try:
            answer = self._pool.request("GET", f"{self.url}/api/v1/{what}", fields=dict(fields))
            document = answer.json()
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise Unavailable(f"{self.url}: no Prometheus answers there ({error})") from None
        if document["status"] != "success":
            raise BadInput(f"{self.url}: {document['error']}: {fields.get('query', what)}")
        data: dict[str, Any] = document["data"]
        return data


def _points(values: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    """Points of an answer, without what is no number: 0 of 0 requests failed."""
    points = [(float(at), float(value)) for at, value in values]
    return [(at, value) for at, value in points if math.isfinite(value)]
