"""The plots that dvc.yaml names, each drawn to SVG: a page that holds them needs no network."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.paper.chart import COLOURS, GREY, svg
from movierec.errors import Unavailable
from movierec.models.kinds import KINDS

WIDTH, HEIGHT = 680, 280
TITLES = {name: kind.title for name, kind in KINDS.items()}
GROUPED = {"user_ratings", "rating"}
"""Columns whose values name groups: evenly spaced, each a place of its own."""


def plots(root: Path) -> list[tuple[str, dict[str, Any]]]:
    """(title, Vega-Lite specification) of each plot that the dvc.yaml of a project names.

    Raises Unavailable when DVC cannot say, or leaves out what it could not read.
    """
    command = [sys.executable, "-m", "dvc", "plots", "show", "--json"]
    shown = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if shown.returncode:
        raise Unavailable(f"dvc plots show failed: {shown.stderr.strip().splitlines()[-1]}")
    document = json.loads(shown.stdout)
    if errors := document.get("errors"):
        raise Unavailable(f"dvc plots show: {errors[0]['msg']}; run `dvc repro`, or `dvc pull`")
    specs = [spec["content"] for revisions in document["data"].values() for spec in revisions]
    return [(spec["title"]["text"], spec) for spec in specs]


def draw(spec: dict[str, Any]) -> str:
    """A plot as SVG. The title is the page's, and a colour tells a model and not a revision."""
    rows, groups = by_model(spec)
    x, y = spec["encoding"]["x"], spec["encoding"]["y"]
    colours = dict(zip(TITLES.values(), COLOURS, strict=False))
    scale = {"domain": groups, "range": [colours.get(group, GREY) for group in groups]}
    colour = {"field": "model", "type": "nominal", "title": None, "scale": scale}
    encoding: dict[str, Any] = {
        "x": {**x, "axis": {"grid": False}},
        "y": {**y, "axis": {"tickCount": 6}},
        "color": {**colour, "legend": {"orient": "top"}},
    }
    mark: dict[str, Any] = {"type": "line", "strokeWidth": 2}
    if x["field"] in GROUPED:
        encoding["x"] |= {"type": "ordinal", "axis": {"labelAngle": 0}}
        mark = {"type": "line", "strokeWidth": 2, "point": {"size": 50}}
    if x["field"] == "rating":
        encoding["xOffset"] = {"field": "model", "sort": groups}
        encoding["y"]["scale"] = {"zero": True}
        mark = {"type": "bar"}
    return svg(
        {
            "data": {"values": rows},
            "width": WIDTH,
            "height": HEIGHT,
            "mark": mark,
            "encoding": encoding,
        }
    )


def by_model(spec: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The plot's rows as numbers, each with its `model`; and the models, in their order."""
    encoding = spec["encoding"]
    column = encoding["strokeDash"]["field"]
    x, y = encoding["x"]["field"], encoding["y"]["field"]
    rows = []
    for row in spec["data"]["values"]:
        file, _, field = row[column].partition("::")
        model = "actual" if field == "actual" else TITLES[file.split("/")[0]]
        rows.append({x: float(row[x]), y: float(row[y]), "model": model})
    found = {row["model"] for row in rows}
    return rows, [name for name in [*TITLES.values(), "actual"] if name in found]
