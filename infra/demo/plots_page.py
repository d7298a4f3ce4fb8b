"""`dvc plots show` as one page that needs no network: each plot drawn to SVG beforehand.

    python -m infra.demo.plots_page --output reports/plots.html

DVC's own page fetches its drawing library when it is opened; this one holds the pictures.
"""

import argparse
import html
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import vl_convert

from infra.demo.training import MODELS, comparison
from movierec.cli import run
from movierec.errors import Unavailable
from movierec.files import write_text

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 680, 280
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]
"""One a model, told apart by colour-blind readers too (Okabe and Ito 2008)."""
GREY = "#6a737d"
"""Of what is measured against, the actual ratings."""
GROUPED = {"user_ratings", "rating"}
"""Columns whose values name groups: evenly spaced, each a place of its own."""
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 48rem;
       padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; font-weight: 600; }
pre { background: #f6f8fa; border-radius: 6px; padding: 1rem; overflow-x: auto; line-height: 1.35; }
svg { max-width: 100%; height: auto; } p { color: #57606a; }
"""


def main(arguments: list[str]) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(
        prog="plots_page", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    parts = [f"<h2>{html.escape(title)}</h2>\n{draw(spec)}" for title, spec in plots()]
    table = html.escape(comparison(ROOT))
    write_text(
        options.output,
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>SVD beside SVD++</title>\n"
        f"<style>{STYLE}</style>\n<h1>SVD beside SVD++, on the validation part</h1>\n"
        f"<pre>{table}</pre>\n" + "\n".join(parts) + "\n<p>The same by <code>dvc plots show"
        "</code> and <code>dvc metrics show</code>.</p>\n</html>\n",
    )
    return 0


def plots() -> list[tuple[str, dict[str, Any]]]:
    """(title, Vega-Lite specification) of each plot that dvc.yaml names."""
    command = [sys.executable, "-m", "dvc", "plots", "show", "--json"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if shown.returncode:
        raise Unavailable(f"dvc plots show failed: {shown.stderr.strip().splitlines()[-1]}")
    data = json.loads(shown.stdout)["data"]
    specs = [spec["content"] for revisions in data.values() for spec in revisions]
    return [(spec["title"]["text"], spec) for spec in specs]


def draw(spec: dict[str, Any]) -> str:
    """A plot as SVG. The title is the page's, and a colour tells a model and not a revision."""
    rows, groups = by_model(spec)
    x, y = spec["encoding"]["x"], spec["encoding"]["y"]
    colours = dict(zip(MODELS.values(), COLOURS, strict=False))
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
    svg: str = vl_convert.vegalite_to_svg(
        {
            "$schema": spec["$schema"],
            "data": {"values": rows},
            "width": WIDTH,
            "height": HEIGHT,
            "mark": mark,
            "encoding": encoding,
            "config": {"axis": {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": 400},
                       "legend": {"labelFontSize": 13}, "view": {"stroke": None}},
        }
    )  # fmt: skip
    return svg


def by_model(spec: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The plot's rows as numbers, each with its `model`; and the models, in their order."""
    encoding = spec["encoding"]
    column = encoding["strokeDash"]["field"]
    x, y = encoding["x"]["field"], encoding["y"]["field"]
    rows = []
    for row in spec["data"]["values"]:
        file, _, field = row[column].partition("::")
        model = "actual" if field == "actual" else MODELS[file.split("/")[0]]
        rows.append({x: float(row[x]), y: float(row[y]), "model": model})
    found = {row["model"] for row in rows}
    return rows, [name for name in [*MODELS.values(), "actual"] if name in found]


if __name__ == "__main__":
    run(main)
