"""Rules and routes for a run in which time passes faster: every duration divided by one factor.

How long something is looked at is scaled: windows, offsets, horizons, `for`, waits. What is
measured is not: a latency, a lag, an age and what they are compared with stay as they are, and so
does a rate, which is per second. The rules as they stand are tested by promtool.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

PART = re.compile(r"(\d+)(ms|[smhdwy])")
IN_EXPRESSION = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w.])(?:\d+(?:ms|[smhdwy]))+(?!\w)')
"""Strings are found with the durations, so that what stands in one is left alone."""
HORIZON = re.compile(r"(?<=\])(\s*,\s*)(\d+)(?=\s*\))")
"""Of predict_linear(series[window], seconds)."""
MILLISECONDS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
LEAST_SCRAPE_MS = 1000
"""A scrape has as long as its interval to answer: with less than a second, a machine that is busy
looks like a program that is down."""


@dataclass(frozen=True)
class Pace:
    """So many times faster than in production."""

    factor: float = 1.0

    def duration(self, text: str) -> str:
        """A duration of Prometheus, shorter.

        >>> Pace(30).duration("1m"), Pace(30).duration("1h30m"), Pace(30).duration("15s")
        ('2s', '180s', '500ms')
        """
        return _written(_milliseconds(text) / self.factor)

    def scrape(self, text: str) -> str:
        """How often Prometheus scrapes or evaluates: not more often than LEAST_SCRAPE_MS says.

        >>> Pace(5).scrape("15s"), Pace(30).scrape("15s")
        ('3s', '1s')
        """
        return _written(max(_milliseconds(text) / self.factor, LEAST_SCRAPE_MS))

    def expression(self, text: str) -> str:
        """A PromQL expression: its windows, offsets and horizons.

        >>> Pace(30).expression('predict_linear(free{x="1h"}[6h], 86400) < 0 unless a offset 1h')
        'predict_linear(free{x="1h"}[720s], 2880) < 0 unless a offset 120s'
        """
        return HORIZON.sub(self._horizon, IN_EXPRESSION.sub(self._found, text))

    def rules(self, text: str) -> str:
        """A file of rules."""
        document = yaml.safe_load(text)
        for group in document["groups"]:
            _change(group, "interval", self.scrape)
            for rule in group["rules"]:
                rule["expr"] = self.expression(str(rule["expr"]))
                for key in ("for", "keep_firing_for"):
                    _change(rule, key, self.duration)
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)

    def route(self, route: dict[str, Any]) -> None:
        """A route of Alertmanager and those below it, in place."""
        for key in ("group_wait", "group_interval", "repeat_interval"):
            _change(route, key, self.duration)
        for below in route.get("routes", []):
            self.route(below)

    def _found(self, match: re.Match[str]) -> str:
        text = match.group()
        return text if text.startswith('"') else self.duration(text)

    def _horizon(self, match: re.Match[str]) -> str:
        return f"{match.group(1)}{int(match.group(2)) / self.factor:.12g}"


def _milliseconds(text: str) -> int:
    return sum(int(number) * MILLISECONDS[unit] for number, unit in PART.findall(text))


def _written(ms: float) -> str:
    """As Prometheus reads it: `0s` where it was none, else a millisecond or more."""
    whole = max(round(ms), 1 if ms else 0)
    return f"{whole}ms" if whole % 1000 else f"{whole // 1000}s"


def _change(mapping: dict[str, Any], key: str, change: Callable[[str], str]) -> None:
    if key in mapping:
        mapping[key] = change(str(mapping[key]))
