"""A committed dashboard, read for those who have no Grafana: its rows, panels, queries."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movierec.files import read_json

NAME = re.compile(r"\$(\w+)|\$\{(\w+)\}")
RUNBOOK = "Runbook: "


@dataclass(frozen=True)
class Target:
    """A query of a panel."""

    expr: str
    legend: str
    bound: bool
    """Whether it is an end of an interval around the first query's values."""

    def name(self, labels: Mapping[str, str]) -> str:
        """What a series is called."""
        return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), self.legend)


@dataclass(frozen=True)
class Drawn:
    """A panel of a dashboard."""

    title: str
    about: str
    unit: str
    axis: str
    targets: list[Target]
    alerts: list[str]
    limit: float | None
    stacked: bool
    number: bool
    least: float | None
    most: float | None
    empty: str
    width: int
    """Of 24."""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: `rows` are (title, its panels)."""

    title: str
    about: str
    rows: list[tuple[str, list[Drawn]]]


def read_dashboard(path: Path, values: Mapping[str, str]) -> Dashboard:
    """A dashboard with a value in the place of each of its variables: `values`, or what stands
    for all of them. Raises what `read_json` does, and KeyError for a name that is none."""
    document = read_json(path, "python -m infra.grafana.build writes it")
    choices = document["templating"]["list"]
    known = {one["name"]: one.get("allValue", "") for one in choices} | dict(values)
    rows: list[tuple[str, list[Drawn]]] = []
    for panel in document["panels"]:
        if panel["type"] == "row":
            rows.append((panel["title"], []))
        else:
            rows[-1][1].append(_panel(panel, known))
    return Dashboard(document["title"], document["description"], rows)


def _panel(panel: Mapping[str, Any], values: Mapping[str, str]) -> Drawn:
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults.get("custom", {})
    steps = [step["value"] for step in defaults["thresholds"]["steps"]]
    bounds = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
    return Drawn(
        title=panel["title"],
        about=panel["description"],
        unit=defaults["unit"],
        axis=custom.get("axisLabel", ""),
        targets=list(_targets(panel, bounds, values)),
        alerts=[one["title"].removeprefix(RUNBOOK) for one in panel["links"]],
        limit=next((step for step in steps if step is not None), None),
        stacked=custom.get("stacking", {}).get("mode") == "normal",
        number=panel["type"] == "stat",
        least=defaults.get("min"),
        most=defaults.get("max"),
        empty=defaults.get("noValue", ""),
        width=panel["gridPos"]["w"],
    )


def _targets(
    panel: Mapping[str, Any], bounds: set[str], values: Mapping[str, str]
) -> Iterator[Target]:
    for target in panel["targets"]:
        expr = NAME.sub(lambda match: values[match[1] or match[2]], target["expr"])
        yield Target(expr, target["legendFormat"], target["refId"] in bounds)
